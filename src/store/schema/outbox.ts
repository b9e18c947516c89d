/** The outbox: work that goes out after the commit. */
import { sql } from 'drizzle-orm';
import { check, index, integer, pgTable, text } from 'drizzle-orm/pg-core';
import { WORK_KINDS, type WorkKind } from '../../application/record/outbox.ts';
import { idText, instant, isOneOf, serialId } from './columns.ts';

/** Work that must go out, written with the state that needs it. A row lives until the work is done. */
export const outbox = pgTable(
  'outbox',
  {
    id: serialId(),
    kind: text().$type<WorkKind>().notNull(),
    subjectId: idText('subject_id').notNull(),
    availableAt: instant('available_at').notNull(),
    dispatchedAt: instant('dispatched_at'),
    /** How often it was handed to Redis; the same number below zero, or zero, while a process keeps it. */
    dispatches: integer().notNull().default(0),
    lastError: text('last_error'),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [
    index('outbox_waiting')
      .on(table.id)
      .where(sql`${table.dispatchedAt} is null`),
    index('outbox_late')
      .on(table.availableAt)
      .where(sql`${table.dispatchedAt} is not null`),
    check('outbox_kind', isOneOf(table.kind, WORK_KINDS)),
  ],
);
