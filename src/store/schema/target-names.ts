/** What the names of scopes led to first in their targets. */
import { pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { instant } from './columns.ts';

export const targetNames = pgTable(
  'target_names',
  {
    target: text().notNull(),
    /** With its kind, as "team acme/prod-access". */
    name: text().notNull(),
    thingId: text('thing_id').notNull(),
    boundAt: instant('bound_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.target, table.name] })],
);

/** Other things that a bound name was found to lead to later, and of which admins were notified. */
export const movedTargetNames = pgTable(
  'moved_target_names',
  {
    target: text().notNull(),
    name: text().notNull(),
    thingId: text('thing_id').notNull(),
    foundAt: instant('found_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.target, table.name, table.thingId] })],
);
