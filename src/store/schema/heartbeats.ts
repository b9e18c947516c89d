/** When a job that holds access was last heard. A job that never said anything has no row: then only the grant's own end counts. */
import { sql } from 'drizzle-orm';
import { boolean, check, index, pgTable } from 'drizzle-orm/pg-core';
import { idText, instant } from './columns.ts';
import { grants } from './requests.ts';

export const heartbeats = pgTable(
  'heartbeats',
  {
    grantId: idText('grant_id')
      .primaryKey()
      .references(() => grants.id),
    heardAt: instant('heard_at').notNull(),
  },
  (table) => [index('heartbeats_in_time').on(table.heardAt)],
);

/** One row: when some process last could hear jobs. Silence counts only while one could. */
export const hearing = pgTable(
  'hearing',
  {
    isOnly: boolean('is_only').primaryKey().default(true),
    lastAt: instant('last_at').notNull(),
  },
  (table) => [check('hearing_once', sql`${table.isOnly}`)],
);
