/** Signed requests that were taken in, by the hash of what was verified, as long as their signature would be believed. */
import { index, pgTable } from 'drizzle-orm/pg-core';
import { bytes, instant } from './columns.ts';

/**
 * The migration makes it UNLOGGED: a row costs no wait for the disk. After a crash of Postgres it is empty, and each process knows what it took
 * in itself.
 */
export const seenRequests = pgTable(
  'seen_requests',
  { key: bytes().primaryKey(), forgetAt: instant('forget_at').notNull() },
  (table) => [index('seen_requests_to_forget').on(table.forgetAt)],
);
