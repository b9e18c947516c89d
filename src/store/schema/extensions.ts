/** The table of grants whose end is being moved, or was. */
import { sql } from 'drizzle-orm';
import { check, foreignKey, index, integer, pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core';
import { EXTENSION_MOVES } from '../../domain/lifecycle.ts';
import type { ExtensionState } from '../../domain/lifecycle.ts';
import { idText, instant, isOneOf } from './columns.ts';
import { decisions, grants } from './requests.ts';

/** One per request for more time that was approved; `new_expires_at` stands here before the target is touched. */
export const extensions = pgTable(
  'extensions',
  {
    requestId: idText('request_id').primaryKey(),
    grantId: idText('grant_id')
      .notNull()
      .references(() => grants.id),
    decisionId: idText('decision_id').notNull().unique(),
    /** Always 'approved': as with grants, no end is moved without a decision that approved it. */
    decisionOutcome: text('decision_outcome').$type<'approved'>().notNull().default('approved'),
    state: text().$type<ExtensionState>().notNull(),
    oldExpiresAt: instant('old_expires_at').notNull(),
    newExpiresAt: instant('new_expires_at').notNull(),
    attempts: integer().notNull().default(0),
    /** Nobody else takes it before this: it is a lease while somebody works on it. */
    nextAttemptAt: instant('next_attempt_at').notNull(),
    error: text(),
    createdAt: instant('created_at').notNull(),
    settledAt: instant('settled_at'),
  },
  (table) => [
    foreignKey({
      name: 'extensions_approved_decision',
      columns: [table.decisionId, table.requestId, table.decisionOutcome],
      foreignColumns: [decisions.id, decisions.requestId, decisions.outcome],
    }),
    uniqueIndex('extensions_moving_once')
      .on(table.grantId)
      .where(sql`${table.state} = 'moving'`),
    index('extensions_stalled')
      .on(table.nextAttemptAt)
      .where(sql`${table.state} = 'moving'`),
    check('extensions_state', isOneOf(table.state, Object.keys(EXTENSION_MOVES))),
    check('extensions_approved', sql`${table.decisionOutcome} = 'approved'`),
    check('extensions_later', sql`${table.newExpiresAt} > ${table.oldExpiresAt}`),
    check('extensions_settled_at', sql`(${table.state} = 'moving') = (${table.settledAt} is null)`),
  ],
);
