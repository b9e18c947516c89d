/** Numbers committed events, chains them and adds them to the tree. One process at a time; writers of events wait for nobody. */
import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { SYSTEM } from '../../domain/audit/events.ts';
import type { AuditRecord, Counters } from '../../domain/audit/events.ts';
import { LAST_OF_GRANT } from '../../domain/audit/last-of-grant.ts';
import { addLeaf } from '../../lib/transparency/tree.ts';
import type { Edge } from '../../lib/transparency/tree.ts';
import { inTransaction } from '../in-transaction.ts';
import type { Line } from '../in-transaction.ts';
import { canonicalJson } from '../../domain/canonical-json.ts';
import { EMPTY_HEAD, EVENT_COLUMNS, eventOf } from './chain.ts';
import type { EventRow, Head } from './chain.ts';
import { SALT_BYTES, chainHashOf, makeLeaf } from './leaf.ts';
import { STORE_PLACES, placesAfter } from './places.ts';
import { readEdge } from './tree.ts';

export const SEAL_LOCK = 7_215_002;
const MAX_BATCH = 1000;
/** Of both texts of an event. */
const SALTS_BYTES = 2 * SALT_BYTES;

const HEAD = `select seq::int8, hash, open_text is null as "isOld" from audit_chain order by seq desc limit 1`;
/** With what was counted of its request and its grant before. */
const UNSEALED = `
select (select max(c.request_event) from audit_chain c where c.request_id = e.request_id),
  (select max(c.grant_event) from audit_chain c where c.grant_id = e.grant_id), ${EVENT_COLUMNS}
from audit_unsealed u join audit_events e on e.id = u.event_id order by u.event_id limit $1`;
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

const counter = () => {
  const counts = new Map<string, number>();
  return (id: string | null, before: number | null): number | null => {
    if (id === null) return null;
    const count = (counts.get(id) ?? before ?? 0) + 1;
    counts.set(id, count);
    return count;
  };
};

function* counted(first: Counted | null, rows: readonly UnsealedRow[]): Generator<Counted> {
  if (first) yield first;
  const [ofRequest, ofGrant] = [counter(), counter()];
  for (const [requestEvents, grantEvents, ...row] of rows) {
    const event = eventOf(row);
    const grantEvent = ofGrant(event.grantId, grantEvents);
    const grantEventsTotal = LAST_OF_GRANT.has(event.type) ? grantEvent : null;
    const requestEvent = ofRequest(event.requestId, requestEvents);
    yield { event, counters: { requestEvent, grantEvent, grantEventsTotal } };
  }
}

type Batch = { head: Head; edge: Edge; events: Iterable<Counted>; count: number };

/** Adds the events to the edge; with the hash of the last of them. */
const placesOf = ({ head, edge, events, count }: Batch): { hash: string; parameters: unknown[] } => {
  let { seq, hash } = head;
  let salted = 0;
  const salts = randomBytes(count * SALTS_BYTES);
  const places = placesAfter(head.seq, count);
  for (const { event, counters } of events) {
    const made = makeLeaf(event, counters, salts.subarray(salted, salted + SALTS_BYTES));
    salted += SALTS_BYTES;
    seq += 1;
    const prevHash = hash;
    hash = chainHashOf(seq, prevHash, made.commitments);
    places.add({ event, counters, prevHash, hash, made, nodes: addLeaf(edge, made.leaf) });
  }
  return { hash, parameters: places.parameters() };
};

/** The right edge of the tree after the head with this hash: it is what is read anew only when another process sealed since. */
type Frontier = { hash: string; edge: Edge };
const frontiers = new WeakMap<pg.Pool, Frontier>();

const edgeAfter = async (client: pg.PoolClient, known: Frontier | undefined, head: Head): Promise<Edge> =>
  known?.hash === head.hash ? { ...known.edge, peaks: [...known.edge.peaks] } : readEdge(client);

/** The first event of the tree commits to the chain before it, which stays as it is. */
const upgradeEvent = async (client: pg.PoolClient, head: Head): Promise<Counted> => {
  const values = [canonicalJson(SYSTEM), canonicalJson({ chainSeq: head.seq, chainHash: head.hash })];
  const { rows } = await client.query<EventRow>({ text: UPGRADE, values, rowMode: 'array' });
  const [row] = rows;
  if (!row) throw new Error('Postgres did not return the event that it stored.');
  return { event: eventOf(row), counters: { requestEvent: null, grantEvent: null, grantEventsTotal: null } };
};

type Sealed = { count: number; frontier: Frontier | undefined };

const sealBatch = async ({ client, later }: Line, limit: number, known: Frontier | undefined): Promise<Sealed> => {
  if (!(await isAlone(client))) return { count: 0, frontier: known };
  const values = [Math.min(limit, MAX_BATCH)];
  const [{ rows }, last] = await Promise.all([
    client.query<UnsealedRow>({ name: 'seal_unsealed', text: UNSEALED, values, rowMode: 'array' }),
    headRow(client),
  ]);
  if (rows.length === 0) return { count: 0, frontier: known };
  const head = last ? { seq: Number(last.seq), hash: last.hash } : EMPTY_HEAD;
  const edge = await edgeAfter(client, known, head);
  const first = last?.isOld ? await upgradeEvent(client, head) : null;
  const events = counted(first, rows);
  const { hash, parameters } = placesOf({ head, edge, events, count: rows.length + (first ? 1 : 0) });
  later(() => client.query({ name: 'seal_places', text: STORE_PLACES, values: parameters }));
  return { count: rows.length, frontier: { hash, edge } };
};

/** Seals up to `limit` events, at most 1,000 at a time; 0 when there are none or another process is sealing. */
export const sealEvents = async (pool: pg.Pool, limit: number): Promise<number> => {
  const { count: sealed, frontier } = await inTransaction(pool, 'begin', (line) =>
    sealBatch(line, limit, frontiers.get(pool)),
  );
  // Only now is it stored.
  if (frontier) frontiers.set(pool, frontier);
  return sealed;
};
