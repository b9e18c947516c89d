/** Which Slack account was seen with which address, and which of them the address names. */
import { sql } from 'drizzle-orm';
import { boolean, check, index, pgTable, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core';
import { idText, instant } from './columns.ts';
import { people } from './principals.ts';

export const addresses = pgTable(
  'addresses',
  {
    teamId: text('team_id').notNull(),
    userId: text('user_id').notNull(),
    /** As `addressOf` writes it. */
    address: text().notNull(),
    firstSeenAt: instant('first_seen_at').notNull(),
    /** To the day. */
    lastSeenAt: instant('last_seen_at').notNull(),
    isBound: boolean('is_bound').notNull(),
    /** Counts against the account no more, since an admin confirmed another address for it. */
    isPast: boolean('is_past').notNull().default(false),
    confirmedBy: idText('confirmed_by').references(() => people.id),
    confirmedAt: instant('confirmed_at'),
    /** When admins were notified that this pair is not trusted. */
    notifiedAt: instant('told_at'),
  },
  (table) => [
    primaryKey({ columns: [table.teamId, table.userId, table.address] }),
    index('addresses_of_address').on(table.teamId, table.address),
    uniqueIndex('addresses_bound_once')
      .on(table.teamId, table.address)
      .where(sql`${table.isBound}`),
    check('addresses_confirmed_how', sql`(${table.confirmedBy} is null) = (${table.confirmedAt} is null)`),
  ],
);
