/** Reads the chain with its events in order, batch by batch in one snapshot: flat memory however long the log is. */
import type pg from 'pg';
import type { AuditRecord } from '../../domain/audit/events.ts';
import { COLUMNS_AFTER_ID, eventOf } from './chain.ts';
import type { EventRow } from './chain.ts';
import { HASH_BYTES } from '../../lib/transparency/tree.ts';
import { inTransaction } from '../in-transaction.ts';
import type { Salted } from './leaf.ts';

/** What is read while it is worked on: more of it would only live long enough to be moved about in memory. */
const BATCH = 1000;

/** What a place has since there is a tree. The personal text is that of the event in its table; its salt is null when it was erased. */
export type TreePlace = {
  open: Salted;
  personalSalt: Buffer | null;
  personalCommitment: Buffer;
  nodes: Buffer;
  /** What its event is found by, as the open text has it; null where that names another request or grant than the event. */
  found: string | null;
};

/** A place in the chain; `event` is null when the chain names an event that is not there, `tree` for places from before the tree. */
export type Link = {
  seq: number;
  prevHash: string;
  hash: string;
  eventId: string;
  event: AuditRecord | null;
  tree: TreePlace | null;
};

/** `bytes`: the salt and the commitment, the other salt where there is one, and the nodes, in one: a column costs more than what is in it. */
type LinkRow = [
  seq: string,
  prevHash: string,
  hash: string,
  openText: string | null,
  hasPersonalSalt: boolean,
  bytes: Buffer | null,
  found: string | null,
  ...(EventRow | [id: string, null, ...unknown[]]),
];

const isWhole = (column: string): string => `octet_length(${column}) = ${HASH_BYTES}`;

/** The counters as `leaf.ts` writes them. */
const FOUND = `case when (c.request_id, c.grant_id) is not distinct from (e.request_id, e.grant_id)
    then concat(',"requestEvent":' || c.request_event, ',"grantEvent":' || c.grant_event) end`;

/** Values of another length than theirs are none. */
const LINKS = `
select c.seq::text, c.prev_hash, c.hash, c.open_text, p.salt is not null,
  case when ${isWhole('c.open_salt')} and ${isWhole('c.personal_commitment')} and (p.salt is null or ${isWhole('p.salt')})
    then c.open_salt || c.personal_commitment || coalesce(p.salt, '') || coalesce(c.nodes, '') end,
  ${FOUND}, c.event_id::text, ${COLUMNS_AFTER_ID}
from (select * from audit_chain where seq > $1 and seq <= $2 order by seq limit ${BATCH}) c
left join audit_events e on e.id = c.event_id
left join audit_personal p on p.event_id = c.event_id
order by c.seq`;

const hasEvent = (row: EventRow | [string, null, ...unknown[]]): row is EventRow => row[1] !== null;

const NOTHING = Buffer.alloc(0);
const SALT_AT = 2 * HASH_BYTES;

type Stored = { openText: string; hasPersonalSalt: boolean; bytes: Buffer | null; found: string | null };

const treeOf = ({ openText, hasPersonalSalt, bytes: stored, found }: Stored): TreePlace => {
  const bytes = stored ?? NOTHING;
  const nodesAt = hasPersonalSalt ? SALT_AT + HASH_BYTES : SALT_AT;
  return {
    open: { text: openText, salt: bytes.subarray(0, HASH_BYTES) },
    personalCommitment: bytes.subarray(HASH_BYTES, SALT_AT),
    personalSalt: hasPersonalSalt ? bytes.subarray(SALT_AT, nodesAt) : null,
    nodes: bytes.subarray(nodesAt),
    found,
  };
};

const linkOf = ([seq, prevHash, hash, openText, hasPersonalSalt, bytes, found, ...row]: LinkRow): Link => ({
  seq: Number(seq),
  prevHash,
  hash,
  eventId: row[0],
  tree: openText === null ? null : treeOf({ openText, hasPersonalSalt, bytes, found }),
  event: hasEvent(row) ? eventOf(row) : null,
});

// A batch fetches its events by primary key. Without statistics the planner would hash the whole log for each batch.
const FOR_LONG_READS = `
set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0;
set local enable_hashjoin = off; set local enable_mergejoin = off`;

/** Runs `read` in one read-only snapshot, without the time limits that are meant for transactions that hold others up. */
export const inSnapshot = <T>(pool: pg.Pool, read: (client: pg.PoolClient) => Promise<T>): Promise<T> =>
  inTransaction(pool, 'begin isolation level repeatable read read only', async ({ client }) => {
    await client.query(FOR_LONG_READS);
    return read(client);
  });

/** Places `after` < seq <= `upTo`. Postgres works on the next batch while the caller works on this one. */
export async function* linkBatches(
  client: pg.PoolClient,
  range: { after: number; upTo: number } = { after: 0, upTo: Number.MAX_SAFE_INTEGER },
): AsyncGenerator<Link[]> {
  const fetch = async (after: number): Promise<Link[]> => {
    const values = [after, range.upTo];
    const { rows } = await client.query<LinkRow>({ name: 'audit_links', text: LINKS, values, rowMode: 'array' });
    return rows.map(linkOf);
  };
  let batch = await fetch(range.after);
  while (batch.length > 0) {
    const next = fetch(batch.at(-1)?.seq ?? 0);
    // Awaited below; this keeps a failure from being unhandled when the caller throws meanwhile.
    next.catch(() => undefined);
    yield batch;
    batch = await next;
  }
}
