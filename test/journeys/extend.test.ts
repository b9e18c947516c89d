/** More time on access that one has: agreed to as the first time was, moved in the target and in the store, and never in only one of them. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { seen, startWorld, withClient } from '../support/world.ts';
import type { World } from '../support/world.ts';
import { openSession, storyOf, until } from '../support/story.ts';
import type { Story } from '../support/story.ts';

const ROLES = `
      read: { title: Read only, scope: { member_of: [GROUP_READ] }, max: 1h, default: 30m }
      write: { title: Read-write, scope: { member_of: [GROUP_WRITE] }, max: 2h, default: 30m, sensitive: true }
      check: { title: Checks, scope: { member_of: [GROUP_READ] }, max: 4h, default: 30m }`;
const RULES = `
rules:
  - name: Reads at once
    match: { roles: ["*/read"] }
    approve: true
  - name: Writes need an owner
    match: { roles: ["*/write"] }
    approvals: [{ from: owners }]
  - name: Short checks at once
    match: { roles: ["*/check"] }
    when: request.duration <= duration("30m")
    approve: true
  - name: Longer checks need an owner
    match: { roles: ["*/check"] }
    approvals: [{ from: owners }]
  - name: No checks of half a day
    match: { roles: ["*/check"] }
    when: request.duration > duration("2h")
    deny: Plan this as a change.
break_glass: { who: [sre], roles: ["*/write"], max: 45m, tell: [security], review_within: 24h, reviewers: [security] }
admins: [security]
`;
const MINUTE_MS = 60_000;

let world: World;
let story: Story;
beforeEach(async () => {
  world = await startWorld({ roles: ROLES, rules: RULES });
  story = storyOf(world);
  await world.start();
});
afterEach(() => world.stop());

type Ends = { id: string; state: string; extensions: number; at: Date };
const grantNow = async (): Promise<Ends> => {
  const [row] = await world.sql<Ends>('select id, state, extensions, expires_at as at from grants order by created_at');
  if (!row) throw new Error('there is no grant');
  return row;
};
/** What the target itself holds to. */
const validUntil = async (): Promise<Date | null> => {
  const [row] = await world.targetSql<{ at: Date }>(
    `select rolvaliduntil as at from pg_roles where rolname = any($1)`,
    [await world.logins()],
  );
  return row?.at ?? null;
};
const moved = (times: number): Promise<Ends> =>
  until(async () => {
    const grant = await grantNow();
    return grant.extensions === times && grant;
  }, `the end moved ${times} times`);
const getWrite = async (line = 'orders-db write 30m repair order 1183 by hand'): Promise<void> => {
  await world.slack.as('olga').click(await story.ask('ada', line), 'approve');
  await story.dm('ada', 'show_credentials');
};
const say = (who: string, line: string): Promise<unknown> =>
  world.slack.as(who).command('/prod-access', line, 'general');

test('a rule that approves by itself extends at once, in the store and in the target, and sessions go on', async () => {
  await say('ada', 'orders-db read 30m look at the stuck orders');
  const { url } = await story.credentials('ada');
  const { client } = await openSession(url);
  const before = await grantNow();
  const message = await story.dm('ada', 'show_credentials');
  expect(seen(message)).toContain('+30 min');
  await world.slack.as('ada').click(message, 'extend');
  const after = await moved(1);
  expect(after.at.getTime() - before.at.getTime()).toBe(30 * MINUTE_MS);
  expect(await validUntil()).toEqual(after.at);
  await story.dm('ada', '*Extended*: until');
  expect((await client.query('select count(*) as n from orders')).rows).toEqual([{ n: '2' }]);
  await client.end();
  // An hour in all is the cap of the role: nothing is left, so nothing is offered.
  await until(async () => !seen(await story.dm('ada', 'show_credentials')).includes('+30 min'), 'the button is gone');
  await say('ada', 'extend 5m');
  await story.privately('ada', 'already has all the time');
  expect(await story.events()).toEqual(
    expect.arrayContaining(['request.approved', 'grant.extending', 'grant.extended']),
  );
  const [decision] = await world.sql(
    `select d.outcome, d.rule from extensions e join decisions d on d.id = e.decision_id`,
  );
  expect(decision).toEqual({ outcome: 'approved', rule: 'Reads at once' });
});

test('more than the cap leaves is refused with what it leaves, and the button offers exactly that', async () => {
  await say('ada', 'orders-db read 48m look at the stuck orders');
  const message = await story.dm('ada', 'show_credentials');
  expect(seen(message)).toContain('+12 min');
  await say('ada', 'extend 20m');
  await story.privately('ada', 'at most 12m more');
  await world.slack.as('ada').click(message, 'extend');
  const { at } = await moved(1);
  expect(await validUntil()).toEqual(at);
});

test('the whole time is judged: a rule for short access does not extend it, and a denial of long access denies it', async () => {
  await say('ada', 'orders-db check 30m count the stuck orders');
  await story.dm('ada', 'show_credentials');
  await say('ada', 'extend 2h');
  await story.privately('ada', 'Plan this as a change.');
  const before = await grantNow();
  await say('ada', 'extend 30m');
  const asked = await story.inChannel('30m more');
  expect(seen(asked)).toContain('Longer checks need an owner');
  expect(await grantNow()).toEqual(before);
  // Taken back, nothing is open, and the button is there again.
  await world.slack.as('ada').click(await story.dm('ada', 'cancel_request'), 'cancel_request');
  await until(async () => seen(await story.dm('ada', 'show_credentials')).includes('+30 min'), 'the button is back');
  expect(await validUntil()).toEqual(before.at);
});

test('a double click extends once', async () => {
  await say('ada', 'orders-db read 10m look at the stuck orders');
  const message = await story.dm('ada', 'show_credentials');
  await Promise.all([world.slack.as('ada').click(message, 'extend'), world.slack.as('ada').click(message, 'extend')]);
  await moved(1);
  await story
    .privately('ada', 'already waiting for approval')
    .catch(() => story.privately('ada', 'It was extended already'));
  expect((await grantNow()).extensions).toBe(1);
  expect(await world.sql('select 1 from extensions')).toHaveLength(1);
});

test('where people decide they are asked again, and the end moves when they agree', async () => {
  await getWrite();
  const before = await grantNow();
  await say('ada', 'extend 45m the repair takes longer');
  const asked = await story.inChannel('45m more');
  expect(seen(asked)).toContain('1h15m in total');
  expect(seen(asked)).not.toContain('Approve with changes');
  expect(seen(await story.dm('ada', 'You requested *45m more*'))).toContain('show_credentials');
  expect((await grantNow()).at).toEqual(before.at);
  await say('ada', 'extend 10m');
  await story.privately('ada', 'by 45m is already waiting for approval');
  await world.slack.as('olga').click(asked, 'approve');
  const after = await moved(1);
  expect(after.at.getTime() - before.at.getTime()).toBe(45 * MINUTE_MS);
  expect(await validUntil()).toEqual(after.at);
  await story.dm('ada', '*Extended*: until');
  await story.inChannel('*Extended*: until');
  const votes = await world.sql(`select v.kind from votes v join extensions e on e.request_id = v.request_id`);
  expect(votes).toEqual([{ kind: 'approve' }]);
  expect(await world.logins()).toHaveLength(1);
});

test('a denial leaves the old end in force and says so', async () => {
  await getWrite();
  const before = await grantNow();
  await say('ada', 'extend 30m');
  await world.slack.as('olga').click(await story.inChannel('30m more'), 'deny');
  await world.slack.waitFor(() => world.slack.as('olga').modal());
  await world.slack.as('olga').type('reason', 'Enough for today');
  await world.slack.as('olga').submit();
  expect(seen(await story.dm('ada', '*Denied*'))).toContain('The old expiry stays');
  expect(await grantNow()).toEqual(before);
  expect(await validUntil()).toEqual(before.at);
});

test('more time that nobody decided on lapses when the access ends first, and a late yes changes nothing', async () => {
  await getWrite();
  await say('ada', 'extend 30m');
  const asked = await story.inChannel('30m more');
  await say('ada', 'done');
  await story.dm('ada', 'the access ended before an approver decided');
  await world.slack
    .as('olga')
    .click(asked, 'approve')
    .catch(() => undefined);
  await until(async () => (await grantNow()).state === 'removed', 'the end');
  expect(await world.logins()).toEqual([]);
  expect(await world.sql('select 1 from extensions')).toEqual([]);
});

const agreedToMore = async (): Promise<Ends> => {
  await getWrite();
  const before = await grantNow();
  await say('ada', 'extend 30m');
  return before;
};

test('a target that cannot be reached leaves the old end in force; when it is back the end moves', async () => {
  const before = await agreedToMore();
  const manager = new URL(world.target.managerUrl).username;
  await world.targetSql(`alter role ${manager} connection limit 0`);
  await world.targetSql('select pg_terminate_backend(pid) from pg_stat_activity where usename = $1', [manager]);
  await world.slack.as('olga').click(await story.inChannel('30m more'), 'approve');
  await until(
    async () => (await world.sql(`select 1 from extensions where attempts > 0 and state = 'moving'`)).length,
    'a failed try',
  );
  expect(await grantNow()).toEqual(before);
  expect(await validUntil()).toEqual(before.at);
  expect(seen(await story.dm('ada', 'not yet confirmed by the target'))).toContain('*Approved.*');
  await world.targetSql(`alter role ${manager} connection limit -1`);
  const after = await moved(1);
  expect(await validUntil()).toEqual(after.at);
  await story.dm('ada', '*Extended*: until');
});

test('a target that refuses leaves the old end in force, and the person is told', async () => {
  const before = await agreedToMore();
  const [login = ''] = await world.logins();
  await world.targetSql(`comment on role ${login} is 'somebody else says that this is theirs'`);
  await world.slack.as('olga').click(await story.inChannel('30m more'), 'approve');
  expect(seen(await story.dm('ada', '*Not extended.*'))).toContain('The old expiry stays');
  expect(await grantNow()).toEqual(before);
  expect(await validUntil()).toEqual(before.at);
  // Another ask is possible: nothing is left open.
  await until(async () => seen(await story.dm('ada', 'show_credentials')).includes('+30 min'), 'the button is back');
});

test('break-glass is extended by break-glass, up to its own cap, under the one review', async () => {
  const rita = world.slack.as('rita');
  await say('rita', 'break-glass orders-db write 15m checkout is down, orders are stuck');
  await world.slack.waitFor(() => rita.modals().find((view) => JSON.stringify(view).includes('Take access now')));
  await rita.submit();
  await rita.close();
  await story.dm('rita', 'show_credentials');
  const before = await grantNow();
  await say('rita', 'extend 1h');
  await story.privately('rita', 'at most 30m more');
  await rita.click(await story.dm('rita', 'show_credentials'), 'extend');
  const after = await moved(1);
  expect(after.at.getTime() - before.at.getTime()).toBe(30 * MINUTE_MS);
  expect(await validUntil()).toEqual(after.at);
  expect(await world.sql('select 1 from reviews')).toHaveLength(1);
  const [decision] = await world.sql(`select rule from decisions d join extensions e on e.decision_id = d.id`);
  expect(decision).toEqual({ rule: 'break-glass' });
});

test('somebody else cannot extend it, and what has ended cannot be extended', async () => {
  await getWrite();
  const { id } = await grantNow();
  await say('sam', `extend ${id} 30m`);
  await story.privately('sam', 'There is no grant');
  await say('ada', `done ${id}`);
  await until(async () => (await grantNow()).state === 'removed', 'the end');
  await say('ada', `extend ${id} 30m`);
  await story.privately('ada', 'there is nothing to extend');
  await withClient(world.database.url, async (client) => {
    expect((await client.query('select 1 from extensions')).rows).toEqual([]);
  });
});
