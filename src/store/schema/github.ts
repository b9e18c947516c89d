/** What GitHub's webhooks brought, and what was made of it. */
import { sql } from 'drizzle-orm';
import { boolean, index, integer, pgTable, text, unique } from 'drizzle-orm/pg-core';
import type { Account, GithubEvent, Repository } from '../../domain/github/events.ts';
import { idText, instant, json } from './columns.ts';
import { requests } from './requests.ts';

/** Stored before the answer, once by the id that GitHub gives a delivery and each of its repeats. */
export const githubDeliveries = pgTable(
  'github_deliveries',
  {
    id: idText().primaryKey(),
    event: json<GithubEvent>().notNull(),
    receivedAt: instant('received_at').notNull(),
  },
  (table) => [index('github_deliveries_in_time').on(table.receivedAt)],
);

/** One deployment that waits: a run, its attempt and an environment. */
export const githubGates = pgTable(
  'github_gates',
  {
    id: idText().primaryKey(),
    repository: json<Repository>().notNull(),
    repositoryId: text('repository_id').notNull(),
    run: text().notNull(),
    attempt: integer().notNull(),
    environment: text().notNull(),
    sha: text().notNull(),
    requestId: idText('request_id').references(() => requests.id),
    /** Why it is rejected, where no request was made. */
    refusal: text(),
    isReported: boolean('is_reported').notNull().default(false),
    /** GitHub was answered, or no longer waits. */
    settledAt: instant('settled_at'),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [
    unique('github_gates_once').on(table.repositoryId, table.run, table.attempt, table.environment),
    index('github_gates_of_request').on(table.requestId),
    index('github_gates_open')
      .on(table.createdAt)
      .where(sql`${table.settledAt} is null`),
  ],
);

/** A pull request with a label of the policy. */
export const githubPulls = pgTable(
  'github_pulls',
  {
    id: idText().primaryKey(),
    repository: json<Repository>().notNull(),
    repositoryId: text('repository_id').notNull(),
    number: integer().notNull(),
    label: text().notNull(),
    /** The one of now; null where nothing was requested. */
    requestId: idText('request_id').references(() => requests.id),
    /** Who put the label on it last. */
    labeller: json<Account>(),
    /** What was commented last, so that it is said once. */
    said: text(),
    checkId: text('check_id'),
    checkSha: text('check_sha'),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [
    unique('github_pulls_once').on(table.repositoryId, table.number, table.label),
    index('github_pulls_of_request').on(table.requestId),
  ],
);
