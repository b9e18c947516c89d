/** What is done to the log itself once a day: closing the days before, and erasing the personal parts that are old enough. */
import type pg from 'pg';
import type { ErasureDue, NextDay, RecordKeeping } from '../../application/evidence/record-keeping.ts';
import { inTransaction } from '../in-transaction.ts';

const KEEPING_LOCK = 7_215_005;
/** Walks over what is old; nobody waits for it. */
const NO_LIMIT = 'set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0';

/** By whole days, so that there is one record a day. What stands before the tree has no part of its own to erase. */
const DUE = `
with log as (
  select erased_through() as recorded, coalesce((select max(seq) from audit_chain where open_text is null), 0) as before,
    coalesce((select max(seq) from audit_chain), 0) as last,
    date_trunc('day', clock_timestamp() - make_interval(secs => $1), 'UTC') as cutoff
), young as (
  select c.seq from log, audit_chain c join audit_events e on e.id = c.event_id
  where c.seq > greatest(log.recorded, log.before) and e.at >= log.cutoff order by c.seq limit 1
)
select recorded::float8 as recorded, cutoff as before, coalesce((select seq - 1 from young), last)::float8 as through,
  (select count(*) from audit_chain c join audit_personal p on p.event_id = c.event_id
    where c.seq <= coalesce((select seq - 1 from young), last))::float8 as events
from log`;

const NEXT = `
with closed as (
  select (data::json ->> 'day')::date as day, (data::json ->> 'lastSeq')::bigint as last, (data::json ->> 'openGrants')::int as open
  from audit_events where type = 'day.closed' order by id desc limit 1
), log as (
  select coalesce((select max(seq) from audit_chain where open_text is null), 0) as before
), next as (
  select coalesce((select day + 1 from closed),
      (select (e.at at time zone 'UTC')::date from audit_chain c join audit_events e on e.id = c.event_id where c.seq = log.before + 1)) as day,
    coalesce((select last from closed), log.before) + 1 as first, (select open from closed) as open, log.before
  from log
), ends as (
  select next.*, (day + 1)::timestamp at time zone 'UTC' as ends from next where day is not null
)
select to_char(day, 'YYYY-MM-DD') as day, first::float8 as "firstSeq", ends as "endsAt", before::float8 as before, open as "openBefore"
from ends
where clock_timestamp() > ends + interval '5 minutes'
  and not exists (select from audit_unsealed u join audit_events e on e.id = u.event_id where e.at < ends)`;

const LAST = `
select coalesce(
  (select c.seq - 1 from audit_chain c join audit_events e on e.id = c.event_id where c.seq >= $1 and e.at >= $2 order by c.seq limit 1),
  (select max(seq) from audit_chain), 0)::float8 as last`;
const COUNTS = `
select e.type, count(*)::int as count from audit_chain c join audit_events e on e.id = c.event_id
where c.seq between $1 and $2 group by e.type order by e.type collate "C"`;
const GRANTS = `
select distinct grant_id as id from audit_chain where seq between $1 and $2 and grant_id is not null order by grant_id`;

type Client = Pick<pg.PoolClient, 'query'>;
type NextRow = { day: string; firstSeq: number; endsAt: Date; before: number; openBefore: number | null };

const countsIn = async (client: Client, first: number, last: number): Promise<Record<string, number>> => {
  const { rows } = await client.query<{ type: string; count: number }>(COUNTS, [first, last]);
  return Object.fromEntries(rows.map(({ type, count }) => [type, count]));
};

const nextDay = async (client: Client): Promise<NextDay | null> => {
  const [next] = (await client.query<NextRow>(NEXT)).rows;
  if (!next) return null;
  const { day, firstSeq, endsAt, before, openBefore } = next;
  const { rows } = await client.query<{ last: number }>(LAST, [firstSeq, endsAt]);
  const lastSeq = Math.max(firstSeq - 1, rows[0]?.last ?? 0);
  const grants = (await client.query<{ id: string }>(GRANTS, [firstSeq, lastSeq])).rows.map(({ id }) => id);
  return {
    day,
    firstSeq,
    lastSeq,
    grants,
    events: await countsIn(client, firstSeq, lastSeq),
    openBefore,
    eventsBefore: openBefore === null ? await countsIn(client, 1, before) : {},
  };
};

export const recordKeeping = (pool: pg.Pool): RecordKeeping => ({
  alone: async (work) =>
    inTransaction(pool, 'begin', async ({ client }) => {
      await client.query(NO_LIMIT);
      const { rows } = await client.query<{ alone: boolean }>('select pg_try_advisory_xact_lock($1) as alone', [
        KEEPING_LOCK,
      ]);
      return rows[0]?.alone === true ? work() : null;
    }),
  nextDay: () =>
    inTransaction(pool, 'begin read only', async ({ client }) => {
      await client.query(NO_LIMIT);
      return nextDay(client);
    }),
  erasureDue: (retentionMs) =>
    inTransaction(pool, 'begin read only', async ({ client }) => {
      await client.query(NO_LIMIT);
      const [due] = (await client.query<ErasureDue>(DUE, [retentionMs / 1000])).rows;
      if (!due) throw new Error('Postgres gave no answer about what is due for erasure.');
      return due;
    }),
  eraseBatch: async (atMost) => {
    const { rows } = await pool.query<{ erased: number }>('select erase_personal($1) as erased', [atMost]);
    return rows[0]?.erased ?? 0;
  },
});
