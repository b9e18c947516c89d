/** How much one person may have at the same time: every way in counts, at once and in two processes, and the refusal says what to do. */
import { afterEach, expect, test } from 'vitest';
import { storyOf, until } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import { seen, startWorld } from '../support/world.ts';
import type { World, WorldOptions } from '../support/world.ts';

const ROLES = `
      look: { title: Look, scope: { member_of: [GROUP_READ] }, max: 4h, default: 30m }
      read: { title: Read only, scope: { member_of: [GROUP_READ] }, max: 4h, default: 30m }
      write: { title: Read-write, scope: { member_of: [GROUP_WRITE] }, max: 1h, default: 15m }`;
const RULES = `
rules:
  - name: Looking is free
    match: { roles: ["*/look"] }
    approve: true
  - name: One owner
    approvals: [{ from: owners }]
break_glass: { who: [rescue], roles: ["*/*"], max: 1h, tell: [dba], review_within: 1d, reviewers: [security] }
admins: [security]
`;
const GROUPS = `  rescue: { people: [ada@acme.test] }
`;

// Two apps, and on a busy machine a hundred commands take a while.

let world: World;
let story: Story;
const begin = async (options: WorldOptions = {}): Promise<void> => {
  world = await startWorld({ roles: ROLES, rules: RULES, groups: GROUPS, ...options });
  story = storyOf(world);
  await Promise.all([world.start(), world.start()]);
};
afterEach(() => world.stop());

const say = (who: string, line: string): Promise<unknown> =>
  world.slack.as(who).command('/prod-access', line, 'general');
const many = (count: number, work: (index: number) => Promise<unknown>): Promise<unknown> =>
  Promise.all(Array.from({ length: count }, (_, index) => work(index)));
const countOf = async (query: string): Promise<number> =>
  (await world.sql<{ n: number }>(`select count(*)::int as n from ${query}`))[0]?.n ?? -1;
const open = (): Promise<number> => countOf(`requests where state = 'pending'`);
const live = (): Promise<number> => countOf(`grants where state in ('activating', 'active', 'ending')`);
const told = (who: string): string[] =>
  [...world.slack.as(who).messages('general'), ...world.slack.as(who).dmsWithApp()]
    .filter(({ ephemeralFor }) => ephemeralFor !== undefined)
    .map(seen);
const toldTimes = (who: string, text: string, times: number): Promise<boolean> =>
  world.slack.waitFor(() => told(who).filter((message) => message.includes(text)).length >= times, {
    what: `${times} times "${text}"`,
    timeoutMs: 60_000,
  });
const idsOf = async (query: string): Promise<string[]> =>
  (await world.sql<{ id: string }>(`select id from ${query}`)).map(({ id }) => id);

test('a hundred requests at once and in two processes: five wait, the others say what waits, and another person is heard', async () => {
  await begin();
  await many(100, (index) => say('ada', `orders-db read 30m look at order ${index}`));
  await toldTimes('ada', '5 open requests', 95);
  expect(await open()).toBe(5);
  const refusal = told('ada').find((text) => text.includes('5 open requests')) ?? '';
  for (const id of await idsOf('requests')) expect(refusal).toContain(id);
  expect(refusal).toContain('/prod-access cancel');
  await say('rita', 'orders-db read 30m a real one');
  await story.inChannel('a real one');
  expect(world.slack.as('olga').messages('prod-access')).toHaveLength(6);
  // Each of the first fifty refusals, and the 64th, which says how many there were.
  const refused = await world.sql<{ count: string | null }>(
    `select data::jsonb ->> 'refusalsThisHour' as count from audit_events where type = 'request.refused' order by id`,
  );
  expect(refused.map(({ count }) => count)).toEqual([...Array.from({ length: 50 }, () => null), '64']);
  const [first] = await idsOf('requests');
  await say('ada', `cancel ${first}`);
  await until(async () => (await open()) === 5, 'the cancelled request');
  await say('ada', 'orders-db write 15m now there is room');
  await story.inChannel('now there is room');
});

test('twenty-five at once that a rule approves: three live, and one that is given back makes room', async () => {
  await begin();
  await many(25, (index) => say('ada', `orders-db look 30m look at order ${index}`));
  await toldTimes('ada', '3 live grants', 22);
  await until(async () => (await world.logins()).length === 3, 'three logins');
  expect(await live()).toBe(3);
  const refusal = told('ada').find((text) => text.includes('3 live grants')) ?? '';
  const ids = await idsOf('grants');
  for (const id of ids) expect(refusal).toContain(id);
  expect(refusal).toContain('/prod-access done');
  expect(refusal).toContain('/prod-access extend');
  await say('ada', `done ${ids[0]}`);
  await until(async () => (await live()) === 2, 'the end');
  await say('ada', 'orders-db look 30m now there is room');
  await until(async () => (await world.logins()).length === 3, 'the fourth');
});

test('access that is being ended counts until it has ended', async () => {
  await begin();
  await many(3, (index) => say('ada', `orders-db look 30m look at order ${index}`));
  await until(async () => (await world.logins()).length === 3, 'three logins');
  const [id = '-'] = await idsOf(`grants where state = 'active' order by id`);
  // As by a process that died over a target that does not answer.
  await world.sql(
    `update grants set state = 'ending', end_cause = 'done', ending_at = now(), lease_until = now() + interval '1 hour', next_attempt_at = null where id = $1`,
    [id],
  );
  await say('ada', 'orders-db look 30m one more');
  await toldTimes('ada', '3 live grants', 1);
  await world.sql('update grants set lease_until = null, next_attempt_at = now() where id = $1', [id]);
  await until(async () => (await live()) === 2, 'the end');
  await say('ada', 'orders-db look 30m now there is room');
  await until(async () => (await live()) === 3, 'the fourth');
});

test('what waits is counted again when it is approved: the approver reads why not, and the vote can be cast again', async () => {
  await begin();
  const messages = [];
  for (const n of [1, 2, 3, 4]) messages.push(await story.ask('ada', `orders-db read 30m look at order ${n}`));
  await Promise.all(messages.map((message) => world.slack.as('olga').click(message, 'approve')));
  await story.privately('olga', 'has 3 live grants', 'prod-access');
  await until(async () => (await live()) === 3, 'three grants');
  expect(await open()).toBe(1);
  expect(await countOf('votes v join requests r on r.id = v.request_id where r.state = $$pending$$')).toBe(0);
  await say('ada', `done ${(await idsOf('grants'))[0]}`);
  await until(async () => (await live()) === 2, 'the end');
  const [waiting] = await idsOf(`requests where state = 'pending'`);
  const message = await story.inChannel(waiting ?? '-');
  await world.slack.as('olga').click(message, 'approve');
  await until(async () => (await live()) === 3, 'the fourth');
});

test('two accounts of one human count together, whatever the tag', async () => {
  await begin();
  world.slack.changePerson('ines', { email: 'Ada+ops@ACME.test' });
  for (const n of [1, 2]) await say('ada', `orders-db look 30m look at order ${n}`);
  await say('ines', 'orders-db look 30m look at order 3');
  await until(async () => (await live()) === 3, 'three grants');
  await many(4, (index) => say(index % 2 ? 'ada' : 'ines', 'orders-db look 30m look at order 4'));
  await toldTimes('ada', '3 live grants', 2);
  await toldTimes('ines', '3 live grants', 2);
  expect(await live()).toBe(3);
});

test('a start that lies ahead and a pre-approval count; more time does not, and neither holds up break-glass', async () => {
  await begin();
  await say('olga', 'allow <@U0ADA|ada> orders-db read for 2d');
  await until(async () => (await countOf('pre_approvals')) === 1, 'the pre-approval');
  await say('ada', 'orders-db look 30m look at order 1');
  await say('ada', 'orders-db look 30m from 2h look at order 2');
  await say('ada', 'orders-db read 30m look at order 3');
  await until(async () => (await live()) === 3, 'three grants');
  for (const line of ['look 30m from 3h later', 'read 30m allowed once more']) await say('ada', `orders-db ${line}`);
  await toldTimes('ada', 'one person may have 3', 2);
  // What waits for people may wait: live grants count when they approve.
  await say('ada', 'orders-db write 15m waits for an end');
  await story.privately('ada', 'An approver can approve this after one of them has ended');
  await story.inChannel('waits for an end');
  const [id] = await idsOf(`grants where state = 'active'`);
  await say('ada', `extend ${id} 30m`);
  await until(async () => (await countOf('requests where extends_grant_id is not null')) === 1, 'more time');
  for (const n of [1, 2, 3]) await takeByBreakGlass(n);
  await until(async () => (await live()) === 6, 'break-glass');
  expect(JSON.stringify(await takeByBreakGlass(4))).toContain('3 live grants by break-glass');
  expect(await live()).toBe(6);
  expect(await story.events()).toContain('break_glass.refused');
});

const takeByBreakGlass = async (n: number): Promise<unknown> => {
  const person = world.slack.as('ada');
  await person.command(
    '/prod-access',
    `break-glass orders-db write checkout is down, the job holds lock ${n}`,
    'general',
  );
  await world.slack.waitFor(() => person.modals().some((view) => JSON.stringify(view).includes('Take access now')), {
    what: 'the view that asks once more',
  });
  const answer = await person.submit();
  await person.close();
  return answer;
};

test('the policy sets them, a rule raises them for what it decides, and a repeat is no second request', async () => {
  const rules = RULES.replace('approve: true', 'approve: true\n    limits: { live_grants: 2 }').replace(
    'approvals: [{ from: owners }]',
    'approvals: [{ from: owners }]\n    limits: { open_requests: 2 }',
  );
  await begin({ rules: `${rules}limits: { open_requests: 1, live_grants: 1 }\n` });
  await many(5, () => say('ada', 'orders-db look 30m look at the orders'));
  await toldTimes('ada', '2 live grants', 3);
  await say('rita', 'orders-db read 30m first of mine');
  await story.inChannel('first of mine');
  const [first] = await idsOf(`requests where state = 'pending'`);
  await say('rita', 'orders-db read 20m second of mine');
  // A second one for the same role says that there is one.
  await story.privately('rita', `You requested this already: \`${first}\``);
  await say('rita', 'orders-db write 15m third of mine');
  await toldTimes('rita', '2 open requests', 1);
  expect(await open()).toBe(2);
});
