/** A report that makes itself after its period: by real processes, two at a time, killed in between, and to recipients who cannot be reached. */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ED25519, vkeyOf } from '../../src/lib/transparency/note.ts';
import { openSigners } from '../../src/lib/transparency/signers.ts';
import { VERIFIER, runVerifier } from '../application/evidence/bundle-rig.ts';
import { newKey } from '../application/evidence/rig.ts';
import { startProcess } from '../support/process.ts';
import type { AppProcess } from '../support/process.ts';
import { testServices } from '../support/services.ts';
import { until } from '../support/story.ts';
import { seen, startWorld, withClient } from '../support/world.ts';
import type { World } from '../support/world.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 120_000 });

const ORIGIN = 'latchkey.acme.test/prod';
const FILES = ['manifest.json', 'manifest.note', 'register.csv', 'report.json', 'report.pdf', 'report.xlsx'];

/** In the policy since the day before this month began, so that the month before is due, and no other. */
const SINCE = `insert into report_plans (name, every, since)
  select 'month', 'month', date_trunc('month', now() - interval '15 minutes', 'UTC') - interval '1 day'`;

let world: World;
let folder: string;
let env: Record<string, string>;
let vkey: string;
const running: AppProcess[] = [];

const rulesTo = (to: string): string => `
rules: [{ name: Reads at once, approve: true }]
admins: [security]
auditors: [ines@acme.test]
audit:
  origin: ${ORIGIN}
  reports: [{ every: month, to: ${to}, folder: ${folder} }]
`;

const open = async (to: string): Promise<void> => {
  world = await startWorld({ rules: rulesTo(to) });
  await world.sql(SINCE);
  world.slack.as('ines').createChannel('audit', { isPrivate: true });
  world.slack.as('ines').invite('audit', 'bot');
  const key = newKey();
  const [signer] = await openSigners(key, ORIGIN);
  vkey = vkeyOf({ name: ORIGIN, type: ED25519, raw: signer?.raw ?? Buffer.alloc(0) });
  env = { ...world.env, LATCHKEY_AUDIT_KEY: key };
};

beforeEach(() => {
  folder = mkdtempSync(path.join(testServices().runDir, 'reports-'));
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((app) => app.kill()));
  await world.stop();
  rmSync(folder, { recursive: true, force: true });
});

const start = async (): Promise<AppProcess> => {
  const app = await startProcess(env);
  running.push(app);
  return app;
};
const stateIs = (state: string): Promise<unknown> =>
  until(
    async () => (await world.sql(`select 1 from report_runs where state = $1`, [state])).length,
    `a report ${state}`,
    90_000,
  );
const countOf = async (type: string): Promise<number> =>
  (await world.sql('select 1 from audit_events where type = $1', [type])).length;
const reportsIn = (messages: { text: string }[]): number =>
  messages.filter(({ text }) => text.startsWith('Access report')).length;
const period = async (): Promise<string> => {
  const [run] = await world.sql<{ period: string }>('select period from report_runs');
  return run?.period ?? '';
};
const sentFiles = (): Map<string, Buffer[]> => {
  const sent = new Map<string, Buffer[]>();
  for (const { name, bytes, isComplete } of world.slack.state.files.values())
    if (isComplete) sent.set(name, [...(sent.get(name) ?? []), bytes]);
  return sent;
};
/** As if the pause before the next try were over. */
const hurry = (): Promise<unknown> =>
  world.sql(`update outbox set available_at = now() - interval '1 minute' where kind = 'report'`);

const made = async (): Promise<{ manifest: string }> => {
  const [row] = await world.sql<{ data: string }>(`select data from audit_events where type = 'report.made'`);
  return JSON.parse(row?.data ?? '{}') as { manifest: string };
};

test('two processes make one report, bring it to people, a private channel and a folder, and verify.py holds it', async () => {
  await open('[auditors, "#audit"]');
  await Promise.all([start(), start()]);
  await stateIs('over');
  expect([await countOf('report.due'), await countOf('report.made'), await countOf('report.delivered')]).toEqual([
    1, 1, 3,
  ]);
  const target = path.join(folder, `${await period()}-month`);
  expect(readdirSync(folder)).toEqual([path.basename(target)]);
  expect(readdirSync(target).toSorted()).toEqual(FILES);
  expect(await runVerifier([VERIFIER, target, '--key', vkey])).toMatchObject({ code: 0 });
  const sent = sentFiles();
  expect([...sent.keys()].toSorted()).toEqual(FILES);
  for (const name of FILES) {
    expect(sent.get(name)).toHaveLength(2);
    for (const bytes of sent.get(name) ?? []) expect(bytes.equals(readFileSync(path.join(target, name)))).toBe(true);
  }
  expect(reportsIn(world.slack.as('ines').dmsWithApp())).toBe(1);
  expect(reportsIn(world.slack.as('ines').messages('audit'))).toBe(1);
  expect(await world.sql('select 1 from report_files')).toEqual([]);
  const [{ manifest }] = [await made()];
  expect(
    createHash('sha256')
      .update(readFileSync(path.join(target, 'manifest.json')))
      .digest('hex'),
  ).toBe(manifest);
  const deliveries = await world.sql<{ data: string }>(
    `select data from audit_events where type = 'report.delivered' order by id`,
  );
  expect(deliveries.map(({ data }) => (JSON.parse(data) as { way: string }).way).toSorted()).toEqual([
    'channel',
    'folder',
    'person',
  ]);
});

test('killed when it is made and not delivered: another process delivers the same files, each once', async () => {
  await open('auditors');
  world.slack.faults.fail('files.completeUploadExternal', 'internal_error', 10_000);
  const first = await start();
  await stateIs('made');
  // Between Slack's answer and the record of it, a kill may cost a second message.
  await until(
    async () => (await world.sql(`select 1 from messages where subject_kind = 'report' and ts is not null`)).length,
    'the message',
  );
  expect(reportsIn(world.slack.as('ines').dmsWithApp())).toBe(1);
  await first.kill();
  world.slack.faults.clear();
  await hurry();
  await start();
  await stateIs('over');
  expect([await countOf('report.made'), await countOf('report.delivered')]).toEqual([1, 2]);
  expect(reportsIn(world.slack.as('ines').dmsWithApp())).toBe(1);
  const [manifest, ...more] = sentFiles().get('manifest.json') ?? [];
  expect(more).toEqual([]);
  expect(
    createHash('sha256')
      .update(manifest ?? '')
      .digest('hex'),
  ).toBe((await made()).manifest);
});

test('killed while it is made: nothing is said to be made, and another process makes it', async () => {
  await open('auditors');
  await withClient(world.database.url, async (holder) => {
    await holder.query('begin');
    await holder.query('lock table report_files in share mode');
    const first = await start();
    // All of its files are there, and the transaction that keeps them waits.
    await until(
      async () =>
        (
          await world.sql(
            `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%report_files%'`,
          )
        ).length,
      'the report',
      60_000,
    );
    await first.kill();
    await holder.query('rollback');
  });
  expect(await countOf('report.made')).toBe(0);
  await hurry();
  await start();
  await stateIs('over');
  expect(await countOf('report.made')).toBe(1);
  expect(sentFiles().get('report.pdf')).toHaveLength(1);
});

test('a public channel and a folder that cannot be written hold up no other, admins read why, and both get it when they can', async () => {
  await open('[auditors, "#general"]');
  const blocked = path.join(folder, 'blocked');
  writeFileSync(blocked, '');
  writeFileSync(
    world.policyPath,
    readFileSync(world.policyPath, 'utf8').replace(`folder: ${folder}`, `folder: ${blocked}`),
  );
  await start();
  await stateIs('made');
  const notices = () =>
    world.slack
      .as('sam')
      .dmsWithApp()
      .filter((message) => seen(message).includes('could not be made or delivered'));
  await world.slack.waitFor(() => notices().length === 2, { what: 'both notices', timeoutMs: 60_000 });
  const said = notices().map(seen).join();
  expect(said).toContain(`The folder ${blocked} cannot be used`);
  expect(said).toContain('#general is a public channel');
  rmSync(blocked);
  mkdirSync(blocked);
  chmodSync(blocked, 0o755);
  expect(await countOf('report.delivered')).toBe(1);
  await hurry();
  await until(async () => (await countOf('report.delivered')) >= 2, 'the other deliveries', 90_000);
  expect(existsSync(path.join(blocked, `${await period()}-month`))).toBe(true);
  expect(reportsIn(world.slack.as('ada').messages('general'))).toBe(0);
  writeFileSync(world.policyPath, readFileSync(world.policyPath, 'utf8').replace('"#general"', '"#audit"'));
  await until(
    async () => (await world.sql(`select 1 from audit_events where type = 'policy.loaded'`)).length > 1,
    'the new policy',
    30_000,
  );
  await hurry();
  await stateIs('over');
  await world.slack.waitFor(() => notices().every((message) => seen(message).includes('Since then')), {
    what: 'the notice that it is settled',
    timeoutMs: 60_000,
  });
  expect(reportsIn(world.slack.as('ines').messages('audit'))).toBe(1);
  expect([await countOf('report.made'), await countOf('report.delivered')]).toEqual([1, 3]);
});
