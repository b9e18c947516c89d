/** Reads the chain with its events in order, batch by batch in one snapshot: flat memory however long the log is. */
import type pg from 'pg';
import type { AuditRecord } from '../../domain/audit/events.ts';
import { EVENT_COLUMNS, eventOf } from './chain.ts';
import type { EventRow } from './chain.ts';
import { inTransaction } from '../in-transaction.ts';
import type { Salted } from './leaf.ts';

const BATCH = 5000;

/** What a place has since there is a tree. `personal` is null when it was erased. */
export type TreePlace = {
  open: Salted;
  personal: Salted | null;
  personalCommitment: Buffer;
  nodes: Buffer;
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

type TreeColumns = [
  openText: string | null,
  openSalt: Buffer | null,
  personalCommitment: Buffer | null,
  nodes: Buffer | null,
  personalText: string | null,
  personalSalt: Buffer | null,
];
type LinkRow = [
  seq: string,
  prevHash: string,
  hash: string,
  eventId: string,
  ...TreeColumns,
  ...(EventRow | [null, ...unknown[]]),
];

const LINKS = `
select c.seq, c.prev_hash, c.hash, c.event_id, c.open_text, c.open_salt, c.personal_commitment, c.nodes, p.text, p.salt, ${EVENT_COLUMNS}
from (select * from audit_chain where seq > $1 and seq <= $2 order by seq limit ${BATCH}) c
left join audit_events e on e.id = c.event_id
left join audit_personal p on p.event_id = c.event_id
order by c.seq`;

const hasEvent = (row: EventRow | [null, ...unknown[]]): row is EventRow => row[0] !== null;

const NOTHING = Buffer.alloc(0);

const treeOf = ([openText, openSalt, personalCommitment, nodes, text, salt]: TreeColumns): TreePlace | null =>
  openText === null
    ? null
    : {
        open: { text: openText, salt: openSalt ?? NOTHING },
        personal: text === null ? null : { text, salt: salt ?? NOTHING },
        personalCommitment: personalCommitment ?? NOTHING,
        nodes: nodes ?? NOTHING,
      };

const linkOf = ([seq, prevHash, hash, eventId, a, b, c, d, e, f, ...row]: LinkRow): Link => ({
  seq: Number(seq),
  prevHash,
  hash,
  eventId,
  tree: treeOf([a, b, c, d, e, f]),
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
