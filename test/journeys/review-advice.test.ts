/** What history suggests, as files for admins in Slack: beside a campaign, and by command. Nothing is applied. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLog } from '../../src/lib/log.ts';
import { createPool, createStore } from '../../src/store/client.ts';
import { newKey } from '../application/evidence/rig.ts';
import { insertGrant, somePerson, someRequest } from '../store/fixtures.ts';
import { runCli } from '../support/process.ts';
import { testServices } from '../support/services.ts';
import { until } from '../support/story.ts';
import { seen, startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const RULES = `
rules: [{ name: One owner, approvals: [{ from: owners }] }]
admins: [security]
audit: { origin: latchkey.acme.test/prod }
reviews:
  - { name: reach, every: quarter, what: roles, by: owners }
  - { name: deciders, every: quarter, what: approvers, by: admins }
`;

let world: World;
let folder: string;

/** Each was over within ten minutes. */
const giveMany = async (count: number): Promise<void> => {
  const log = createLog('silent');
  const pool = createPool({ url: world.database.url, log, max: 2 });
  const store = createStore({ pool, log, onWork: () => undefined });
  const ada = somePerson('Ada');
  for (let made = 0; made < count; made += 1)
    await store.transaction(async (tx) => {
      await tx.principals.upsert(ada);
      const { request } = await tx.requests.insert(someRequest(ada, { role: 'read', durationMs: 3_600_000 }));
      const grantId = await insertGrant(tx, request);
      await tx.grants.claim(grantId, 1000, request.durationMs);
      await tx.grants.setActive(grantId, { login: 'x' });
      await tx.grants.setEnding(grantId, { cause: 'done', by: null, reason: null });
      await tx.grants.setClosedMany([grantId], null);
      await tx.grants.setRemovedMany([grantId], 'removed');
    });
  await pool.query(
    `update grants set activated_at = closed_at - interval '10 minutes', first_used_at = closed_at where activated_at is not null`,
  );
  await store.close();
};

beforeEach(async () => {
  folder = mkdtempSync(path.join(testServices().runDir, 'advice-'));
  world = await startWorld({ rules: RULES });
  await giveMany(24);
  await world.start();
});
afterEach(async () => {
  await world.stop();
  rmSync(folder, { recursive: true });
});

const filesNamed = (name: RegExp): string[] =>
  [...world.slack.state.files.values()].filter((file) => name.test(file.name)).map(({ bytes }) => bytes.toString());
const adviceIn = (who: 'sam' | 'olga') =>
  world.slack
    .as(who)
    .dmsWithApp()
    .filter((message) => seen(message).includes('Advice for the review'));
const startReview = (name: string) => runCli(['review', 'start', name], { ...world.env, LATCHKEY_AUDIT_KEY: newKey() });

test('with a campaign about roles, admins get it once, with files in its thread that make a policy by patch', async () => {
  const before = readFileSync(world.policyPath, 'utf8');
  expect(await startReview('reach')).toMatchObject({ code: 0 });
  const isThere = (name: RegExp): boolean => (filesNamed(name)[0] ?? '') !== '';
  const hasBoth = (): boolean => isThere(/\.diff$/) && isThere(/^advice-.*\.txt$/);
  await world.slack.waitFor(hasBoth, { what: 'the files', timeoutMs: 60_000 });
  const [message] = adviceIn('sam');
  expect(seen(message ?? { text: '' })).toContain(
    'orders-db/read*: max: 15m would do: 95 % of 24 grants were over within 10m.',
  );
  expect(seen(message ?? { text: '' })).toContain('Too little use to advise on 1 role');
  const [text = ''] = filesNamed(/^advice-.*\.txt$/);
  // A cap under its default is refused, so the default goes with it.
  expect(text).toMatch(/^\+ {6}read: \{ title: Read only, .*max: 15m, default: 15m \}$/m);
  expect(text).toContain('default: 15m goes with it');
  expect(text).toContain('24 requests replayed, ');
  expect(text.trimEnd().endsWith('Nothing was changed.')).toBe(true);
  const file = path.join(folder, 'latchkey.yml');
  writeFileSync(file, before);
  writeFileSync(path.join(folder, 'advice.diff'), filesNamed(/\.diff$/)[0] ?? '');
  execFileSync('git', ['apply', '-p0', 'advice.diff'], { cwd: folder });
  expect(readFileSync(file, 'utf8')).toContain('max: 15m, default: 15m');
  expect(readFileSync(world.policyPath, 'utf8')).toBe(before);
  // What comes later brings none of it again.
  await world.sql(`update campaigns set next_reminder_at = now() - interval '1 minute'`);
  await until(
    async () => (await world.sql('select 1 from campaigns where reminders = 1')).length,
    'the reminder',
    30_000,
  );
  await world.slack.waitFor(
    () =>
      world.slack
        .as('olga')
        .dmsWithApp()
        .filter((one) => seen(one).includes('Review: reach')).length === 2,
    { what: 'the reminder of the owner' },
  );
  expect([adviceIn('sam').length, filesNamed(/\.diff$/).length, adviceIn('olga').length]).toEqual([1, 1, 0]);
});

test('a campaign about people brings none', async () => {
  expect(await startReview('deciders')).toMatchObject({ code: 0 });
  await world.slack.waitFor(
    () =>
      world.slack
        .as('sam')
        .dmsWithApp()
        .some((one) => seen(one).includes('Review: deciders')),
    {
      what: 'the lines',
    },
  );
  expect([adviceIn('sam').length, world.slack.state.files.size]).toEqual([0, 0]);
});

test('by command admins get it at any time, and others are refused, which is an event', async () => {
  await world.slack.as('sam').command('/prod-access', 'review advice', 'general');
  await world.slack.waitFor(() => filesNamed(/^advice-now\.(txt|diff)$/).length === 2, {
    what: 'the files',
  });
  await world.slack.as('ada').command('/prod-access', 'review advice', 'general');
  await until(
    async () => (await world.sql(`select 1 from audit_events where type = 'advice.refused'`)).length,
    'the refusal',
    30_000,
  );
  expect(filesNamed(/^advice-now/)).toHaveLength(2);
});
