/** What sealing was before there was a tree: a number and a hash for each event, in a table of its own beside the log. */
import type pg from 'pg';
import { EMPTY_HEAD, EVENT_COLUMNS, eventOf, hashOf } from '../../src/store/audit/chain.ts';
import type { EventRow, Head } from '../../src/store/audit/chain.ts';
import { inTransaction } from '../../src/store/in-transaction.ts';
import type { Line } from '../../src/store/in-transaction.ts';

const LOCK = 7_215_099;

export const CHAIN_TABLES = `
create table bench_chain (seq bigint primary key, event_id bigint not null unique, prev_hash text not null, hash text not null);
create table bench_unsealed (event_id bigint primary key);
create trigger bench_chain_append_only before update or delete or truncate on bench_chain
  for each statement execute function refuse_change();`;

const HEAD = `select seq::int8, hash from bench_chain order by seq desc limit 1`;
const UNSEALED = `select ${EVENT_COLUMNS} from bench_unsealed u join audit_events e on e.id = u.event_id order by u.event_id limit $1`;
const CHAIN = `
with sealed as (
  insert into bench_chain (seq, event_id, prev_hash, hash)
  select * from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[])
  returning event_id
)
delete from bench_unsealed where event_id = any ($2::bigint[])`;

const headOf = async (client: pg.PoolClient): Promise<Head> => {
  const { rows } = await client.query<{ seq: string; hash: string }>({ name: 'bench_head', text: HEAD });
  const [last] = rows;
  return last ? { seq: Number(last.seq), hash: last.hash } : EMPTY_HEAD;
};

const chainBatch = async ({ client, later }: Line, limit: number): Promise<number> => {
  await client.query({ name: 'bench_lock', text: 'select pg_try_advisory_xact_lock($1) as alone', values: [LOCK] });
  const [{ rows }, head] = await Promise.all([
    client.query<EventRow>({ name: 'bench_unsealed', text: UNSEALED, values: [limit], rowMode: 'array' }),
    headOf(client),
  ]);
  if (rows.length === 0) return 0;
  let { seq, hash } = head;
  const sealed = rows.map((row) => {
    const event = eventOf(row);
    seq += 1;
    const prevHash = hash;
    hash = hashOf(seq, prevHash, event);
    return { seq, id: event.id, prevHash, hash };
  });
  const columns = [
    sealed.map((place) => place.seq),
    sealed.map(({ id }) => id),
    sealed.map(({ prevHash }) => prevHash),
    sealed.map((place) => place.hash),
  ];
  later(() => client.query({ name: 'bench_chain', text: CHAIN, values: columns }));
  return sealed.length;
};

export const chainEvents = (pool: pg.Pool, limit: number): Promise<number> =>
  inTransaction(pool, 'begin', (line) => chainBatch(line, limit));
