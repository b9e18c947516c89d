/** How far each sink has the log. */
import type pg from 'pg';
import type { ParkedRange, SinkState, SinkStore } from '../../application/evidence/deliver-events.ts';
import { inTransaction } from '../in-transaction.ts';
import { COLUMNS_AFTER_ID, eventOf } from './chain.ts';
import type { EventRow } from './chain.ts';

const SINK_LOCK = 7_215_006;
const NO_LIMIT = 'set local idle_in_transaction_session_timeout = 0';

const BEGIN = `
insert into audit_sinks (name, cursor, next_at)
values ($1, case when $2 then coalesce((select max(seq) from audit_chain), 0) else 0 end, clock_timestamp()) on conflict do nothing`;
const STATE = `
select cursor::float8 as cursor, failures, paused_by is not null as "isClosed",
  (extract(epoch from next_at - clock_timestamp()) * 1000)::float8 as "waitMs"
from audit_sinks where name = $1`;
const EVENTS = `
select c.seq::text, c.prev_hash, c.hash, (extract(epoch from clock_timestamp() - e.at) * 1000)::float8, e.id::text, ${COLUMNS_AFTER_ID}
from audit_chain c join audit_events e on e.id = c.event_id where c.seq > $1 order by c.seq limit $2`;
const TOOK = `
update audit_sinks set cursor = greatest(cursor, $2), failures = 0, error = null, paused_by = null, next_at = clock_timestamp() where name = $1`;
const FAILED = `
update audit_sinks set failures = failures + 1, error = $2, paused_by = case when $3 then $2 end,
  next_at = clock_timestamp() + $4 * interval '1 millisecond' where name = $1`;
const PARK = `
insert into audit_sink_parked (sink, from_seq, to_seq, why, parked_at) values ($1, $2, $3, $4, clock_timestamp())
on conflict (sink, from_seq) do update set to_seq = excluded.to_seq, why = excluded.why, parked_at = excluded.parked_at`;
const ALL = `
select s.name, s.cursor::float8 as cursor, s.error, s.paused_by is not null as "isPaused",
  (coalesce((select max(seq) from audit_chain), 0) - s.cursor)::float8 as behind,
  coalesce((select json_agg(json_build_object('from', p.from_seq, 'to', p.to_seq, 'why', p.why) order by p.from_seq)
    from audit_sink_parked p where p.sink = s.name), '[]') as parked
from audit_sinks s order by s.name`;

type Row = [seq: string, prevHash: string, hash: string, ageMs: number, ...EventRow];

/** `locks`: connections that are held while a sink is waited for, so that no other work waits for one. */
export const sinkStore = (pool: pg.Pool, locks: pg.Pool): SinkStore => ({
  alone: (name, work) =>
    inTransaction(locks, 'begin', async ({ client }) => {
      await client.query(NO_LIMIT);
      const { rows } = await client.query<{ alone: boolean }>(
        'select pg_try_advisory_xact_lock($1, hashtext($2)) as alone',
        [SINK_LOCK, name],
      );
      if (rows[0]?.alone === true) await work();
    }),
  state: async (name, startsAt) => {
    const read = () => pool.query<SinkState>(STATE, [name]);
    const found = (await read()).rows[0];
    if (found) return found;
    await pool.query(BEGIN, [name, startsAt === 'now']);
    const made = (await read()).rows[0];
    if (!made) throw new Error(`Postgres did not keep the sink ${name}.`);
    return made;
  },
  eventsAfter: async (cursor, limit) => {
    const { rows } = await pool.query<Row>({ text: EVENTS, values: [cursor, limit], rowMode: 'array' });
    return rows.map(([seq, prevHash, hash, ageMs, ...row]) => ({
      ageMs,
      event: { ...eventOf(row), seq: Number(seq), prevHash, hash },
    }));
  },
  took: async (name, cursor) => void (await pool.query(TOOK, [name, cursor])),
  failed: async (name, { why, isClosed, waitMs }) => void (await pool.query(FAILED, [name, why, isClosed, waitMs])),
  park: async (name, { from, to, why }) => void (await pool.query(PARK, [name, from, to, why])),
});

export type SinkFacts = {
  name: string;
  cursor: number;
  behind: number;
  error: string | null;
  isPaused: boolean;
  parked: ParkedRange[];
};

export const sinkFacts = async (pool: pg.Pool): Promise<SinkFacts[]> => (await pool.query<SinkFacts>(ALL)).rows;

/** From this event on, the sink gets all of it again, and what was parked of it. */
export const sendAgain = async (pool: pg.Pool, name: string, from: number): Promise<boolean> => {
  const text = `update audit_sinks set cursor = $2::bigint - 1, failures = 0, error = null, paused_by = null, next_at = clock_timestamp() where name = $1`;
  const { rowCount } = await pool.query(text, [name, from]);
  await pool.query('delete from audit_sink_parked where sink = $1 and to_seq >= $2', [name, from]);
  return rowCount === 1;
};

/** For a sink that is not in the policy any more. */
export const forgetSink = async (pool: pg.Pool, name: string): Promise<boolean> => {
  await pool.query('delete from audit_sink_parked where sink = $1', [name]);
  return (await pool.query('delete from audit_sinks where name = $1', [name])).rowCount === 1;
};
