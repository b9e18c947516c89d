/** Writes the sealed log for people and programs outside: JSONL to verify, CSV to read in a spreadsheet. */
import type pg from 'pg';
import type { SealedRecord } from '../../domain/audit/events.ts';
import { csvCell } from '../../lib/csv.ts';
import { inSnapshot, linkBatches } from './read.ts';
import type { Link, TreePlace } from './read.ts';

const COLUMNS = [
  'seq',
  'prevHash',
  'hash',
  'id',
  'at',
  'type',
  'actor',
  'requestId',
  'grantId',
  'target',
  'role',
  'data',
] as const satisfies readonly (keyof SealedRecord)[];

/** `since` is included, `until` is not. What comes out is one stretch of the chain without gaps. */
export type ExportOptions = { format: 'jsonl' | 'csv'; since?: Date; until?: Date };

const csvLine = (record: SealedRecord): string => `${COLUMNS.map((column) => csvCell(record[column])).join(',')}\r\n`;

/** With what the commitments are made of; the personal text is that of `actor` and `data`. */
const treeColumns = ({ open, personalSalt, personalCommitment }: TreePlace) => ({
  openText: open.text,
  openSalt: open.salt.toString('base64'),
  ...(personalSalt
    ? { personalSalt: personalSalt.toString('base64') }
    : { personalCommitment: personalCommitment.toString('base64') }),
});

const jsonLine = (record: SealedRecord, tree: TreePlace | null): string => {
  const columns = Object.fromEntries(COLUMNS.map((column) => [column, record[column]]));
  return `${JSON.stringify({ ...columns, ...(tree && treeColumns(tree)) })}\n`;
};

const recordOf = ({ seq, prevHash, hash, eventId, event }: Link): SealedRecord => {
  if (!event) throw new Error(`Event ${eventId}, sealed as ${seq}, is missing: run audit verify before exporting.`);
  return { ...event, seq, prevHash, hash };
};

const IN_WINDOW = `($1::timestamptz is null or e.at >= $1) and ($2::timestamptz is null or e.at < $2)`;

/**
 * The stretch of the chain from the first to the last event in the window. Events commit in another order than they are dated,
 * so an event dated just outside may lie in it; leaving it out would look like a removed one.
 */
const STRETCH = `
select coalesce(min(c.seq), 1)::int8 as first, coalesce(max(c.seq), 0)::int8 as last
from audit_chain c join audit_events e on e.id = c.event_id
where ${IN_WINDOW}`;

const rangeOf = async (client: pg.PoolClient, { since, until }: ExportOptions) => {
  if (!since && !until) return { after: 0, upTo: Number.MAX_SAFE_INTEGER };
  await client.query('set local enable_hashjoin = on');
  const values = [since ?? null, until ?? null];
  const { rows } = await client.query<{ first: string; last: string }>(STRETCH, values);
  await client.query('set local enable_hashjoin = off');
  return { after: Number(rows[0]?.first ?? 1) - 1, upTo: Number(rows[0]?.last ?? 0) };
};

const UNSEALED = `
select count(*)::int as n from audit_unsealed u join audit_events e on e.id = u.event_id
where ${IN_WINDOW}`;

const unsealedIn = async (client: pg.PoolClient, { since, until }: ExportOptions): Promise<number> => {
  const { rows } = await client.query<{ n: number }>(UNSEALED, [since ?? null, until ?? null]);
  return rows[0]?.n ?? 0;
};

/**
 * Calls `write` with pieces of text, one after the other, and waits for each: a slow reader slows the export and fills no memory.
 * Only sealed events are in it. Returns how many, and how many in the window are not sealed yet.
 */
export const exportAudit = (
  pool: pg.Pool,
  options: ExportOptions,
  write: (text: string) => Promise<void>,
): Promise<{ events: number; unsealed: number }> =>
  inSnapshot(pool, async (client) => {
    const line = options.format === 'csv' ? csvLine : jsonLine;
    if (options.format === 'csv') await write(`${COLUMNS.join(',')}\r\n`);
    let events = 0;
    for await (const links of linkBatches(client, await rangeOf(client, options))) {
      await write(links.map((link) => line(recordOf(link), link.tree)).join(''));
      events += links.length;
    }
    return { events, unsealed: await unsealedIn(client, options) };
  });
