/** How often each principal was refused since when, so that one who hammers does not fill the audit log. */
import { integer, pgTable } from 'drizzle-orm/pg-core';
import { idText, instant } from './columns.ts';
import { principals } from './principals.ts';

export const refusalCounts = pgTable('refusal_counts', {
  principalId: idText('principal_id')
    .primaryKey()
    .references(() => principals.id),
  since: instant('since').notNull(),
  count: integer().notNull(),
});
