/** Each policy that was in force, by its digest. */
import { pgTable, text } from 'drizzle-orm/pg-core';
import { instant } from './columns.ts';

export const policies = pgTable('policies', {
  sha256: text().primaryKey(),
  source: text().notNull(),
  loadedAt: instant('loaded_at').notNull(),
});
