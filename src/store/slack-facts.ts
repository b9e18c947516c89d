/** What Latchkey knows of Slack between two calls, the same for all processes. */
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import type pg from 'pg';
import type { EventStreams, FactName, Facts, Pace } from '../application/identity/fact-ports.ts';
import type { Db } from './statement.ts';

/** How old a fact may be while every event is heard. A bound all the same, since nobody says whether Slack sends the events. */
export const HEARD_SECONDS = 30;
/** How old a fact may be where events are not heard, as over HTTP. */
export const UNHEARD_SECONDS = 3;
/** A process that has not said for so long that it hears events is taken for dead. */
export const SILENT_SECONDS = 15;
const KEPT_HOURS = 24;

const gap = (
  teamId: string,
) => sql`insert into slack_stream_gaps (team_id, last_at) values (${teamId}, clock_timestamp())
  on conflict (team_id) do update set last_at = excluded.last_at`;

/**
 * A process has been connected since before it was read, and none has fallen silent. Slack gives each event to one connection only, so the loss
 * of any is a gap for all, and what was read before it counts for nothing.
 */
const isHeard = (teamId: string) => sql`(
  exists (select from slack_streams s where s.team_id = ${teamId} and s.connected_at < f.read_at)
  and not exists (select from slack_streams s where s.team_id = ${teamId}
    and s.seen_at < clock_timestamp() - ${SILENT_SECONDS} * interval '1 second'))`;

const isSinceGap = (teamId: string) => sql`not exists (
  select from slack_stream_gaps g where g.team_id = ${teamId} and g.last_at >= f.read_at)`;

const forget = async (db: Db, teamId: string, names: readonly FactName[]): Promise<void> => {
  await db.execute(sql`
    insert into slack_facts (team_id, kind, key, forgotten_at)
    select ${teamId}, kind, key, clock_timestamp()
    from unnest(${sql.param(names.map(({ kind }) => kind))}::text[], ${sql.param(names.map(({ key }) => key))}::text[]) as n(kind, key)
    order by kind, key
    on conflict (team_id, kind, key) do update set forgotten_at = excluded.forgotten_at, value = null`);
};

const factsOf = (db: Db): Facts => ({
  find: async (teamId, { kind, key }, known) => {
    const { rows } = await db.execute<{ version: string; value: unknown }>(sql`
      select v.version, case when v.version = ${known}::text then null else f.value end as value
      from slack_facts f, lateral (select (extract(epoch from f.read_at) * 1000000)::bigint::text as version) v
      where f.team_id = ${teamId} and f.kind = ${kind} and f.key = ${key}
        and f.read_at > coalesce(f.forgotten_at, '-infinity')
        and ${isSinceGap(teamId)}
        and f.read_at > clock_timestamp() - interval '1 second'
          * case when ${isHeard(teamId)} then ${HEARD_SECONDS}::int else ${UNHEARD_SECONDS}::int end`);
    const [row] = rows;
    if (!row) return null;
    const { version, value } = row;
    return version === known ? { version, isKnown: true } : { version, isKnown: false, value };
  },
  keep: async (teamId, { kind, key }, { value, ageMs }) => {
    await db.execute(sql`
      insert into slack_facts as f (team_id, kind, key, value, read_at)
      values (${teamId}, ${kind}, ${key}, ${JSON.stringify(value)}::jsonb, clock_timestamp() - ${ageMs} * interval '1 millisecond')
      on conflict (team_id, kind, key) do update set value = excluded.value, read_at = excluded.read_at
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
    if (rows.length > 0) await db.execute(gap(teamId));
    await db.execute(sql`delete from slack_facts where team_id = ${teamId}
      and greatest(read_at, forgotten_at) < clock_timestamp() - ${KEPT_HOURS} * interval '1 hour'`);
  },
  lost: async (teamId, processId) => {
    await db.execute(gap(teamId));
    await db.execute(sql`delete from slack_streams where process_id = ${processId}`);
  },
});

/** A burst of `burst`, then one each `everyMs`: the generic cell rate algorithm, whose whole state is one moment a key. */
const paceOf = (db: Db): Pace => ({
  reserve: async (key, { everyMs, burst }) => {
    const { rows } = await db.execute<{ waitMs: number }>(sql`
      insert into slack_pace as p (key, planned_until) values (${key}, clock_timestamp() + ${everyMs} * interval '1 millisecond')
      on conflict (key) do update set
        planned_until = greatest(p.planned_until, clock_timestamp()) + ${everyMs} * interval '1 millisecond'
      returning (extract(epoch from planned_until - clock_timestamp()) * 1000 - ${everyMs * burst})::float8 as "waitMs"`);
    return Math.max(0, Math.ceil(rows[0]?.waitMs ?? 0));
  },
});

export type SlackMemory = { facts: Facts; streams: EventStreams; pace: Pace };

export const createSlackMemory = (pool: pg.Pool): SlackMemory => {
  const db = drizzle(pool);
  return { facts: factsOf(db), streams: streamsOf(db), pace: paceOf(db) };
};
