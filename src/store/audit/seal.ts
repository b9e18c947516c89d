/** Numbers committed events, chains them and adds them to the tree. One process at a time; writers of events wait for nobody. */
import type pg from 'pg';
import { SYSTEM } from '../../domain/audit/events.ts';
import type { AuditRecord, Counters } from '../../domain/audit/events.ts';
import { addLeaf } from '../../lib/transparency/tree.ts';
import type { Edge } from '../../lib/transparency/tree.ts';
import { inTransaction } from '../in-transaction.ts';
import type { Line } from '../in-transaction.ts';
import { canonicalJson } from './canonical-json.ts';
import { EMPTY_HEAD, EVENT_COLUMNS, eventOf } from './chain.ts';
import type { EventRow, Head } from './chain.ts';
import { chainHashOf, makeLeaf } from './leaf.ts';
import type { Leaf } from './leaf.ts';
import { readEdge } from './tree.ts';

const SEAL_LOCK = 7_215_002;
const MAX_BATCH = 1000;

const HEAD = `select seq::int8, hash, open_text is null as "isOld" from audit_chain order by seq desc limit 1`;
/** With what was counted of its request and its grant before. */
const UNSEALED = `
select (select max(c.request_event) from audit_chain c where c.request_id = e.request_id),
  (select max(c.grant_event) from audit_chain c where c.grant_id = e.grant_id), ${EVENT_COLUMNS}
from audit_unsealed u join audit_events e on e.id = u.event_id order by u.event_id limit $1`;
const CHAIN = `
with sealed as (
  insert into audit_chain (seq, event_id, prev_hash, hash, open_text, open_salt, personal_commitment, nodes,
    request_id, grant_id, request_event, grant_event)
  select * from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bytea[], $7::bytea[], $8::bytea[],
    $9::text[], $10::text[], $11::int[], $12::int[])
  returning event_id
), personal as (
  insert into audit_personal (event_id, text, salt) select * from unnest($2::bigint[], $13::text[], $14::bytea[])
)
delete from audit_unsealed where event_id = any ($2::bigint[])`;
const UPGRADE = `
insert into audit_events as e (at, type, actor, data) values (clock_timestamp(), 'log.upgraded', $1, $2) returning ${EVENT_COLUMNS}`;

type HeadRow = { seq: string; hash: string; isOld: boolean };

const headRow = async (client: pg.PoolClient): Promise<HeadRow | undefined> =>
  (await client.query<HeadRow>({ name: 'seal_head', text: HEAD })).rows[0];

/** The lock is a statement of its own: what is read after it sees everything the last holder committed. */
const isAlone = async (client: pg.PoolClient): Promise<boolean> => {
  const { rows } = await client.query<{ alone: boolean }>({
    name: 'seal_lock',
    text: 'select pg_try_advisory_xact_lock($1) as alone',
    values: [SEAL_LOCK],
  });
  return rows[0]?.alone === true;
};

type Counted = { event: AuditRecord; counters: Counters };
type UnsealedRow = [requestEvents: number | null, grantEvents: number | null, ...EventRow];

/** Says that all of this grant's access is gone, or that there never was any. */
const LAST_OF_GRANT = new Set<AuditRecord['type']>(['grant.ended', 'grant.failed']);

const counter = () => {
  const counts = new Map<string, number>();
  return (id: string | null, before: number | null): number | null => {
    if (id === null) return null;
    const count = (counts.get(id) ?? before ?? 0) + 1;
    counts.set(id, count);
    return count;
  };
};

const count = (rows: readonly UnsealedRow[]): Counted[] => {
  const [ofRequest, ofGrant] = [counter(), counter()];
  return rows.map(([requestEvents, grantEvents, ...row]) => {
    const event = eventOf(row);
    const grantEvent = ofGrant(event.grantId, grantEvents);
    const grantEventsTotal = LAST_OF_GRANT.has(event.type) ? grantEvent : null;
    return {
      event,
      counters: { requestEvent: ofRequest(event.requestId, requestEvents), grantEvent, grantEventsTotal },
    };
  });
};

type Place = Counted & { seq: number; prevHash: string; hash: string; made: Leaf; nodes: Buffer };

const placesAfter = (head: Head, edge: Edge, counted: readonly Counted[]): Place[] => {
  let { seq, hash } = head;
  return counted.map((one) => {
    const made = makeLeaf(one.event, one.counters);
    seq += 1;
    const prevHash = hash;
    hash = chainHashOf(seq, prevHash, made.commitments);
    return { ...one, seq, prevHash, hash, made, nodes: Buffer.concat(addLeaf(edge, made.leaf)) };
  });
};

/** In the order of the parameters of `CHAIN`. */
const COLUMNS: ((place: Place) => unknown)[] = [
  ({ seq }) => seq,
  ({ event }) => event.id,
  ({ prevHash }) => prevHash,
  ({ hash }) => hash,
  ({ made }) => made.open.text,
  ({ made }) => made.open.salt,
  ({ made }) => made.commitments.personal,
  ({ nodes }) => nodes,
  ({ event }) => event.requestId,
  ({ event }) => event.grantId,
  ({ counters }) => counters.requestEvent,
  ({ counters }) => counters.grantEvent,
  ({ made }) => made.personal.text,
  ({ made }) => made.personal.salt,
];

/** The first event of the tree commits to the chain before it, which stays as it is. */
const upgradeEvent = async (client: pg.PoolClient, head: Head): Promise<Counted> => {
  const values = [canonicalJson(SYSTEM), canonicalJson({ chainSeq: head.seq, chainHash: head.hash })];
  const { rows } = await client.query<EventRow>({ text: UPGRADE, values, rowMode: 'array' });
  const [row] = rows;
  if (!row) throw new Error('Postgres did not return the event that it stored.');
  return { event: eventOf(row), counters: { requestEvent: null, grantEvent: null, grantEventsTotal: null } };
};

const sealBatch = async ({ client, later }: Line, limit: number): Promise<number> => {
  if (!(await isAlone(client))) return 0;
  const values = [Math.min(limit, MAX_BATCH)];
  const [{ rows }, last, edge] = await Promise.all([
    client.query<UnsealedRow>({ name: 'seal_unsealed', text: UNSEALED, values, rowMode: 'array' }),
    headRow(client),
    readEdge(client),
  ]);
  if (rows.length === 0) return 0;
  const head = last ? { seq: Number(last.seq), hash: last.hash } : EMPTY_HEAD;
  const first = last?.isOld ? [await upgradeEvent(client, head)] : [];
  const places = placesAfter(head, edge, [...first, ...count(rows)]);
  const columns = COLUMNS.map((column) => places.map(column));
  later(() => client.query({ name: 'seal_chain', text: CHAIN, values: columns }));
  return rows.length;
};

/** Seals up to `limit` events, at most 1,000 at a time; 0 when there are none or another process is sealing. */
export const sealEvents = (pool: pg.Pool, limit: number): Promise<number> =>
  inTransaction(pool, 'begin', (line) => sealBatch(line, limit));
