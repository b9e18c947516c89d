/** What was done through recorded access: how far its target's log was read, and the statements, encrypted. */
import { sql } from 'drizzle-orm';
import { index, integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import type { MissingLines } from '../../domain/grants/recording.ts';
import type { Json } from '../../domain/json.ts';
import { bytes, idText, instant, json } from './columns.ts';
import { grants } from './requests.ts';

export const recordings = pgTable(
  'recordings',
  {
    grantId: idText('grant_id')
      .primaryKey()
      .references(() => grants.id),
    /** As the provider gave it; null before the first look. */
    position: json<Json>('position'),
    segments: integer().notNull().default(0),
    statements: integer().notNull().default(0),
    sessions: integer().notNull().default(0),
    missing: json<MissingLines[]>('missing')
      .notNull()
      .default(sql`'[]'`),
    lost: json<string[]>('lost')
      .notNull()
      .default(sql`'[]'`),
    /** null once nothing more comes. */
    nextAt: instant('next_at'),
  },
  (table) => [
    index('recordings_due')
      .on(table.nextAt)
      .where(sql`${table.nextAt} is not null`),
  ],
);

export const recordedSegments = pgTable(
  'recorded_segments',
  {
    grantId: idText('grant_id')
      .notNull()
      .references(() => recordings.grantId),
    number: integer().notNull(),
    keyId: text('key_id').notNull(),
    nonce: bytes().notNull(),
    ciphertext: bytes().notNull(),
    sha256: text().notNull(),
    statements: integer().notNull(),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.grantId, table.number] }),
    index('recorded_segments_by_age').on(table.createdAt),
  ],
);
