/** The table of lists of targets: what each gave when it could be read last, and whether it can be read now. */
import { pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { instant } from './columns.ts';

export const targetLists = pgTable(
  'target_lists',
  {
    list: text().notNull(),
    /** Of where it is read and what is used of it: during a deployment two policies may be in force. */
    definition: text().notNull(),
    /** As the policy's text has them; null before the first. */
    rows: text(),
    sha256: text(),
    triedAt: instant('tried_at').notNull(),
    failingSince: instant('failing_since'),
    problem: text(),
  },
  (table) => [primaryKey({ columns: [table.list, table.definition] })],
);
