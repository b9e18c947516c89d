/** Tables about people rather than requests: who is away, and what admins are notified of. */
import { sql } from 'drizzle-orm';
import { bigint, check, index, integer, pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core';
import { ANNOUNCEMENT_KINDS } from '../../application/record/admin-notification-ports.ts';
import type { AdminNotificationKind, NoticeFacts, Offer } from '../../application/record/admin-notification-ports.ts';
import { idText, instant, isOneOf, json } from './columns.ts';
import { people } from './principals.ts';

/** Who is away until when, and who votes as their delegate. */
export const absences = pgTable('absences', {
  personId: idText('person_id')
    .primaryKey()
    .references(() => people.id),
  delegateId: idText('delegate_id').references(() => people.id),
  until: instant('until').notNull(),
  createdAt: instant('created_at').notNull(),
});

/** When the Slack account of somebody who has or waits for something is looked at next. */
export const accountChecks = pgTable(
  'account_checks',
  {
    personId: idText('person_id')
      .primaryKey()
      .references(() => people.id),
    nextAt: instant('next_at').notNull(),
    misses: integer().notNull().default(0),
  },
  (table) => [index('account_checks_due').on(table.nextAt)],
);

/** The channel that a name of the policy means. It is kept: a name may move to another channel. */
export const channelNames = pgTable('channel_names', {
  /** In small letters, without `#`. */
  name: text().primaryKey(),
  channelId: text('channel_id').notNull(),
  /** The other channel that has the name now, once admins were notified of it. */
  takenBy: text('taken_by'),
  createdAt: instant('created_at').notNull(),
});

/** Admin notifications, which belong to no request. */
export const announcements = pgTable(
  'announcements',
  {
    id: idText().primaryKey(),
    kind: text().$type<AdminNotificationKind>().notNull(),
    /** The same from several processes is one. */
    key: text().notNull(),
    lines: json<string[]>().notNull(),
    offer: json<Offer>(),
    /** What it is about, for the one who looks whether it still holds. */
    facts: json<NoticeFacts>(),
    closing: text(),
    closedAt: instant('closed_at'),
    /** When it was last looked at whether it still holds. */
    lookedAt: instant('looked_at'),
    /** Raised when it is closed, so that what was posted is refreshed. */
    version: integer().notNull().default(1),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [
    index('announcements_of_key').on(table.key, table.createdAt),
    index('announcements_open')
      .on(table.kind, table.lookedAt)
      .where(sql`${table.closing} is null`),
    check('announcements_kind', isOneOf(table.kind, ANNOUNCEMENT_KINDS)),
  ],
);

/** When ends were late by more than admins should have to hear of. At most one is open. */
export const overdueEpisodes = pgTable(
  'overdue_episodes',
  {
    id: idText().primaryKey(),
    openedAt: instant('opened_at').notNull(),
    worstMs: bigint('worst_ms', { mode: 'number' }).notNull().default(0),
    alerts: integer().notNull().default(0),
    nextAlertAt: instant('next_alert_at').notNull(),
    closedAt: instant('closed_at'),
  },
  (table) => [
    uniqueIndex('overdue_episodes_one_open')
      .on(sql`(true)`)
      .where(sql`${table.closedAt} is null`),
  ],
);
