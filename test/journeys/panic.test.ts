/** Everything of a person, of a target, or all is ended at once: confirmed first, shown while it happens, and true at the end. */
import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import type { StoredView } from '../../sandbox/src/slack/types.ts';
import { openSession, storyOf, until, untilRemoved } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import { seen, startWorld, withClient } from '../support/world.ts';
import type { World } from '../support/world.ts';

// Each test starts a process or more: on a busy machine that alone takes a while.

const RULES = `
rules:
  - name: Writes need an owner
    match: { roles: ["*/write"] }
    approvals: [{ from: owners }]
  - name: Reads at once
    approve: true
pending: 4h
claim: 1h
admins: [security]
`;
const ADA = '<@U0ADA|ada>';
const why = 'look at the stuck orders';

let world: World;
let story: Story;
afterEach(() => world.stop());

/** A second target on the same server, which Olga does not own. */
const addUsersTarget = (): void => {
  const text = readFileSync(world.policyPath, 'utf8');
  const roles = /roles:\n(\s+read: .*)\n/.exec(text)?.[1] ?? '';
  const second = `  users-db:\n    title: Users database\n    provider: postgres\n    config: { url: "\${ORDERS_DB_ADMIN_URL}" }\n    owners: [sre]\n    roles:\n${roles}\n`;
  writeFileSync(world.policyPath, text.replace('\nrules:', `\n${second}\nrules:`));
};

const begin = async (): Promise<void> => {
  world = await startWorld({ rules: RULES });
  story = storyOf(world);
  addUsersTarget();
};

const say = (who: string, text: string) => world.slack.as(who).command('/prod-access', text, 'general');
const count = async (where: string): Promise<number> =>
  (await world.sql<{ n: number }>(`select count(*)::int as n from ${where}`))[0]?.n ?? -1;
const active = (amount: number) =>
  until(async () => (await count(`grants where state = 'active'`)) === amount, `${amount} active grants`);

/** Types the command and gives the view that asks once more, when it shows `text`. */
const confirmation = async (who: string, line: string, text: string): Promise<StoredView> => {
  await say(who, line);
  return world.slack.waitFor(
    () =>
      world.slack
        .as(who)
        .modals()
        .find((view) => JSON.stringify(view).includes(text)),
    { what: `the view with "${text}"` },
  );
};
const asText = (view: StoredView): string => JSON.stringify(view);

test('an admin revokes all: the count is confirmed, sessions are cut, what waits is cancelled, and what was allowed is taken back', async () => {
  await begin();
  await world.start();
  for (const who of ['ada', 'rita', 'oscar']) await say(who, `orders-db read 30m ${why}`);
  await active(3);
  await say('olga', `allow ${ADA} orders-db write for 2d`);
  await until(async () => (await count('pre_approvals')) === 1, 'the pre-approval');
  await story.ask('rita', `orders-db write 15m ${why} OPS-1`);
  await say('ada', `users-db read 30m from 23:59 ${why}`);
  await until(async () => (await count('grants')) === 4, 'the future start');
  const { url } = await story.credentials('ada');
  const { isCut } = await openSession(url);

  const view = asText(await confirmation('sam', 'revoke all', 'pending request'));
  expect(view).toContain('*4 grants* (1 of them not begun yet)');
  expect(view).toContain('*1 pending request*');
  expect(view).toContain('*1 pre-approval*');
  expect(view).toContain('End 4 grants');
  expect(view).toContain('U0OSCAR');
  await world.slack.as('sam').type('reason', 'The <laptop> was stolen');
  await world.slack.as('sam').submit();
  await isCut;
  await until(async () => (await count(`grants where state = 'removed'`)) === 4, 'all ends');
  expect(await world.logins()).toEqual([]);
  expect(await world.sql('select state, end_cause as cause, end_reason as reason from grants')).toEqual(
    Array.from({ length: 4 }, () => ({ state: 'removed', cause: 'revoked', reason: 'The <laptop> was stolen' })),
  );
  expect(await count(`requests where state = 'cancelled' and cancelled_by like '%U0SAM'`)).toBe(1);
  expect(await count('pre_approvals where revoked_at is null')).toBe(0);
  const done = seen(await story.dm('sam', '*Revoked*: all access'));
  expect(done).toContain('*3 of 4 closed*, 1 already gone');
  expect(done).toContain('1 pending request cancelled. 1 pre-approval withdrawn.');
  expect(done).toContain('The &lt;laptop&gt; was stolen');
  expect(seen(await story.dm('rita', '*Cancelled* by <@U0SAM>'))).toContain('stolen');
  expect(seen(await story.dm('oscar', '*Ended*'))).toContain('revoked by <@U0SAM>');
  const events = await story.events();
  expect(events).toContain('revocation.started');
  await until(async () => (await story.events()).includes('revocation.finished'), 'the last event');
  expect(events.filter((type) => type === 'grant.ending')).toHaveLength(4);
});

test('who may: nobody but admins all, owners their targets and people only within them, everybody their own; refusals are kept', async () => {
  await begin();
  await world.start();
  await say('ada', `orders-db read 30m ${why}`);
  await say('ada', `users-db read 30m ${why}`);
  await say('oscar', `users-db read 30m ${why}`);
  await active(3);
  await confirmation('olga', 'revoke all', 'Only admins of Latchkey');
  await confirmation('ada', 'revoke orders-db', 'owners within their own targets');
  await confirmation('oscar', `revoke ${ADA}`, 'owners within their own targets');
  expect((await story.events()).filter((type) => type === 'revocation.refused')).toHaveLength(3);

  const limited = asText(await confirmation('olga', `revoke ${ADA}`, 'End 1 grant'));
  expect(limited).toContain('access elsewhere stays');
  await world.slack.as('olga').submit();
  await until(async () => (await count(`grants where state = 'removed'`)) === 1, 'the end in the owned target');
  expect(seen(await story.dm('sam', 'revokes all access of'))).toContain('in orders-db: 1 grant.');
  expect(await world.sql(`select target from grants where state = 'active'`)).toHaveLength(2);

  await confirmation('ada', `revoke ${ADA}`, 'End 1 grant');
  await world.slack.as('ada').submit();
  await until(async () => (await count(`grants where state = 'removed'`)) === 2, 'the end of her own');
  await confirmation('rita', 'revoke users-db', 'End 1 grant');
  await world.slack.as('rita').submit();
  await until(async () => (await count(`grants where state = 'removed'`)) === 3, 'the end by the other owner');
  await confirmation('sam', 'revoke all', 'nothing to end');
});

test('what cannot be ended is shown as stuck until it has ended, and nothing says revoked before', async () => {
  await begin();
  await world.start();
  for (const who of ['ada', 'rita', 'oscar']) await say(who, `orders-db read 30m ${why}`);
  await active(3);
  const [login = ''] = await world.logins();
  const [before] = await world.targetSql<{ comment: string }>(
    `select shobj_description(oid, 'pg_authid') as comment from pg_roles where rolname = '${login}'`,
  );
  await world.targetSql(`comment on role "${login}" is 'mine now'`);
  await confirmation('sam', 'revoke orders-db', 'End 3 grants');
  await world.slack.as('sam').submit();
  const progress = seen(await story.dm('sam', '*1 stuck*'));
  expect(progress).toContain('*Revoking*');
  expect(progress).toContain('*2 of 3 closed*');
  expect(progress).toContain('leaves it alone');
  expect(await count('revocations where finished_at is null')).toBe(1);
  await world.targetSql(`comment on role "${login}" is '${before?.comment ?? ''}'`);
  await world.sql(`update grants set next_attempt_at = now() where state = 'ending'`);
  expect(seen(await story.dm('sam', '*Revoked*'))).toContain('*3 of 3 closed*');
  await untilRemoved(world);
  expect(await world.logins()).toEqual([]);
});

test('access that is being made at that moment is caught, and so is what was approved before and found late', async () => {
  await begin();
  await world.start();
  await withClient(world.target.url, async (client) => {
    // Nobody can make a login while this is held.
    await client.query('begin; lock table pg_authid in share row exclusive mode');
    await say('ada', `orders-db read 30m ${why}`);
    await until(async () => (await count('grants where lease_until > now()')) === 1, 'the activation');
    await confirmation('sam', 'revoke all', 'End 1 grant');
    await world.slack.as('sam').submit();
    await until(async () => (await count(`grants where state = 'ending'`)) === 1, 'the order');
    await client.query('commit');
  });
  await until(async () => (await count(`grants where state = 'removed'`)) === 1, 'the end');
  expect(await world.logins()).toEqual([]);
  expect(await story.events()).not.toContain('grant.active');
  await story.dm('sam', '*Revoked*');

  await say('rita', `orders-db read 30m ${why}`);
  await active(1);
  // As if its approval had been committed a moment after the order: it was asked for before.
  await world.sql(`update requests set created_at = (select created_at - interval '1 ms' from revocations)
    where id = (select request_id from grants where state = 'active')`);
  await until(async () => (await count(`grants where state = 'removed'`)) === 2, 'the end of what came late');
  expect(await world.logins()).toEqual([]);
});

test('an order outlives the process that took it, and access asked for afterwards is let in', async () => {
  await begin();
  const first = await world.start();
  for (const who of ['ada', 'rita']) await say(who, `orders-db read 30m ${why}`);
  await active(2);
  await first.stop();
  await world.sql(`insert into revocations (id, by_person_id, created_at, reason)
    select 'r1', id, clock_timestamp(), 'stolen' from people where user_id = 'U0ADA'`);
  await world.sql(
    `insert into outbox (kind, subject_id, available_at, created_at) values ('revocation', 'r1', now(), now())`,
  );
  await world.start();
  await world.start();
  await until(async () => (await count(`grants where state = 'removed'`)) === 2, 'the ends');
  await until(async () => (await count('revocations where finished_at is not null')) === 1, 'the end of the order');
  await story.dm('ada', '*Revoked*');
  await say('oscar', `orders-db read 30m ${why}`);
  await active(1);
  expect(await count(`audit_events where type = 'grant.ending'`)).toBe(2);
  expect(await count(`audit_events where type = 'revocation.finished'`)).toBe(1);
});

test('a thousand grants end, and their confirmation and progress fit into a message', async () => {
  await begin();
  await world.start();
  await say('ada', `orders-db read 30m ${why}`);
  await active(1);
  await world.sql(`
    with r as (
      insert into requests (id, requester_id, target, role, duration_ms, reason, state, policy_sha256, requirements, is_in_order, created_at, lapses_at, decided_at)
      select 'many' || n, p.id, 'orders-db', 'read', 1800000, repeat('<&>', 200), 'approved', 'x', '[]', false, now(), now() + interval '1 hour', now()
      from generate_series(1, 999) n, (select id from people where user_id = 'U0ADA') p returning id),
    d as (
      insert into decisions (id, request_id, outcome, policy_sha256, decided_at)
      select 'd' || id, id, 'approved', 'x', now() from r returning id, request_id)
    insert into grants (id, request_id, decision_id, grantee_id, target, role, provider, scope, handle, state, duration_ms, expires_at, activated_at, created_at)
    select 'g' || d.request_id, d.request_id, d.id, g.grantee_id, 'orders-db', 'read', 'postgres', g.scope, null, 'active', 1800000, now() + interval '30 minutes', now(), now()
    from d, (select grantee_id, scope from grants limit 1) g`);
  const view = asText(await confirmation('sam', 'revoke all', 'End 1000 grants'));
  expect(view).toContain('and 980 more');
  const startedAt = Date.now();
  await world.slack.as('sam').submit();
  await until(async () => (await count(`grants where state = 'removed'`)) === 1_000, 'all ends', 60_000);
  expect(Date.now() - startedAt).toBeLessThan(60_000);
  const told = seen(await story.dm('sam', '*Revoked*'));
  expect(told).toContain('*1 of 1000 closed*, 999 already gone');
  await untilRemoved(world);
  expect(await world.logins()).toEqual([]);
});
