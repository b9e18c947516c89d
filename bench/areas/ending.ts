/** Live grants made directly in the store and the target, and the wait until they have ended. */
import pg from 'pg';
import { setTimeout as delay } from 'node:timers/promises';
import { scramVerifier } from '../../src/providers/postgres/scram.ts';
import { writeMark } from '../../src/providers/postgres/login-name.ts';
import { assertThat } from '../measure.ts';
import { loginsIn, rowsFrom, withClient } from '../setup/servers.ts';
import type { Target } from '../setup/servers.ts';
import type { World } from './world.ts';

const PASSWORD = 'the-password-of-every-login-of-the-benchmark';
const ROLES_AT_ONCE = 500;
/** Ten thousand in one target take minutes on Postgres 16 and newer: see the growth of what a login costs. */
const END_LIMIT_MS = 900_000;

/** Ids begin with `prefix` and end in a number: `a0000000001`. */
export type Wave = { prefix: string; count: number };

const idOf = ({ prefix }: Wave, index: number): string => `${prefix}${String(index + 1).padStart(10, '0')}`;
export const loginOf = (wave: Wave, index: number): string => `lk_${idOf(wave, index)}_ada`;

/** What is done with a login, by who makes it. */
export const byCreatorOf = ({ creators }: Target, index: number, statements: string): string =>
  creators.length === 0 ? statements : `set local role ${creators[index % creators.length]}; ${statements}; reset role`;

/** By those who make them for Latchkey: since Postgres 16 only who made a role may take it away. */
export const makeLogins = async (target: Target, wave: Wave): Promise<void> => {
  const verifier = await scramVerifier(PASSWORD);
  const until = new Date(Date.now() + 86_400_000);
  const make = (index: number): string => {
    const login = loginOf(wave, index);
    const mark = writeMark({ grantId: idOf(wave, index), database: target.database, person: 'ada', until });
    const own = `create role ${login} login noinherit connection limit 5 password '${verifier}' valid until '${until.toISOString()}';
      alter role ${login} set role = '${target.group}'; comment on role ${login} is '${mark}'`;
    return `${byCreatorOf(target, index, own)}; grant ${target.group} to ${login};`;
  };
  await withClient(target.managerUrl, async (client) => {
    for (let from = 0; from < wave.count; from += ROLES_AT_ONCE) {
      const some = Math.min(ROLES_AT_ONCE, wave.count - from);
      await client.query(Array.from({ length: some }, (_, at) => make(from + at)).join('\n'));
    }
  });
};

export type Session = { cutAt: Promise<number> };

/** Each stays open until it is cut; `atMost` of the wave's logins have one. */
export const openSessions = async (target: Target, wave: Wave, atMost = wave.count): Promise<Session[]> => {
  const sessions: Session[] = [];
  for (let index = 0; index < Math.min(atMost, wave.count); index += 1) {
    const url = new URL(target.url);
    url.username = loginOf(wave, index);
    url.password = PASSWORD;
    const client = new pg.Client({ connectionString: url.href });
    const cutAt = new Promise<number>((resolve) => {
      client.once('end', () => resolve(Date.now()));
      // Being cut is what is waited for.
      client.on('error', () => resolve(Date.now()));
    });
    await client.connect();
    await client.query('select count(*) from orders');
    sessions.push({ cutAt });
  }
  return sessions;
};

const INSERT = `
with wave as (select $1 || lpad(i::text, 10, '0') as id from generate_series(1, $2::int) i),
principal as (
  insert into principals (id, kind) values ('T0BENCH:U0ADA', 'person') on conflict do nothing
),
person as (
  insert into people (id, team_id, user_id, name, email, timezone, is_active)
  values ('T0BENCH:U0ADA', 'T0BENCH', 'U0ADA', 'ada', 'ada@acme.test', null, true) on conflict do nothing
), request as (
  insert into requests (id, requester_id, target, role, duration_ms, reason, state, policy_sha256, requirements, is_in_order, created_at, lapses_at, decided_at)
  select id, 'T0BENCH:U0ADA', 'orders-db', 'read', 1800000, 'a live grant', 'approved', 'bench', '[]', false, now(), now() + interval '1 hour', now() from wave
), decision as (
  insert into decisions (id, request_id, outcome, policy_sha256, decided_at) select id, id, 'approved', 'bench', now() from wave
)
insert into grants (id, request_id, decision_id, grantee_id, target, role, provider, scope, handle, state, duration_ms, expires_at, activated_at, created_at)
select id, id, id, 'T0BENCH:U0ADA', 'orders-db', 'read', 'postgres', $3::jsonb, jsonb_build_object('role', 'lk_' || id || '_ada', 'oid', null),
  'active', 1800000, now() + $4::double precision * interval '1 millisecond', now(), now() from wave`;

/** Their logins have other deadlines, or none exists at all: the reconciler would rightly say so, amid what is measured. */
export const putOffReconciling = async ({ storeUrl }: Pick<World, 'storeUrl'>): Promise<void> => {
  await rowsFrom(storeUrl, `insert into drift_checks (target, next_at) values ('orders-db', now() + interval '1 day')`);
};

/** All are due at one moment, which is counted from before they are stored, or over two hours from now on when `dueInMs` is null: then they are only there. */
export const insertGrants = async (
  world: Pick<World, 'storeUrl' | 'target'>,
  wave: Wave,
  dueInMs: number | null,
): Promise<void> => {
  const scope = JSON.stringify({ member_of: [world.target.group], connection_limit: 5 });
  await withClient(world.storeUrl, async (client) => {
    await client.query('begin');
    // The three tables point at each other; each statement part sees the state before the statement.
    await client.query('set local session_replication_role = replica');
    await client.query(INSERT, [wave.prefix, wave.count, scope, dueInMs ?? 3_600_000]);
    if (dueInMs === null)
      await client.query(
        `update grants set expires_at = expires_at + random() * interval '1 hour' where id like $1 || '%'`,
        [wave.prefix],
      );
    await client.query('commit');
    if (wave.count >= 1_000) await client.query('analyze grants, requests');
  });
};

/** Until the query, which counts as `n`, counts none. */
export const untilNone = async (
  { storeUrl }: Pick<World, 'storeUrl'>,
  { text, values = [], what }: { text: string; values?: unknown[]; what: string },
): Promise<void> => {
  const deadline = Date.now() + END_LIMIT_MS;
  await withClient(storeUrl, async (client) => {
    for (;;) {
      const { rows } = await client.query<{ n: number }>(text, values);
      if (rows[0]?.n === 0) return;
      if (Date.now() > deadline) throw new Error(`${rows[0]?.n} ${what} within ${END_LIMIT_MS / 1000} s.`);
      await delay(100);
    }
  });
};

/** Until the target has nothing of them any more, and the store says so. */
export const untilAllRemoved = (world: Pick<World, 'storeUrl'>, prefix: string): Promise<void> =>
  untilNone(world, {
    text: `select count(*)::int as n from grants where state <> 'removed' and id >= $1 and id < $1 || 'zzz'`,
    values: [prefix],
    what: 'grants were not removed',
  });

/** Until everybody was notified, too: what is measured next is not to share the processors with that. */
export const untilAllNotified = (world: Pick<World, 'storeUrl'>): Promise<void> =>
  untilNone(world, {
    text: `select count(*)::int as n from outbox where available_at <= now() + interval '10 seconds'`,
    what: 'pieces of work were not done',
  });

/** `removedMs`: from the same moment until its absence was recorded. */
export type Ended = { lateMs: number; removedMs: number; outcome: string };

/** After `dueAt`, or each after its own deadline. `closed_at` and `removed_at` are written after they were read back, so these are never less than the truth. */
export const endedOf = (
  { storeUrl }: Pick<World, 'storeUrl'>,
  { prefix }: Wave,
  dueAt: Date | null = null,
): Promise<Ended[]> =>
  rowsFrom<Ended>(
    storeUrl,
    `select (extract(epoch from closed_at - coalesce($2::timestamptz, expires_at)) * 1000)::double precision as "lateMs",
       (extract(epoch from removed_at - coalesce($2::timestamptz, expires_at)) * 1000)::double precision as "removedMs", end_outcome as outcome
     from grants where id like $1 || '%' and state = 'removed'`,
    [prefix, dueAt],
  );

type Ending = { ended: readonly { outcome: string }[]; sessions: number };

/** Ended, each once, by closing and removing it; one event each that it began to end, was closed and was removed, and one of each that was in use. */
export const assertEnded = async (world: World, wave: Wave, { ended, sessions }: Ending): Promise<void> => {
  assertThat(ended.length === wave.count, `${ended.length} of ${wave.count} grants have ended.`);
  const removed = ended.filter(({ outcome }) => outcome === 'removed').length;
  assertThat(removed === wave.count, `${removed} of ${wave.count} ends removed a login.`);
  assertThat((await loginsIn(world.target)) === 0, 'logins were left in the target.');
  const events = await rowsFrom<{ type: string; n: number; grants: number }>(
    world.storeUrl,
    `select type, count(*)::int as n, count(distinct grant_id)::int as grants from audit_events where grant_id like $1 || '%' group by 1`,
    [wave.prefix],
  );
  const wanted = new Map([
    ['grant.ending', wave.count],
    ['grant.closed', wave.count],
    ['grant.removed', wave.count],
    ...(sessions > 0 ? [['grant.used', sessions] as const] : []),
  ]);
  assertThat(events.length === wanted.size, `the events were ${events.map(({ type }) => type).join(', ')}.`);
  for (const { type, n, grants } of events) {
    const count = wanted.get(type) ?? 0;
    assertThat(n === count && grants === count, `${n} events ${type} of ${grants} grants for ${count}.`);
  }
};
