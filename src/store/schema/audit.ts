/** The tables of the audit log: events, their chain, and what is not chained yet. */
import { sql } from 'drizzle-orm';
import { bigint, index, pgTable, text } from 'drizzle-orm/pg-core';
import { idText, instant, serialId } from './columns.ts';

/** Append-only: a trigger refuses everything but INSERT. `actor` and `data` are kept as the exact text that is hashed. */
export const auditEvents = pgTable(
  'audit_events',
  {
    id: serialId(),
    at: instant('at').notNull(),
    type: text().notNull(),
    actor: text().notNull(),
    requestId: idText('request_id'),
    grantId: idText('grant_id'),
    target: text(),
    role: text(),
    data: text().notNull(),
  },
  (table) => [
    // For timelines: when credentials were first looked at.
    index('audit_credentials_shown')
      .on(table.grantId, table.at)
      .where(sql`${table.type} = 'credentials.shown'`),
  ],
);

/** The order and the hashes of committed events. Append-only like the events; written by one sealer at a time. */
export const auditChain = pgTable('audit_chain', {
  seq: bigint({ mode: 'number' }).primaryKey(),
  eventId: bigint('event_id', { mode: 'number' }).notNull().unique(),
  prevHash: text('prev_hash').notNull(),
  hash: text().notNull(),
});

/** Events that are committed but not chained yet. A queue, because finding them by absence would read the whole log. */
export const auditUnsealed = pgTable('audit_unsealed', {
  eventId: bigint('event_id', { mode: 'number' }).primaryKey(),
});
