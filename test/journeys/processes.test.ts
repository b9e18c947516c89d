/** The app as a process: started by hand, killed in the middle, stopped with grace, refused with a sentence. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runCli, startProcess } from '../support/process.ts';
import type { AppProcess } from '../support/process.ts';
import { storyOf, until } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import { startWorld, withClient } from '../support/world.ts';
import type { World } from '../support/world.ts';

const SHORT = `
      read: { title: Read only, scope: { member_of: [GROUP_READ] }, max: 4h, default: 6s }`;
const RULES = `
rules:
  - name: One owner
    approvals: [{ from: owners }]
`;

// Each test starts processes, some of them several: on a busy machine that alone takes a while.

let world: World;
let story: Story;
const running: AppProcess[] = [];
beforeEach(async () => {
  world = await startWorld({ roles: SHORT, rules: RULES });
  story = storyOf(world);
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((app) => app.kill()));
  await world.stop();
});
const start = async (args: string[] = [], env: Record<string, string> = {}): Promise<AppProcess> => {
  const app = await startProcess({ ...world.env, ...env }, args);
  running.push(app);
  return app;
};
const connected = (): Promise<boolean> => world.slack.waitFor(() => world.slack.connectionCount() > 0);

test('killed right after the target was changed and before that was saved: one login exists, and it ends', async () => {
  const app = await start();
  await connected();
  const message = await story.ask('ada', 'orders-db read 6s look at the stuck orders');
  await withClient(world.target.adminUrl, async (gate) => {
    // CREATE ROLE waits for this lock, so that the save can be held up before the login is made.
    await gate.query('begin');
    await gate.query('lock table pg_authid in share mode');
    await world.slack.as('olga').click(message, 'approve');
    await until(
      async () => (await world.sql('select 1 from grants where lease_until is not null')).length,
      'the claim',
    );
    await withClient(world.database.url, async (holder) => {
      await holder.query('begin');
      await holder.query('select 1 from grants for update');
      await gate.query('commit');
      await until(async () => (await world.logins()).length === 1, 'the login');
      expect(await world.sql(`select state, handle from grants`)).toEqual([{ state: 'activating', handle: null }]);
      await app.kill();
      await holder.query('rollback');
    });
  });
  // Time passes: the dead process's hold on the grant runs out.
  await world.sql('update grants set lease_until = now()');
  await start();
  await until(async () => (await world.sql(`select 1 from grants where state = 'active'`)).length, 'the grant');
  expect(await world.logins()).toHaveLength(1);
  await until(async () => (await world.sql(`select 1 from grants where state = 'removed'`)).length, 'the end');
  expect(await world.logins()).toEqual([]);
});

test('web and worker apart, and a stop with a signal that finishes what is in hand', async () => {
  const web = await start(['--only', 'web']);
  const worker = await start(['--only', 'worker']);
  await connected();
  await world.slack.as('olga').click(await story.ask('ada', 'orders-db read 6s look at the stuck orders'), 'approve');
  await story.dm('ada', 'show_credentials');
  expect(await web.stop()).toBe(0);
  await until(async () => (await world.sql(`select 1 from grants where state = 'removed'`)).length, 'the end');
  const health = await fetch(`http://127.0.0.1:${worker.port}/healthz`);
  expect(await health.json()).toEqual({ status: 'ok' });
  const metrics = await (await fetch(`http://127.0.0.1:${worker.metricsPort}/metrics`)).text();
  expect(metrics).toContain('latchkey_grants_active 0');
  expect(await worker.stop()).toBe(0);
  const output = web.out() + worker.out();
  for (const secret of [
    world.slack.botToken,
    world.slack.appToken,
    world.env['LATCHKEY_SECRET_KEY'] ?? '',
    new URL(world.target.managerUrl).password,
  ]) {
    expect(output).not.toContain(secret);
  }
  const verified = await runCli(['audit', 'verify'], world.env);
  expect(verified).toMatchObject({ code: 0, err: '' });
  // Both were stopped in order, so nothing waits.
  expect(verified.out).toMatch(/^The chain of \d+ events is whole\.\nhead /m);
  const exported = await runCli(['audit', 'export', '--format', 'csv'], world.env);
  expect(exported.out.trim().split('\r\n').length).toBe((await world.sql('select 1 from audit_events')).length + 1);
});

test('a wrong token ends the start with a sentence', async () => {
  const ran = await runCli(['serve'], { ...world.env, SLACK_BOT_TOKEN: 'xoxb-wrong' });
  expect(ran.code).toBe(1);
  expect(ran.err).toMatch(/^Slack refuses SLACK_BOT_TOKEN \(invalid_auth\)/);
  expect(ran.err.trim().split('\n')).toHaveLength(1);
  const app = await runCli(['serve'], { ...world.env, SLACK_APP_TOKEN: 'xapp-wrong' });
  expect(app.code).toBe(1);
  expect(app.err).toMatch(/^Slack refuses SLACK_APP_TOKEN/);
});

test('every configuration problem is said at once', async () => {
  const ran = await runCli(['serve'], {
    SLACK_BOT_TOKEN: 'wrong',
    PORT: 'x',
    LATCHKEY_POLICY: '/nowhere/latchkey.yml',
  });
  expect(ran.code).toBe(1);
  for (const name of [
    'SLACK_BOT_TOKEN',
    'SLACK_APP_TOKEN',
    'DATABASE_URL',
    'REDIS_URL',
    'LATCHKEY_SECRET_KEY',
    'PORT',
    '/nowhere/latchkey.yml',
  ]) {
    expect(ran.err).toContain(name);
  }
});

test('serve refuses a database without tables and one that is ahead; migrate brings it up from empty', async () => {
  const empty = new URL(world.database.url);
  empty.pathname = `${empty.pathname}_empty`;
  const name = empty.pathname.slice(1);
  await withClient(world.database.adminUrl, (admin) => admin.query(`create database ${name}`));
  const env = { ...world.env, DATABASE_URL: empty.href };
  try {
    const refused = await runCli(['serve'], env);
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.err).toContain('latchkey migrate');
    const migrated = await runCli(['migrate', '--json'], env);
    expect(migrated.code).toBe(0);
    expect(JSON.parse(migrated.out)).toMatchObject({ state: 'current' });
    await withClient(empty.href, (client) =>
      client.query(`insert into schema_migrations (hash, created_at) values ('later', 9999999999999)`),
    );
    const ahead = await runCli(['serve'], env);
    expect(ahead).toMatchObject({ code: 1 });
    expect(ahead.err).toContain('newer');
  } finally {
    await withClient(world.database.adminUrl, (admin) => admin.query(`drop database ${name} with (force)`));
  }
});

test('used wrongly, the command says how it is used and answers 2', async () => {
  expect(await runCli(['frobnicate'], {})).toMatchObject({ code: 2 });
  expect(await runCli(['serve', '--only', 'nothing'], {})).toMatchObject({ code: 2 });
  const help = await runCli(['--help'], {});
  expect(help.code).toBe(0);
  for (const command of ['serve', 'migrate', 'policy', 'audit']) expect(help.out).toContain(command);
});
