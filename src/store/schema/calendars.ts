/** The table of calendar files: what each freeze by a file held when it was read last. */
import { pgTable, text } from 'drizzle-orm/pg-core';
import { instant } from './columns.ts';

export const calendars = pgTable('calendars', {
  freeze: text().primaryKey(),
  sha256: text().notNull(),
  loadedAt: instant('loaded_at').notNull(),
});
