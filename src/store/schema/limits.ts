/** How often each person was refused since when, so that one who hammers does not fill the audit log. */
import { integer, pgTable } from 'drizzle-orm/pg-core';
import { idText, instant } from './columns.ts';
import { people } from './requests.ts';

export const refusalCounts = pgTable('refusal_counts', {
  personId: idText('person_id')
    .primaryKey()
    .references(() => people.id),
  since: instant('since').notNull(),
  count: integer().notNull(),
});
