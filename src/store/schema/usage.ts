/** When each target is next asked whether the access in it is used. */
import { pgTable, text } from 'drizzle-orm/pg-core';
import { instant } from './columns.ts';

export const useLooks = pgTable('use_looks', {
  target: text().primaryKey(),
  nextAt: instant('next_at').notNull(),
});
