/** Tables about what was requested, besides the requests that were made of it. */
import { bigint, index, pgTable } from 'drizzle-orm/pg-core';
import type { EvaluationRecord } from '../../domain/policy/past.ts';
import { idText, instant, json } from './columns.ts';
import { principals } from './principals.ts';
import { requests } from './requests.ts';

/** Every request as it was judged, also those that were refused, to be judged again by another policy. Never changed. */
export const requestEvaluations = pgTable(
  'asks',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    /** Null where nothing was sent. */
    requestId: idText('request_id')
      .unique()
      .references(() => requests.id),
    requesterId: idText('requester_id')
      .notNull()
      .references(() => principals.id),
    /** The database's clock, as conditions saw it. */
    judgedAt: instant('judged_at').notNull(),
    record: json<EvaluationRecord>().notNull(),
  },
  (table) => [index('asks_in_time').on(table.judgedAt, table.id)],
);
