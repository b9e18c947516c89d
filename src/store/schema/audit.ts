/** The tables of the audit log: events, their chain, and what is not chained yet. */
import { sql } from 'drizzle-orm';
import { bigint, index, integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { bytes, idText, instant, serialId } from './columns.ts';

/**
 * Append-only: triggers refuse everything but INSERT, and the erasure of personal parts that an event says. `actor` and `data` are kept as
 * the exact text that is hashed.
 */
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
    // For the triggers that let through what these events say was erased.
    index('audit_erasures')
      .on(table.id)
      .where(sql`${table.type} = 'record.erased'`),
    // For the day that is to be closed next.
    index('audit_days')
      .on(table.id)
      .where(sql`${table.type} = 'day.closed'`),
    // For bundles, which say which keys were revoked.
    index('audit_key_revocations')
      .on(table.id)
      .where(sql`${table.type} = 'key.revoked'`),
  ],
);

/**
 * The order and the hashes of committed events. Append-only like the events; written by one sealer at a time.
 * Since version 2 a place holds what its leaf in the tree is made of; older places have null there and are not in the tree.
 */
export const auditChain = pgTable(
  'audit_chain',
  {
    seq: bigint({ mode: 'number' }).primaryKey(),
    eventId: bigint('event_id', { mode: 'number' }).notNull().unique(),
    prevHash: text('prev_hash').notNull(),
    hash: text().notNull(),
    /** The exact text that everybody may be shown, and its salt. */
    openText: text('open_text'),
    openSalt: bytes('open_salt'),
    /** It outlives the personal text. */
    personalCommitment: bytes('personal_commitment'),
    /** Hashes of the complete subtrees that end with this leaf, 32 bytes each, the leaf's own first. */
    nodes: bytes('nodes'),
    requestId: idText('request_id'),
    grantId: idText('grant_id'),
    requestEvent: integer('request_event'),
    grantEvent: integer('grant_event'),
  },
  (table) => [
    // Where the tree begins.
    index('audit_chain_before_tree')
      .on(table.seq)
      .where(sql`${table.openText} is null`),
    index('audit_chain_of_request')
      .on(table.requestId, table.requestEvent)
      .where(sql`${table.requestId} is not null`),
    index('audit_chain_of_grant')
      .on(table.grantId, table.grantEvent)
      .where(sql`${table.grantId} is not null`),
  ],
);

/**
 * The salt of what an event says of people; the text is that of its actor and its data. A table of its own, so that it can be erased
 * and the tree stays whole.
 */
export const auditPersonal = pgTable('audit_personal', {
  eventId: bigint('event_id', { mode: 'number' }).primaryKey(),
  salt: bytes('salt').notNull(),
});

/** Events that are committed but not chained yet. A queue, because finding them by absence would read the whole log. */
export const auditUnsealed = pgTable('audit_unsealed', {
  eventId: bigint('event_id', { mode: 'number' }).primaryKey(),
});

/** Signed heads of the tree, as they were published. */
export const auditCheckpoints = pgTable('audit_checkpoints', {
  size: bigint({ mode: 'number' }).primaryKey(),
  root: bytes('root').notNull(),
  /** The signed note, with what witnesses added. */
  note: text().notNull(),
  signedAt: instant('signed_at').notNull(),
});

/** Verifier keys that sign or signed this log. */
export const auditKeys = pgTable('audit_keys', {
  vkey: text().primaryKey(),
  addedAt: instant('added_at').notNull(),
  retiredAt: instant('retired_at'),
  /** From this moment on it counts for nothing; null where no operator said so. */
  revokedFrom: instant('revoked_from'),
  /** Leaves of the last head that was signed before that moment; of later heads its signature counts for nothing. */
  revokedSize: bigint('revoked_size', { mode: 'number' }),
});

/** Which place has which checkpoint, or why it has not. */
export const auditPublications = pgTable(
  'audit_publications',
  {
    place: text().notNull(),
    size: bigint({ mode: 'number' }).notNull(),
    publishedAt: instant('published_at'),
    /** Why it failed last. */
    error: text(),
    /** What the place answered and cannot be fetched again: a time stamp. */
    receipt: bytes('receipt'),
  },
  (table) => [primaryKey({ columns: [table.place, table.size] })],
);

/** How far each sink has the log, and why it has no more. */
export const auditSinks = pgTable('audit_sinks', {
  name: text().primaryKey(),
  /** The number of the last event that it took, or that was parked. */
  cursor: bigint({ mode: 'number' }).notNull(),
  failures: integer().notNull().default(0),
  /** Why it failed last; null while it takes events. */
  error: text(),
  /** It refuses our credentials, or wants no more: nothing is sent until a person says so or its settings change. */
  pausedBy: text('paused_by'),
  nextAt: instant('next_at').notNull(),
});

/** Events that a sink does not take, and why; both numbers included. */
export const auditSinkParked = pgTable(
  'audit_sink_parked',
  {
    sink: text().notNull(),
    fromSeq: bigint('from_seq', { mode: 'number' }).notNull(),
    toSeq: bigint('to_seq', { mode: 'number' }).notNull(),
    why: text().notNull(),
    parkedAt: instant('parked_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.sink, table.fromSeq] })],
);
