/** Tables of the reconciler: when each target was looked at, what was found there, and what admins had to decide. */
import { sql } from 'drizzle-orm';
import { check, index, integer, pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core';
import { FINDING_KINDS } from '../../application/drift/drift-ports.ts';
import type { BatchState, FindingKind, FindingState } from '../../application/drift/drift-ports.ts';
import { idText, instant, isOneOf } from './columns.ts';
import { people } from './principals.ts';

const FINDING_STATES = ['open', 'left', 'repaired', 'gone'] as const satisfies readonly FindingState[];
const BATCH_STATES = ['asked', 'ordered', 'left', 'done'] as const satisfies readonly BatchState[];

export const driftChecks = pgTable('drift_checks', {
  target: text().primaryKey(),
  nextAt: instant('next_at').notNull(),
});

/** So many at once that nothing is repaired before an admin said so. */
export const driftBatches = pgTable(
  'drift_batches',
  {
    id: idText().primaryKey(),
    target: text().notNull(),
    count: integer().notNull(),
    state: text().$type<BatchState>().notNull(),
    /** While in the future, one process carries it out. */
    leaseUntil: instant('lease_until'),
    decidedBy: idText('decided_by').references(() => people.id),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [
    index('drift_batches_ordered')
      .on(table.createdAt)
      .where(sql`${table.state} = 'ordered'`),
    check('drift_batches_state', isOneOf(table.state, BATCH_STATES)),
  ],
);

/** A fact about a target that the ledger does not bear out, from when it was first seen until it is no longer so. */
export const driftFindings = pgTable(
  'drift_findings',
  {
    id: idText().primaryKey(),
    target: text().notNull(),
    kind: text().$type<FindingKind>().notNull(),
    key: text().notNull(),
    name: text().notNull(),
    grantId: idText('grant_id'),
    said: text().notNull(),
    state: text().$type<FindingState>().notNull(),
    batchId: idText('batch_id').references(() => driftBatches.id),
    error: text(),
    createdAt: instant('created_at').notNull(),
    closedAt: instant('closed_at'),
  },
  (table) => [
    uniqueIndex('drift_findings_once')
      .on(table.target, table.key)
      .where(sql`${table.closedAt} is null`),
    index('drift_findings_of_batch').on(table.batchId),
    check('drift_findings_kind', isOneOf(table.kind, FINDING_KINDS)),
    check('drift_findings_state', isOneOf(table.state, FINDING_STATES)),
    check('drift_findings_closed', sql`(${table.state} in ('repaired', 'gone')) = (${table.closedAt} is not null)`),
  ],
);
