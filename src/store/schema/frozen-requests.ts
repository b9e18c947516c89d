/** The table of requests that only freezes denied. */
import { sql } from 'drizzle-orm';
import { bigint, index, pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core';
import type { AccountBehind } from '../../domain/principals/ci-account.ts';
import type { ClientJob } from '../../domain/principals/client.ts';
import { idText, instant, json } from './columns.ts';
import { principals } from './principals.ts';
import { requests } from './requests.ts';

export const frozenRequests = pgTable(
  'frozen_requests',
  {
    id: idText().primaryKey(),
    requesterId: idText('requester_id')
      .notNull()
      .references(() => principals.id),
    /** Of the job; empty for a person. */
    jobKey: text('job_key').notNull(),
    job: json<ClientJob>(),
    startedBy: json<string[]>('started_by').notNull(),
    accounts: json<AccountBehind[]>().notNull().default([]),
    target: text().notNull(),
    role: text().notNull(),
    durationMs: bigint('duration_ms', { mode: 'number' }).notNull(),
    reason: text().notNull(),
    ticket: text(),
    freezes: json<string[]>().notNull(),
    createdAt: instant('created_at').notNull(),
    /** What an override made of it. */
    requestId: idText('request_id').references(() => requests.id),
  },
  (table) => [
    uniqueIndex('frozen_requests_once')
      .on(table.requesterId, table.jobKey, table.target, table.role)
      .where(sql`${table.requestId} is null`),
    index('frozen_requests_in_time').on(table.createdAt),
  ],
);
