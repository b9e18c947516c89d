/** Who can request. An id belongs to one principal of one kind for good: the foreign keys with the kind make sure of it. */
import { boolean, check, foreignKey, index, pgTable, text, unique } from 'drizzle-orm/pg-core';
import { sql } from 'drizzle-orm';
import { ISSUER_KINDS } from '../../domain/principals/client.ts';
import type { IssuerKind } from '../../domain/principals/client.ts';
import { PRINCIPAL_KINDS } from '../../domain/principals/principal.ts';
import type { PrincipalKind } from '../../domain/principals/principal.ts';
import { idText, instant, isOneOf } from './columns.ts';
import { mailboxOf } from './mailbox.ts';

export const principals = pgTable(
  'principals',
  {
    id: idText().primaryKey(),
    kind: text().$type<PrincipalKind>().notNull(),
  },
  (table) => [
    unique('principals_of_kind').on(table.id, table.kind),
    check('principals_kind', isOneOf(table.kind, PRINCIPAL_KINDS)),
  ],
);

/** People as they were last read from Slack. */
export const people = pgTable(
  'people',
  {
    id: idText().primaryKey(),
    kind: text().$type<'person'>().notNull().default('person'),
    teamId: text('team_id').notNull(),
    userId: text('user_id').notNull(),
    name: text().notNull(),
    email: text(),
    timezone: text(),
    isActive: boolean('is_active').notNull(),
  },
  (table) => [
    foreignKey({
      name: 'people_are_principals',
      columns: [table.id, table.kind],
      foreignColumns: [principals.id, principals.kind],
    }),
    check('people_kind', sql`${table.kind} = 'person'`),
    // Accounts of one human are counted together.
    index('people_of_user').on(table.userId),
    index('people_of_mailbox').on(mailboxOf(table.email)),
  ],
);

/** The SSH public key that a person gave: type and key on one line, without a comment. */
export const publicKeys = pgTable('public_keys', {
  personId: idText('person_id')
    .primaryKey()
    .references(() => people.id),
  line: text().notNull(),
  setAt: instant('set_at').notNull(),
});

/** Clients as the policy described them when they were last seen. What they may be stands in the policy, and never here. */
export const clients = pgTable(
  'clients',
  {
    id: idText().primaryKey(),
    kind: text().$type<'client'>().notNull().default('client'),
    name: text().notNull().unique(),
    issuer: text().notNull(),
    issuerKind: text('issuer_kind').$type<IssuerKind>().notNull(),
    binding: text().notNull(),
    channel: text(),
    firstSeenAt: instant('first_seen_at').notNull(),
    lastSeenAt: instant('last_seen_at').notNull(),
  },
  (table) => [
    foreignKey({
      name: 'clients_are_principals',
      columns: [table.id, table.kind],
      foreignColumns: [principals.id, principals.kind],
    }),
    check('clients_kind', sql`${table.kind} = 'client'`),
    check('clients_issuer_kind', isOneOf(table.issuerKind, ISSUER_KINDS)),
  ],
);
