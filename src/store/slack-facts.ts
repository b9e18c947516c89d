/** What Latchkey knows of Slack between two calls, the same for all processes. */
import { sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import type pg from 'pg';
import type { EventStreams, FactName, Facts, Pace } from '../application/identity/fact-ports.ts';
import type { Db } from './statement.ts';

/** How old a fact may be while every event is heard. A bound all the same, since nobody says whether Slack sends the events. */
export const HEARD_SECONDS = 30;
/** How old a fact may be where events are not heard, as over HTTP. */
export const UNHEARD_SECONDS = 3;
/** How old a fact may be that only shows, while the calls that Slack allows are needed for decisions. */
export const CROWDED_SECONDS = 600;
/** A process that has not said for so long that it hears events is taken for dead. */
export const SILENT_SECONDS = 15;
/** After an event that came late or a second time, events prove nothing for so long. */
export const UNTRUSTED_SECONDS = 60;
/** Who claims to read a fact has so long until another process does. */
export const CLAIM_SECONDS = 3;
const KEPT_HOURS = 24;
/** A picture may be as old as anything that is kept. */
const PICTURE_SECONDS = KEPT_HOURS * 3_600;

const gap = (
  teamId: string,
) => sql`insert into slack_stream_gaps (team_id, last_at) values (${teamId}, clock_timestamp())
  on conflict (team_id) do update set last_at = excluded.last_at`;

const textArray = (values: readonly (string | null)[]) => sql`${sql.param(values)}::text[]`;
const seconds = (count: number) => sql`${count}::int * interval '1 second'`;
const microsOf = (moment: SQL) => sql`(extract(epoch from ${moment}) * 1000000)::bigint`;
const momentOf = (micros: string) => sql`(timestamptz 'epoch' + ${micros}::bigint * interval '1 microsecond')`;

/**
 * Events are heard since the first process connected that is connected still, unless one has fallen silent or some came late. Slack gives each
 * event to one connection only, so the loss of any is a gap for all, and what was read before it counts for nothing.
 */
const team = (teamId: string) => sql`team as materialized (
  select clock_timestamp() as now, coalesce(g.last_at, '-infinity') as last_gap,
    case when min(s.seen_at) < clock_timestamp() - ${seconds(SILENT_SECONDS)} or g.unheard_until > clock_timestamp()
      then null else min(s.connected_at) end as heard_since
  from (values (1)) one left join slack_stream_gaps g on g.team_id = ${teamId}
    left join slack_streams s on s.team_id = ${teamId} group by g.last_at, g.unheard_until)`;

/** On-call services send no events. */
const boundOf = sql`case when w.kind = 'on_call' then ${UNHEARD_SECONDS}::int
  when w.use = 'picture' then ${PICTURE_SECONDS}::int when w.use = 'crowded' then ${CROWDED_SECONDS}::int
  when w.use = 'shown' or f.read_at > t.heard_since then ${HEARD_SECONDS}::int else ${UNHEARD_SECONDS}::int end`;

type FoundRow = { version: string | null; value: unknown; asOf: string; notBefore: string };

const findIn =
  (db: Db): Facts['find'] =>
  async (teamId, wanted) => {
    const column = (name: 'kind' | 'key' | 'known' | 'use') => textArray(wanted.map((one) => one[name]));
    const { rows } = await db.execute<FoundRow>(sql`
      with ${team(teamId)}
      select case when v.counts then v.version end as version,
        case when v.counts and v.version is distinct from w.known then f.value end as value,
        ${microsOf(sql`t.now`)}::text as "asOf",
        ${microsOf(sql`greatest(c.changed_at, t.now - ${seconds(UNHEARD_SECONDS)})`)}::text as "notBefore"
      from unnest(${column('kind')}, ${column('key')}, ${column('known')}, ${column('use')})
        with ordinality as w(kind, key, known, use, place)
      cross join team t
      left join slack_facts f on f.team_id = ${teamId} and f.kind = w.kind and f.key = w.key
      cross join lateral (select greatest(coalesce(f.forgotten_at, '-infinity'),
        case when w.use not in ('crowded', 'picture') then t.last_gap end) as changed_at) c
      cross join lateral (select ${microsOf(sql`f.read_at`)}::text as version,
        coalesce(f.read_at > c.changed_at and f.read_at > t.now - ${boundOf} * interval '1 second', false) as counts) v
      order by w.place`);
    return rows.map(({ version, value, asOf, notBefore }, at) => {
      if (version === null) return { found: null, asOf, notBefore };
      const isKnown = version === wanted[at]?.known;
      return { found: isKnown ? { version, isKnown } : { version, isKnown, value }, asOf, notBefore };
    });
  };

const forget = async (db: Db, teamId: string, names: readonly FactName[]): Promise<void> => {
  await db.execute(sql`
    insert into slack_facts (team_id, kind, key, forgotten_at)
    select ${teamId}, kind, key, clock_timestamp()
    from unnest(${textArray(names.map(({ kind }) => kind))}, ${textArray(names.map(({ key }) => key))}) as n(kind, key)
    order by kind, key
    on conflict (team_id, kind, key) do update set forgotten_at = excluded.forgotten_at, value = null, claimed_until = null`);
};

const claimsOf = (db: Db): Pick<Facts, 'claim' | 'renew' | 'release'> => ({
  claim: async (teamId, { kind, key }) => {
    const { rows } = await db.execute(sql`
      insert into slack_facts as f (team_id, kind, key, claimed_until)
      values (${teamId}, ${kind}, ${key}, clock_timestamp() + ${seconds(CLAIM_SECONDS)})
      on conflict (team_id, kind, key) do update set claimed_until = excluded.claimed_until
        where f.claimed_until is null or f.claimed_until < clock_timestamp() returning 1`);
    return rows.length > 0;
  },
  renew: async (teamId, { kind, key }) => {
    await db.execute(sql`update slack_facts set claimed_until = clock_timestamp() + ${seconds(CLAIM_SECONDS)}
      where team_id = ${teamId} and kind = ${kind} and key = ${key} and claimed_until is not null`);
  },
  release: async (teamId, { kind, key }) => {
    await db.execute(sql`update slack_facts set claimed_until = null
      where team_id = ${teamId} and kind = ${kind} and key = ${key}`);
  },
});

/** The moment of a group's last change, which outlives what was read of it. */
const GROUP_CHANGE = 'user_group_change';

type Change = { groupId: string; updatedS: number };

const noteGroups = async (db: Db, teamId: string, groups: readonly Change[]): Promise<void> => {
  await db.execute(sql`
    insert into slack_facts as f (team_id, kind, key, value, read_at)
    select ${teamId}, ${GROUP_CHANGE}, n.id, to_jsonb(n.at), clock_timestamp()
    from unnest(${textArray(groups.map(({ groupId }) => groupId))},
      ${sql.param(groups.map(({ updatedS }) => updatedS))}::bigint[]) as n(id, at)
    order by n.id
    on conflict (team_id, kind, key) do update set value = excluded.value, read_at = excluded.read_at
      where f.value is null or (f.value #>> '{}')::bigint < (excluded.value #>> '{}')::bigint`);
};

/** Nothing that was read before now counts, and for a while events prove nothing. */
export const distrust = async (db: Db, teamId: string): Promise<void> => {
  await db.execute(sql`insert into slack_stream_gaps (team_id, last_at, unheard_until)
    values (${teamId}, clock_timestamp(), clock_timestamp() + ${seconds(UNTRUSTED_SECONDS)})
    on conflict (team_id) do update set last_at = excluded.last_at, unheard_until = excluded.unheard_until`);
};

const historyOf = (db: Db): Pick<Facts, 'noteGroups' | 'isNextOf' | 'distrust'> => ({
  noteGroups: (teamId, groups) => noteGroups(db, teamId, groups),
  isNextOf: async (teamId, { groupId, previousS, updatedS }) => {
    const { rows } = await db.execute(sql`select 1 from slack_facts where team_id = ${teamId} and kind = ${GROUP_CHANGE}
      and key = ${groupId} and (value #>> '{}')::bigint < least(${previousS}::bigint, ${updatedS}::bigint)`);
    await noteGroups(db, teamId, [{ groupId, updatedS }]);
    return rows.length === 0;
  },
  distrust: (teamId) => distrust(db, teamId),
});

const factsOf = (db: Db): Facts => ({
  find: findIn(db),
  ...claimsOf(db),
  ...historyOf(db),
  keep: async (teamId, read, asOf) => {
    const column = (values: readonly string[]) => textArray(values);
    await db.execute(sql`
      insert into slack_facts as f (team_id, kind, key, value, read_at)
      select ${teamId}, n.kind, n.key, n.value::jsonb, ${momentOf(asOf)}
      from unnest(${column(read.map(({ kind }) => kind))}, ${column(read.map(({ key }) => key))},
        ${column(read.map(({ value }) => JSON.stringify(value)))}) as n(kind, key, value)
      order by n.kind, n.key
      on conflict (team_id, kind, key) do update set value = excluded.value, read_at = excluded.read_at, claimed_until = null
        where f.read_at is null or f.read_at < excluded.read_at`);
  },
  forget: (teamId, names) => forget(db, teamId, names),
  forgetAccount: async (teamId, userId) => {
    await db.execute(sql`update slack_facts set forgotten_at = clock_timestamp(), value = null where team_id = ${teamId}
      and (kind = 'email' and value->>'id' = ${userId} or kind = 'manager' and starts_with(key, ${`${userId} `}))`);
    await forget(db, teamId, [{ kind: 'user', key: userId }]);
  },
});

const streamsOf = (db: Db): EventStreams => ({
  alive: async (teamId, processId, isNew) => {
    await db.execute(sql`
      insert into slack_streams as s (process_id, team_id, connected_at, seen_at)
      values (${processId}, ${teamId}, clock_timestamp(), clock_timestamp())
      on conflict (process_id) do update set seen_at = excluded.seen_at,
        connected_at = case when ${isNew} then excluded.connected_at else s.connected_at end`);
    const { rows } = await db.execute(sql`
      delete from slack_streams where team_id = ${teamId}
        and seen_at < clock_timestamp() - ${SILENT_SECONDS} * interval '1 second' returning 1`);
    // What was lost while it was not connected, nobody heard.
    if (isNew || rows.length > 0) await db.execute(gap(teamId));
    await db.execute(sql`delete from slack_facts where team_id = ${teamId}
      and greatest(read_at, forgotten_at, claimed_until) < clock_timestamp() - ${KEPT_HOURS} * interval '1 hour'`);
  },
  lost: async (teamId, processId) => {
    await db.execute(gap(teamId));
    await db.execute(sql`delete from slack_streams where process_id = ${processId}`);
  },
});

/** Longer than one call takes, with what Slack may make it wait. */
const TURN_MS = 10_000;
/** Beside the plan of the same key, which may be ahead of it. */
const turnOf = (key: string): string => `turn ${key}`;

const turnsOf = (db: Db): Pick<Pace, 'begin' | 'end'> => ({
  begin: async (key) => {
    const until = sql`clock_timestamp() + ${TURN_MS} * interval '1 millisecond'`;
    const { rowCount } = await db.execute(sql`
      insert into slack_pace as p (key, planned_until) values (${turnOf(key)}, ${until})
      on conflict (key) do update set planned_until = ${until} where p.planned_until <= clock_timestamp()`);
    if (rowCount === 1) return 0;
    const { rows } = await db.execute<{ waitMs: number }>(sql`
      select (extract(epoch from planned_until - clock_timestamp()) * 1000)::float8 as "waitMs" from slack_pace where key = ${turnOf(key)}`);
    return Math.max(1, Math.ceil(rows[0]?.waitMs ?? 1));
  },
  end: async (key, gapMs) => {
    await db.execute(sql`
      update slack_pace set planned_until = clock_timestamp() + ${gapMs} * interval '1 millisecond' where key = ${turnOf(key)}`);
  },
});

/** A burst of `burst`, then one each `everyMs`: the generic cell rate algorithm, whose whole state is one moment a key. */
const paceOf = (db: Db): Pick<Pace, 'reserve'> => ({
  reserve: async (key, { everyMs, burst, mostMs }) => {
    const next = sql`greatest(p.planned_until, clock_timestamp()) + ${everyMs} * interval '1 millisecond'`;
    const waitOf = (planned: SQL) =>
      sql`(extract(epoch from ${planned} - clock_timestamp()) * 1000 - ${everyMs * burst})::float8 as "waitMs"`;
    const { rows: taken } = await db.execute<{ waitMs: number }>(sql`
      insert into slack_pace as p (key, planned_until) values (${key}, clock_timestamp() + ${everyMs} * interval '1 millisecond')
      on conflict (key) do update set planned_until = ${next}
        where ${next} <= clock_timestamp() + ${everyMs * burst + mostMs} * interval '1 millisecond'
      returning ${waitOf(sql`planned_until`)}`);
    if (taken[0]) return { isTaken: true, waitMs: Math.max(0, Math.ceil(taken[0].waitMs)) };
    const { rows } = await db.execute<{ waitMs: number }>(
      sql`select ${waitOf(next)} from slack_pace p where key = ${key}`,
    );
    return { isTaken: false, waitMs: Math.max(1, Math.ceil(rows[0]?.waitMs ?? 1)) };
  },
});

export type SlackMemory = { facts: Facts; streams: EventStreams; pace: Pace };

export const createSlackMemory = (pool: pg.Pool): SlackMemory => {
  const db = drizzle(pool);
  return { facts: factsOf(db), streams: streamsOf(db), pace: { ...paceOf(db), ...turnsOf(db) } };
};
