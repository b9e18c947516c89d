/** The table of those who ended everything of a person, of a target, or all; the grants they ended carry its id. */
import { check, index, integer, pgTable, text } from 'drizzle-orm/pg-core';
import { sql } from 'drizzle-orm';
import { idText, instant, json } from './columns.ts';
import { people } from './principals.ts';

export const revocations = pgTable(
  'revocations',
  {
    id: idText().primaryKey(),
    /** Whose access; null is everybody's. */
    personId: idText('person_id').references(() => people.id),
    /** In which targets; null is in all. */
    targets: json<string[]>(),
    byPersonId: idText('by_person_id')
      .notNull()
      .references(() => people.id),
    reason: text(),
    /** What was requested before this is ended; what is requested after it is not. */
    createdAt: instant('created_at').notNull(),
    finishedAt: instant('finished_at'),
    requests: integer().notNull().default(0),
    preApprovals: integer('pre_approvals').notNull().default(0),
  },
  (table) => [
    index('revocations_in_time').on(table.createdAt),
    index('revocations_open')
      .on(table.createdAt)
      .where(sql`${table.finishedAt} is null`),
    check('revocations_reason', sql`length(${table.reason}) <= 4000`),
  ],
);
