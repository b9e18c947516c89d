/** Which account of GitHub or GitLab is whose, as people proved it. */
import { sql } from 'drizzle-orm';
import { check, index, pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core';
import { LINKED_KINDS } from '../../domain/clients/account-host.ts';
import type { LinkedKind } from '../../domain/clients/account-host.ts';
import { idText, instant, isOneOf } from './columns.ts';
import { people } from './principals.ts';

export const accountLinks = pgTable(
  'account_links',
  {
    id: idText().primaryKey(),
    kind: text().$type<LinkedKind>().notNull(),
    host: text().notNull(),
    accountId: text('account_id').notNull(),
    login: text().notNull(),
    personId: idText('person_id')
      .notNull()
      .references(() => people.id),
    /** SHA-256 of the code, in hex: a code proves once. */
    proof: text().notNull().unique(),
    linkedAt: instant('linked_at').notNull(),
    /** The person took it back: it is shown no more, and counts against them until it is released. */
    unlinkedAt: instant('unlinked_at'),
    releasedAt: instant('released_at'),
  },
  (table) => [
    uniqueIndex('account_links_once')
      .on(table.kind, table.host, table.accountId)
      .where(sql`${table.releasedAt} is null`),
    index('account_links_of_person').on(table.personId),
    check('account_links_kind', isOneOf(table.kind, LINKED_KINDS)),
  ],
);
