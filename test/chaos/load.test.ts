/** A hundred people ask at once, and a thousand logins fall due at one moment. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { writeMark } from '../../src/providers/postgres/login-name.ts';
import { until } from '../support/story.ts';
import { withClient } from '../support/world.ts';
import { startFaultWorld } from './fault-world.ts';
import type { FaultWorld } from './fault-world.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 120_000 });

const ASKS = 100;
const LOGINS = 1_000;

let faults: FaultWorld;
beforeAll(async () => {
  faults = await startFaultWorld();
  await faults.world.start();
});
afterAll(() => faults.stop());

const count = async (sql: string): Promise<number> => {
  const [row] = await faults.world.sql<{ count: number }>(`select count(*)::int as count from ${sql}`);
  return row?.count ?? 0;
};

test(`${ASKS} people ask at once: each has one login, each is told, and all of it ends`, async () => {
  const { slack, logins, sql } = faults.world;
  const ids = Array.from({ length: ASKS }, (_, index) => `U0P${index}`);
  for (const id of ids) {
    slack.addPerson({ id, name: id.toLowerCase(), email: `${id.toLowerCase()}@acme.test` });
    slack.state.channels.get('C0GENERAL')?.members.add(id);
  }
  await Promise.all(
    ids.map((id) => slack.as(id).command('/prod-access', 'orders-db look 1h look at the orders', 'general')),
  );
  await until(async () => (await count(`grants where state = 'active'`)) === ASKS, 'all grants', 90_000);
  expect(await logins()).toHaveLength(ASKS);
  await sql(`update grants set expires_at = now() where state = 'active'`);
  await until(async () => (await count(`grants where state <> 'removed'`)) === 0, 'all ends', 60_000);
  await faults.wellAgain();
  expect(await count(`messages where subject_kind = 'request' and kind = 'outcome' and ts is not null`)).toBe(ASKS);
  expect(await count(`audit_events where type = 'grant.removed'`)).toBe(ASKS);
});

/** As the app would have made them, without the talk: a person, and for each login a request, its decision, its grant and their events. */
const SEED = `
with made as (select 'load' || lpad(n::text, 8, '0') as id from generate_series(1, $1::int) as n),
  asked as (
    insert into requests (id, requester_id, target, role, duration_ms, reason, state, rule, policy_sha256, requirements, is_in_order, created_at, lapses_at, decided_at)
    select id, (select id from people limit 1), 'orders-db', 'look', 60000, 'seeded', 'approved', 'Looking is free', 'none', '[]', false, now(), now() + interval '1 hour', now() from made
    returning id),
  decided as (
    insert into decisions (id, request_id, outcome, rule, policy_sha256, decided_at)
    select 'd' || id, id, 'approved', 'Looking is free', 'none', now() from asked returning id, request_id)
insert into grants (id, request_id, decision_id, grantee_id, target, role, provider, scope, state, duration_ms, expires_at, activated_at, created_at)
select request_id, request_id, id, (select id from people limit 1), 'orders-db', 'look', 'postgres', $2::jsonb, 'active', 60000, now() + interval '1 hour', now(), now() from decided`;

const EVENTS = `
with written as (
  insert into audit_events (at, type, actor, request_id, grant_id, target, role, data)
  select now(), type, '{"id":"latchkey","kind":"system"}', g.id, case when type like 'grant.%' then g.id end, 'orders-db', 'look', '{}'
  from grants g cross join unnest(array['request.approved', 'grant.activating', 'grant.active']) with ordinality as t(type, position)
  where g.id like 'load%' order by g.id, t.position returning id)
insert into audit_unsealed (event_id) select id from written`;

const makeLogins = async (ids: string[]): Promise<void> => {
  const { target } = faults.world;
  const { pathname } = new URL(target.managerUrl);
  const sql = ids.map((grantId) => {
    const mark = writeMark({ grantId, database: pathname.slice(1), person: 'Load', until: new Date() });
    const name = `lk_${grantId}_load`;
    return `create role ${name} login in role ${target.groups.app_read}; comment on role ${name} is '${mark}';`;
  });
  await withClient(target.managerUrl, (manager) => manager.query(sql.join('\n')));
};

test(`${LOGINS} logins fall due at one moment: each is dropped once, recorded once, and none is left`, async () => {
  const { logins, sql, target } = faults.world;
  const before = await count(`audit_events where type = 'grant.removed'`);
  await sql(SEED, [LOGINS, JSON.stringify({ member_of: [target.groups.app_read] })]);
  await sql(EVENTS);
  const ids = (await sql<{ id: string }>(`select id from grants where id like 'load%'`)).map(({ id }) => id);
  await makeLogins(ids);
  expect(await logins()).toHaveLength(LOGINS);
  await sql(`update grants set expires_at = now() + interval '200 milliseconds' where id like 'load%'`);
  await until(async () => (await count(`grants where state <> 'removed'`)) === 0, 'all ends', 60_000);
  expect(await logins()).toEqual([]);
  expect(await count(`audit_events where type = 'grant.removed'`)).toBe(before + LOGINS);
  expect(
    await count(
      `grants where id like 'load%' and end_outcome = 'removed' and closed_at - expires_at < interval '60 seconds'`,
    ),
  ).toBe(LOGINS);
});
