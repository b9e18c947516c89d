/** What stops people from getting in is said after "ready", and admins are notified: at a start, and when a policy is adopted. */
import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startProcess } from '../support/process.ts';
import type { AppProcess } from '../support/process.ts';
import { until } from '../support/story.ts';
import { seen, startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const stamp = `${process.pid}_${Date.now()}`;
const lost = `lost_${stamp}`;
const plain = `plain_${stamp}`;

let world: World;
const running: AppProcess[] = [];
beforeEach(async () => {
  world = await startWorld();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((app) => app.kill()));
  await world.targetSql(`drop role if exists ${plain}`);
  await world.stop();
});

const start = async (): Promise<AppProcess> => {
  const app = await startProcess(world.env);
  running.push(app);
  return app;
};
const stop = async (app: AppProcess): Promise<void> => {
  running.splice(running.indexOf(app), 1);
  await app.stop();
};
const logged = (app: AppProcess, text: string): Promise<boolean> =>
  until(async () => app.out().includes(text), `"${text}" in the log`, 60_000);
const change = (before: string, after: string): void =>
  writeFileSync(world.policyPath, readFileSync(world.policyPath, 'utf8').replaceAll(before, after));
const toSam = (text: string): string[] =>
  world.slack
    .as('sam')
    .dmsWithApp()
    .map(seen)
    .filter((dm) => dm.includes(text));
const tellsSam = (text: string): Promise<boolean> =>
  world.slack.waitFor(() => toSam(text).length > 0, { what: `"${text}" to sam`, timeoutMs: 60_000 });

const UNFIT = 'Targets cannot grant';

const target = (name: string, url: string, group: string): string => `  ${name}:
    provider: postgres
    config: { url: "${url}" }
    owners: [dba]
    roles: { read: { title: Read, scope: { member_of: [${world.target.groups.app_read}] }, max: 1h, default: 30m }, write: { title: Write, scope: { member_of: [${group}] }, max: 1h, default: 30m } }
`;

/** One target that fits, and three that do not, each in its own way. */
const unfit = async (): Promise<void> => {
  await world.targetSql(`create role ${plain} login password 'plain'`);
  await world.targetSql(`grant pg_signal_backend to ${plain}`);
  const url = new URL(world.target.managerUrl);
  url.username = plain;
  url.password = 'plain';
  const { app_write: write } = world.target.groups;
  change(
    'targets:\n',
    `targets:\n${target('down-db', 'postgres://nobody:x@127.0.0.1:1/none', write)}${target('lost-db', world.target.managerUrl, lost)}${target('plain-db', url.href, write)}`,
  );
};

test('after "ready" the log has a sentence for each target and role that cannot be granted, and admins hear of it once', async () => {
  await unfit();
  const app = await start();
  await logged(app, 'orders-db: no problem found, 2 roles can be granted');
  await logged(app, `lost-db: cannot grant write: The group \\"${lost}\\" does not exist. As a superuser: CREATE ROLE`);
  await logged(app, 'plain-db: cannot grant read, write: ');
  await logged(app, 'CREATEROLE;');
  await logged(app, 'down-db: cannot grant read, write: ');
  const lines = app
    .out()
    .split('\n')
    .filter((line) => line.startsWith('{'));
  const ready = lines.findIndex((line) => line.includes('Latchkey is ready'));
  expect(lines.findIndex((line) => line.includes('cannot grant'))).toBeGreaterThan(ready);
  expect(app.out()).not.toMatch(/"stack"|\n\s+at /);
  await tellsSam(UNFIT);
  expect(toSam(UNFIT)[0]).toContain(`lost-db: cannot grant write`);
  expect(toSam(UNFIT)[0]).toContain('down-db: cannot grant read, write');
  await stop(app);
  // What was told already is no news after a restart; what is new is.
  change(world.target.groups.app_write, `${lost}_too`);
  const again = await start();
  await until(async () => again.out().includes(`${lost}_too`), 'the new misfit', 60_000);
  await world.slack.waitFor(() => toSam(UNFIT).length === 2, { what: 'the second message', timeoutMs: 60_000 });
  expect(toSam(UNFIT).at(-1)).toContain(`${lost}_too`);
  expect(toSam(UNFIT).at(-1)).not.toContain(`lost-db: cannot grant write: The group "${lost}" `);
  await stop(again);
  const third = await start();
  await logged(third, 'plain-db: cannot grant');
  await logged(third, 'down-db: cannot grant');
  await stop(third);
  expect(await world.sql(`select 1 from announcements where kind = 'targets_unfit'`)).toHaveLength(2);
});

test.each(['by itself', 'by SIGHUP'])(
  'a policy adopted %s says in its message which targets it does not fit, and nowhere else',
  async (how) => {
    const app = await start();
    await logged(app, 'orders-db: no problem found');
    change(world.target.groups.app_write, lost);
    if (how === 'by SIGHUP') app.child.kill('SIGHUP');
    await tellsSam('A new policy is in force');
    expect(toSam('A new policy is in force').at(-1)).toContain('orders-db: cannot grant write: The group');
    // It comes and goes: each policy says what it does not fit, and nothing else does.
    change(lost, world.target.groups.app_write);
    await world.slack.waitFor(() => toSam('A new policy is in force').length === 2, { timeoutMs: 60_000 });
    expect(toSam('A new policy is in force').at(-1)).not.toContain('cannot grant');
    await stop(app);
    expect(await world.sql(`select 1 from announcements where kind = 'targets_unfit'`)).toEqual([]);
  },
);
