/** Tables about people rather than requests: who is away, and what admins are told. */
import { check, index, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import type { AnnouncementKind } from '../usecases/ports.ts';
import { idText, instant, isOneOf, json } from './columns.ts';
import { people } from './schema.ts';

const ANNOUNCEMENT_KINDS = ['policy_adopted', 'policy_rejected'] as const satisfies readonly AnnouncementKind[];

/** Who is away until when, and who votes in their stead. */
export const absences = pgTable('absences', {
  personId: idText('person_id')
    .primaryKey()
    .references(() => people.id),
  delegateId: idText('delegate_id').references(() => people.id),
  until: instant('until').notNull(),
  createdAt: instant('created_at').notNull(),
});

/** News for admins that belong to no request. */
export const announcements = pgTable(
  'announcements',
  {
    id: idText().primaryKey(),
    kind: text().$type<AnnouncementKind>().notNull(),
    /** The same news from several processes are one. */
    key: text().notNull(),
    lines: json<string[]>().notNull(),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [
    index('announcements_of_key').on(table.key, table.createdAt),
    check('announcements_kind', isOneOf(table.kind, ANNOUNCEMENT_KINDS)),
  ],
);

/** Who was told, so that a repeat tells nobody twice. */
export const announcementCopies = pgTable(
  'announcement_copies',
  {
    announcementId: idText('announcement_id')
      .notNull()
      .references(() => announcements.id),
    audience: text().notNull(),
    failure: text(),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.announcementId, table.audience] })],
);
