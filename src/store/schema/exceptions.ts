/** The tables of what goes beside the usual way: pre-approvals, and reviews of access that was taken without any. */
import { sql } from 'drizzle-orm';
import { bigint, check, index, integer, pgTable, text } from 'drizzle-orm/pg-core';
import { REVIEW_OUTCOMES } from '../../domain/break-glass/follow-up.ts';
import type { ReviewOutcome } from '../../domain/break-glass/follow-up.ts';
import { idText, instant, isOneOf } from './columns.ts';
import { people } from './principals.ts';
import { grants, requests } from './requests.ts';

const REVIEW_STATES = ['open', 'closed'] as const;

/** One approver's yes before the request, for one person and role. Several together may fill a rule. */
export const preApprovals = pgTable(
  'pre_approvals',
  {
    id: idText().primaryKey(),
    personId: idText('person_id')
      .notNull()
      .references(() => people.id),
    target: text().notNull(),
    role: text().notNull(),
    byPersonId: idText('by_person_id')
      .notNull()
      .references(() => people.id),
    createdAt: instant('created_at').notNull(),
    expiresAt: instant('expires_at').notNull(),
    revokedAt: instant('revoked_at'),
    revokedBy: idText('revoked_by').references(() => people.id),
  },
  (table) => [
    index('pre_approvals_of_person').on(table.personId, table.expiresAt),
    index('pre_approvals_by_person').on(table.byPersonId, table.expiresAt),
    index('pre_approvals_of_target').on(table.target, table.expiresAt),
    check('pre_approvals_by_another', sql`${table.byPersonId} <> ${table.personId}`),
  ],
);

/** One per grant that was taken by break-glass: open until somebody else has said whether it was justified. */
export const reviews = pgTable(
  'reviews',
  {
    id: idText().primaryKey(),
    grantId: idText('grant_id')
      .notNull()
      .unique()
      .references(() => grants.id),
    requestId: idText('request_id')
      .notNull()
      .unique()
      .references(() => requests.id),
    personId: idText('person_id')
      .notNull()
      .references(() => people.id),
    state: text().$type<(typeof REVIEW_STATES)[number]>().notNull().default('open'),
    withinMs: bigint('within_ms', { mode: 'number' }).notNull(),
    openedAt: instant('opened_at').notNull(),
    dueAt: instant('due_at').notNull(),
    outcome: text().$type<ReviewOutcome>(),
    note: text(),
    reviewerId: idText('reviewer_id').references(() => people.id),
    closedAt: instant('closed_at'),
    reminders: integer().notNull().default(0),
    nextReminderAt: instant('next_reminder_at').notNull(),
    escalatedAt: instant('escalated_at'),
    waivedAt: instant('waived_at'),
    waivedBy: idText('waived_by').references(() => people.id),
  },
  (table) => [
    index('reviews_to_chase')
      .on(table.nextReminderAt)
      .where(sql`${table.state} = 'open'`),
    index('reviews_open')
      .on(table.dueAt)
      .where(sql`${table.state} = 'open'`),
    check('reviews_state', isOneOf(table.state, REVIEW_STATES)),
    check('reviews_outcome', isOneOf(table.outcome, REVIEW_OUTCOMES)),
    check(
      'reviews_closed_how',
      sql`(${table.state} = 'closed') = (${table.outcome} is not null and ${table.reviewerId} is not null and ${table.closedAt} is not null)`,
    ),
    // Nobody reviews their own, whatever the code does.
    check('reviews_by_another', sql`${table.reviewerId} is distinct from ${table.personId}`),
  ],
);
