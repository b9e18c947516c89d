/** Numbers and chains committed events. One process at a time; writers of events wait for nobody. */
import type pg from 'pg';
import { EMPTY_HEAD, EVENT_COLUMNS, chainAfter, eventOf } from './chain.ts';
import type { EventRow, Head } from './chain.ts';
import { inTransaction } from '../in-transaction.ts';
import type { Line } from '../in-transaction.ts';

const SEAL_LOCK = 7_215_002;
const MAX_BATCH = 1000;

const HEAD = `select seq::int8, hash from audit_chain order by seq desc limit 1`;
const UNSEALED = `select ${EVENT_COLUMNS} from audit_unsealed u join audit_events e on e.id = u.event_id order by u.event_id limit $1`;
const CHAIN = `
with sealed as (
  insert into audit_chain (seq, event_id, prev_hash, hash)
  select * from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[])
  returning event_id
)
delete from audit_unsealed where event_id = any ($2::bigint[])`;

const headOf = async (client: pg.PoolClient): Promise<Head> => {
  const { rows } = await client.query<{ seq: string; hash: string }>({ name: 'seal_head', text: HEAD });
  const [last] = rows;
  return last ? { seq: Number(last.seq), hash: last.hash } : EMPTY_HEAD;
};

/** The lock is a statement of its own: what is read after it sees everything the last holder committed. */
const isAlone = async (client: pg.PoolClient): Promise<boolean> => {
  const { rows } = await client.query<{ alone: boolean }>({
    name: 'seal_lock',
    text: 'select pg_try_advisory_xact_lock($1) as alone',
    values: [SEAL_LOCK],
  });
  return rows[0]?.alone === true;
};

const sealBatch = async ({ client, later }: Line, limit: number): Promise<number> => {
  if (!(await isAlone(client))) return 0;
  const values = [Math.min(limit, MAX_BATCH)];
  const [{ rows }, head] = await Promise.all([
    client.query<EventRow>({ name: 'seal_unsealed', text: UNSEALED, values, rowMode: 'array' }),
    headOf(client),
  ]);
  if (rows.length === 0) return 0;
  const sealed = chainAfter(head, rows.map(eventOf));
  const columns = [
    sealed.map(({ seq }) => seq),
    sealed.map(({ id }) => id),
    sealed.map(({ prevHash }) => prevHash),
    sealed.map(({ hash }) => hash),
  ];
  later(() => client.query({ name: 'seal_chain', text: CHAIN, values: columns }));
  return sealed.length;
};

/** Seals up to `limit` events, at most 1,000 at a time; 0 when there are none or another process is sealing. */
export const sealEvents = (pool: pg.Pool, limit: number): Promise<number> =>
  inTransaction(pool, 'begin', (line) => sealBatch(line, limit));
