/** Evidence for a person in Slack, through the real app: auditors and admins get the file, and others a refusal that is recorded. */
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openSigners } from '../../../src/lib/transparency/signers.ts';
import { ED25519, vkeyOf } from '../../../src/lib/transparency/note.ts';
import { runCli } from '../../support/process.ts';
import { storyOf, until } from '../../support/story.ts';
import type { Story } from '../../support/story.ts';
import { startWorld } from '../../support/world.ts';
import type { World } from '../../support/world.ts';
import { verifyFiles } from './bundle-rig.ts';
import { ORIGIN, newKey } from './rig.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 120_000 });

const ROLES = `
      read: { title: Read only, scope: { member_of: [GROUP_READ] }, max: 4h, default: 30m }`;
const RULES = `
rules:
  - { name: Reads at once, approve: true }
admins: [security]
auditors: [ines@acme.test]
audit: { origin: ${ORIGIN} }
reviews:
  - { name: who administers, every: year, what: admins, by: admins }
`;

let world: World;
let story: Story;
let vkey: string;
let grant: string;

const ask = (who: string, line: string): Promise<unknown> =>
  world.slack.as(who).command('/prod-access', `evidence ${line}`, 'general');
const filesOf = (who: string): string[] =>
  world.slack
    .as(who)
    .dmsWithApp()
    .flatMap(({ files }) => (files ?? []).map(({ name }) => String(name)));
const refusals = () =>
  world.sql<{ who: string }>(`select actor::jsonb->>'name' as who from audit_events where type = 'evidence.refused'`);

beforeAll(async () => {
  world = await startWorld({ roles: ROLES, rules: RULES });
  const key = newKey();
  const [signer] = await openSigners(key, ORIGIN);
  if (!signer) throw new Error('no key');
  vkey = vkeyOf({ name: ORIGIN, type: ED25519, raw: signer.raw });
  world.env['LATCHKEY_AUDIT_KEY'] = key;
  story = storyOf(world);
  await world.start();
  await world.slack.as('ada').command('/prod-access', 'orders-db read 30m look at the orders', 'general');
  await story.credentials('ada');
  const [row] = await world.sql<{ id: string }>('select id from grants');
  grant = row?.id ?? '';
});
afterAll(() => world.stop());

test('what is not over has no evidence yet, and an auditor reads why', async () => {
  await ask('ines', grant);
  await story.privately('ines', 'No evidence was made.');
  await story.privately('ines', 'evidence is made once its access was removed');
  expect(filesOf('ines')).toEqual([]);
  await ask('ines', 'zzzzzz');
  await story.privately('ines', 'zzzzzz');
  await ask('ines', '');
  await story.privately('ines', 'Evidence of which grant?');
});

test('auditors and admins get a bundle that holds, in a direct message; it is an event in their name', async () => {
  await world.slack.as('ada').command('/prod-access', `done ${grant}`, 'general');
  await until(
    async () => (await world.sql(`select 1 from grants where state = 'removed'`)).length,
    'the end of the access',
    30_000,
  );
  await ask('ines', grant);
  await story.privately('ines', 'is in your direct messages');
  expect(filesOf('ines')).toEqual([`evidence-${grant}.zip`]);
  const [file] = [...world.slack.state.files.values()];
  expect(await verifyFiles(unzipSync(file?.bytes ?? Buffer.alloc(0)), '--key', vkey)).toMatchObject({ code: 0 });
  await ask('sam', `${grant} redact`);
  await story.privately('sam', 'is in your direct messages');
  const redacted = [...world.slack.state.files.values()].at(-1);
  expect(await verifyFiles(unzipSync(redacted?.bytes ?? Buffer.alloc(0)), '--key', vkey)).toMatchObject({
    code: 0,
    out: expect.stringContaining('the bundle is redacted'),
  });
  const made = await world.sql<{ data: { isRedacted: boolean }; kind: string }>(
    `select data::jsonb as data, actor::jsonb->>'kind' as kind from audit_events where type = 'evidence.made' and grant_id = $1 order by id`,
    [grant],
  );
  expect(made.map(({ data, kind }) => [data.isRedacted, kind])).toEqual([
    [false, 'person'],
    [true, 'person'],
  ]);
});

test('nobody else gets one, not even of their own access or as an owner of the target', async () => {
  const before = world.slack.state.files.size;
  for (const who of ['ada', 'olga']) {
    await ask(who, grant);
    await story.privately(who, 'Only auditors and admins of Latchkey');
    expect(filesOf(who)).toEqual([]);
  }
  expect(world.slack.state.files.size).toBe(before);
  expect(await refusals()).toHaveLength(2);
});

test('a report comes to auditors as six files, and to nobody else', async () => {
  const before = world.slack.state.files.size;
  await world.slack.as('ines').command('/prod-access', 'report 2026-Q9', 'general');
  await story.privately('ines', 'is not a period');
  await world.slack.as('ines').command('/prod-access', `report ${new Date().getUTCFullYear()}`, 'general');
  await story.privately('ines', 'The report of');
  expect(world.slack.state.files.size).toBe(before + 6);
  expect(filesOf('ines').slice(-6)).toContain('register.csv');
  const [made] = await world.sql<{ who: string }>(
    `select actor::jsonb->>'name' as who from audit_events where type = 'report.made'`,
  );
  expect(made?.who).toMatch(/ines/i);
  await world.slack.as('ada').command('/prod-access', 'report 2026', 'general');
  const refused = async () => world.sql(`select 1 from audit_events where type = 'report.refused'`);
  await until(async () => (await refused()).length, 'the refusal');
  expect(await refused()).toHaveLength(1);
});

test('a review reaches its reviewer with buttons, without the line about themselves, and a click keeps a line', async () => {
  expect(await runCli(['review', 'start', 'nothing'], world.env)).toMatchObject({ code: 2, out: '' });
  const started = await runCli(['review', 'start', 'who administers'], world.env);
  expect(started).toMatchObject({ code: 0, err: '', out: expect.stringContaining('with 2 lines') });
  const message = await story.dm('sam', 'Review: who administers');
  expect(JSON.stringify(message)).toContain('waits for you: 1 line');
  await world.slack.as('sam').click(message, 'review_line_keep');
  await story.privately('sam', 'Kept:');
  await world.slack.as('sam').click(message, 'review_line_keep');
  await story.privately('sam', 'was already decided');
  const { out } = await runCli(['review', 'status'], world.env);
  expect(out).toContain('2 lines: 1 keep, 0 change, 1 undecided');
});
