/** Approving as it goes in real life: less than was asked, silence, absence, and a policy that changes meanwhile; two processes throughout. */
import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { App } from '../../src/compose/app.ts';
import { openSession, storyOf, until } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import { seen, startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const RULES = `
rules:
  - name: Writes need an owner and an SRE
    match: { roles: ["*/write"] }
    require: { ticket: "^[A-Z]+-\\\\d+$", reason: 10 }
    approvals: [{ from: owners }, { from: sre, count: 1 }]
    remind: 1s
    escalate: { after: 3s, to: security }
  - name: Everything else needs one owner
    approvals: [{ from: owners }]
pending: 4h
claim: 1h
admins: [security]
`;

let world: World;
let story: Story;
let apps: App[];
beforeAll(async () => {
  world = await startWorld({ rules: RULES });
  story = storyOf(world);
  apps = [await world.start(), await world.start()];
});
afterAll(() => world.stop());

const thread = (ts: string, text: string) =>
  world.slack
    .as('olga')
    .thread('prod-access', ts)
    .filter((one) => one.ts !== ts && seen(one).includes(text));

const eventsOf = async (type: string): Promise<number> => (await story.events()).filter((one) => one === type).length;

test('an approver agrees to less; the login that is made can do no more, and the requester reads what changed', async () => {
  const { slack } = world;
  const message = await story.ask('ada', 'orders-db write 30m repair order 1183 OPS-12');
  await slack.as('olga').click(message, 'approve_changes');
  await slack.waitFor(() => JSON.stringify(slack.as('olga').modal() ?? {}).includes('as requested'));
  await slack.as('olga').select('role', 'read');
  await slack.as('olga').select('duration', '10m');
  await slack.as('olga').submit();
  const told = await story.dm('ada', 'with changes');
  expect(seen(told)).toContain('Read-write for 30m → *Read only for 10m*');
  const { url } = await story.credentials('ada');
  expect(url).toContain('postgresql://');
  const [grant] = await world.sql<{ role: string; duration_ms: string; member: boolean }>(
    'select role, duration_ms from grants order by created_at desc limit 1',
  );
  expect(grant).toMatchObject({ role: 'read', duration_ms: '600000' });
  const groups = await world.targetSql<{ name: string }>(
    `select g.rolname as name from pg_roles r join pg_auth_members m on m.member = r.oid join pg_roles g on g.oid = m.roleid
     where r.rolname = $1`,
    [new URL(url).username],
  );
  expect(groups.map(({ name }) => name)).toEqual([world.target.groups.app_read]);
});

test('silence is reminded of and then heard by others, once each although two processes look', async () => {
  const { slack } = world;
  const message = await story.ask('ada', 'orders-db write 15m repair order 1184 OPS-13');
  await slack.waitFor(() => thread(message.ts, 'still waits').length > 0);
  await story.inChannel('no answer for 3s');
  await slack.waitFor(() => thread(message.ts, 'no answer for').length > 0);
  expect(thread(message.ts, 'no answer for')).toHaveLength(1);
  const [asked] = await world.sql<{ id: string; reminders: number }>(
    'select id, reminders from requests order by created_at desc limit 1',
  );
  expect(
    await world.sql(`select 1 from audit_events where type = 'request.escalated' and request_id = $1`, [asked?.id]),
  ).toHaveLength(1);
  const reminded = await world.sql<{ data: string }>(
    `select data from audit_events where type = 'request.reminded' and request_id = $1 order by id`,
    [asked?.id],
  );
  const numbers = reminded.map(({ data }) => (JSON.parse(data) as { number: number }).number);
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  // Sam owns the database and is of security: one person, one requirement.
  await slack.as('sam').click(message, 'approve');
  await story.privately('sam', 'It needs one more approver', 'prod-access');
  await slack.as('rita').click(message, 'approve');
  await until(async () => (await story.state()).at(-1)?.grant === 'active', 'the grant');
});

test('who is away is represented by right, in words and in the record', async () => {
  const { slack } = world;
  await slack.as('rita').command('/prod-access', 'away until Friday <@U0OSCAR|oscar>', 'general');
  await story.privately('rita', 'You are away until');
  const message = await story.ask('ada', 'orders-db write 15m repair order 1185 OPS-14');
  expect(seen(message)).toContain('<@U0OSCAR> for rita');
  await slack.as('oscar').click(message, 'approve');
  await slack.as('olga').click(message, 'approve');
  await until(async () => (await story.state()).at(-1)?.request === 'approved', 'the approval');
  const votes = await world.sql<{ voter_id: string; in_stead_of: string | null }>(
    `select voter_id, in_stead_of from votes where in_stead_of is not null`,
  );
  expect(votes).toHaveLength(1);
  expect(votes[0]?.voter_id).toContain('U0OSCAR');
  expect(votes[0]?.in_stead_of).toContain('U0RITA');
  await slack.as('rita').command('/prod-access', 'back', 'general');
  await story.privately('rita', 'Welcome back');
});

test('access ends when the Slack account of its holder is closed, and its session is cut', async () => {
  const { slack } = world;
  const message = await story.ask('ines', 'orders-db read 30m look at orders of today');
  await slack.as('olga').click(message, 'approve');
  const { url } = await story.credentials('ines');
  const { isCut } = await openSession(url);
  slack.changePerson('ines', { isDeleted: true });
  await isCut;
  const ended = await until(
    async () =>
      (
        await world.sql(`select end_cause, end_reason from grants where end_reason is not null and state = 'removed'`)
      )[0],
    'the end',
  );
  expect(ended).toEqual({ end_cause: 'revoked', end_reason: 'The Slack account was deactivated.' });
});

test('a new policy is told to the admins once, with what is different; a broken one too, and the old one stays', async () => {
  const { slack } = world;
  const before = await readFile(world.policyPath, 'utf8');
  await writeFile(world.policyPath, before.replace('pending: 4h', 'pending: 3h'));
  const git = (...words: string[]) =>
    execFileSync('git', ['-c', 'user.name=Dana <!channel> Lee', '-c', 'user.email=dana@acme.test', ...words], {
      cwd: path.dirname(world.policyPath),
    });
  git('init', '-q');
  git('add', world.policyPath);
  git('commit', '-qm', 'Wait less & <!here>');
  await Promise.all(apps.map((app) => app.reloadPolicy()));
  const told = await story.dm('sam', 'A new policy is in force');
  expect(seen(told)).toMatch(
    /Changed by Dana !channel Lee &lt;dana@acme.test&gt; in [0-9a-f]+: Wait less &amp; &lt;!here&gt;/,
  );
  expect(seen(told)).toContain('How long requests wait (pending) was changed');
  await writeFile(
    world.policyPath,
    before.replace('approvals: [{ from: owners }]', 'approvals: [{ from: nobody-there }]'),
  );
  await Promise.all(apps.map((app) => app.reloadPolicy()));
  const refused = await story.dm('sam', 'was refused');
  expect(seen(refused)).toContain('nobody-there');
  await until(
    async () => (await world.sql(`select 1 from outbox where kind = 'announce'`)).length === 0,
    'the end of the news',
  );
  const news = slack.as('sam').dmsWithApp().map(seen);
  expect(news.filter((text) => text.includes('A new policy is in force'))).toHaveLength(1);
  expect(news.filter((text) => text.includes('was refused'))).toHaveLength(1);
  expect(slack.as('olga').dmsWithApp().map(seen).join()).not.toContain('policy');
  expect(await eventsOf('policy.loaded')).toBe(2);
});
