/** Pre-approved: inside the rules, visible, revocable, and never more than its givers' votes. */
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { App } from '../../src/compose/app.ts';
import { storyOf, until } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import { seen, startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const reason = 'nightly repair of the order index';
let world: World;
let story: Story;
let app: App;

beforeAll(async () => {
  world = await startWorld();
  story = storyOf(world);
  app = await world.start();
});
afterAll(() => world.stop());

const say = (who: string, text: string) => world.slack.as(who).command('/prod-access', text, 'general');
const ADA = '<@U0ADA|ada>';

type Row = { state: string; by: string | null; reason: string | null; votes: number };
const latest = async (): Promise<Row> => {
  const [row] = await world.sql<Row>(
    `select r.state, d.by_person_id as by, d.reason, (select count(*)::int from votes v where v.request_id = r.id) as votes
     from requests r left join decisions d on d.request_id = r.id order by r.created_at desc limit 1`,
  );
  if (!row) throw new Error('there is no request');
  return row;
};

const live = async (): Promise<{ id: string }[]> =>
  world.sql('select id from pre_approvals where revoked_at is null and expires_at > now() order by created_at');

/** Asks, and waits until it is stored and decided or not. */
const ask = async (who: string, line: string): Promise<Row> => {
  const before = (await world.sql('select 1 from requests')).length;
  await say(who, line);
  await until(async () => (await world.sql('select 1 from requests')).length > before, 'the request');
  return latest();
};

test('who is allowed is let in at once, and the decision and the messages say by whom', async () => {
  const { slack } = world;
  await say('olga', `allow ${ADA} orders-db read for 2d`);
  expect(seen(await story.privately('olga', 'it is approved at once'))).toContain('Withdraw');
  await story.dm('ada', 'pre-approved');
  const [preApproval] = await live();
  expect(await ask('ada', `orders-db read 30m ${reason}`)).toMatchObject({
    state: 'approved',
    by: expect.stringContaining('U0OLGA'),
    reason: expect.stringContaining(preApproval?.id ?? 'none'),
    votes: 0,
  });
  expect(seen(await story.dm('ada', 'Active'))).toContain('in advance by');
  await story.credentials('ada');
  await slack.as('ada').close();
  expect(slack.as('olga').messages('prod-access')).toHaveLength(0);
  await say('ada', 'list');
  await story.privately('ada', 'Pre-approvals');
  await say('oscar', 'who orders-db');
  expect(seen(await story.privately('oscar', 'Pre-approvals'))).toContain('U0ADA');
  slack.as('ada').openHome();
  await slack.waitFor(() => JSON.stringify(slack.as('ada').home() ?? null).includes('Pre-approvals'));
  expect(await story.events()).toEqual(expect.arrayContaining(['pre_approval.given']));
  await say('ada', 'done');
});

test('it is for one person and one role, and the rule still wants its reason and its cap', async () => {
  expect((await ask('rita', `orders-db read 30m ${reason}`)).state).toBe('pending');
  const before = (await world.sql('select 1 from requests')).length;
  await say('ada', `orders-db read 5h ${reason}`);
  await story.privately('ada', 'At most 4h');
  expect(await world.sql('select 1 from requests')).toHaveLength(before);
});

test('a denial holds although it was allowed', async () => {
  const text = readFileSync(world.policyPath, 'utf8');
  const freeze = `rules:\n  - name: Freeze\n    match: { roles: ["*/read"] }\n    when: now > timestamp("2020-01-01T00:00:00Z")\n    deny: Not this week.`;
  writeFileSync(world.policyPath, text.replace('rules:', freeze));
  await app.reloadPolicy();
  const before = (await world.sql('select 1 from requests')).length;
  await say('ada', `orders-db read 30m ${reason}`);
  await story.privately('ada', 'Not this week');
  expect(await world.sql('select 1 from requests')).toHaveLength(before);
  await say('olga', `allow ${ADA} orders-db read for 1d`);
  await story.privately('olga', 'Not this week');
  writeFileSync(world.policyPath, text);
  await app.reloadPolicy();
});

test('who gave it and may approve no more gives nothing', async () => {
  const text = readFileSync(world.policyPath, 'utf8');
  writeFileSync(world.policyPath, text.replace('people: [olga@acme.test, sam@acme.test]', 'people: [rita@acme.test]'));
  await app.reloadPolicy();
  expect((await ask('ada', `orders-db read 30m ${reason}`)).state).toBe('pending');
  writeFileSync(world.policyPath, text);
  await app.reloadPolicy();
});

test('taken back, it is asked as ever; strangers take nothing back', async () => {
  const [preApproval] = await live();
  const id = preApproval?.id ?? '';
  await say('oscar', `withdraw ${id}`);
  await story.privately('oscar', 'may withdraw a pre-approval');
  await say('olga', `withdraw ${id}`);
  await story.privately('olga', 'Withdrawn');
  expect(seen(await story.dm('ada', 'was withdrawn'))).not.toContain('counts at once');
  expect((await ask('ada', `orders-db read 30m ${reason}`)).state).toBe('pending');
  // What it was called before.
  await say('olga', `disallow ${id}`);
  await story.privately('olga', 'no such pre-approval');
});

test('expired, it is asked as ever', async () => {
  await say('sam', `allow ${ADA} orders-db read for 1h`);
  await story.privately('sam', 'it is approved at once');
  await world.sql(`update pre_approvals set expires_at = now() - interval '1 second'`);
  expect((await ask('ada', `orders-db read 30m ${reason}`)).state).toBe('pending');
});

test('where two must agree, one pre-approval is half, and the second opens it', async () => {
  await say('olga', `allow ${ADA} orders-db write for 1h`);
  expect(seen(await story.privately('olga', 'not enough alone'))).toContain('sre');
  expect((await ask('ada', `orders-db write 5m ${reason} OPS-1`)).state).toBe('pending');
  await say('rita', `allow ${ADA} orders-db write for 1h`);
  await story.privately('rita', 'it is approved at once');
  expect(await ask('ada', `orders-db write 5m ${reason} OPS-2`)).toMatchObject({
    state: 'approved',
    reason: expect.stringMatching(/olga.* and .*rita/i),
  });
});

test.each([
  ['ada', `allow ${ADA} orders-db read for 1d`, 'cannot pre-approve your own access'],
  ['oscar', `allow ${ADA} orders-db read for 1d`, 'not an approver of this request'],
  ['olga', `allow ${ADA} orders-db read for 90d`, 'at most 30d'],
  ['olga', `allow ${ADA} orders-db read for ever`, 'do not understand'],
  ['olga', 'allow @ada orders-db read for 1d', 'is no person I know'],
  ['olga', 'allow <!channel> orders-db read for 1d', 'is no person I know'],
  ['olga', `allow ${ADA} nothing-db read for 1d`, 'no target of that name'],
  ['olga', `allow ${ADA}`, 'Write it like'],
  ['olga', 'withdraw `<!here>`', 'no such pre-approval'],
])('%s writing "%s" is told what is wrong', async (who, line, answer) => {
  const before = (await world.sql('select 1 from pre_approvals')).length;
  await say(who, line);
  expect(seen(await story.privately(who, answer))).not.toMatch(/<!/);
  expect(await world.sql('select 1 from pre_approvals')).toHaveLength(before);
});
