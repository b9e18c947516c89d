/** What Latchkey knows of Slack between two calls. The migration makes these tables UNLOGGED: after a crash of Postgres all is read anew. */
import { jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { instant } from './columns.ts';

/** What was read of accounts, user groups and profiles. */
export const slackFacts = pgTable(
  'slack_facts',
  {
    teamId: text('team_id').notNull(),
    /** `user`, `email`, `manager`, `user_groups`, `accounts`, `on_call`; `user_group_change` for the moment of a group's last change. */
    kind: text().notNull(),
    key: text().notNull(),
    /** Null where only an event was heard. */
    value: jsonb(),
    /** When the call began that read it. */
    readAt: instant('read_at'),
    /** When an event said that it changed: what was read before no longer counts. */
    forgottenAt: instant('forgotten_at'),
    /** Until then one process reads it for all. */
    claimedUntil: instant('claimed_until'),
  },
  (table) => [primaryKey({ columns: [table.teamId, table.kind, table.key] })],
);

/** Processes that hear Slack's events over a WebSocket. */
export const slackStreams = pgTable('slack_streams', {
  processId: text('process_id').primaryKey(),
  teamId: text('team_id').notNull(),
  connectedAt: instant('connected_at').notNull(),
  /** It says so every few seconds; one that no longer does may have taken events with it. */
  seenAt: instant('seen_at').notNull(),
});

/** When events may last have been lost. */
export const slackStreamGaps = pgTable('slack_stream_gaps', {
  teamId: text('team_id').primaryKey(),
  lastAt: instant('last_at').notNull(),
  /** Events came late: until then they prove nothing. */
  unheardUntil: instant('unheard_until'),
});

/** How far ahead calls of a method are planned, so that all processes together keep Slack's rate limits. */
export const slackPace = pgTable('slack_pace', {
  /** The method, and the channel where the limit is a channel's. */
  key: text().primaryKey(),
  plannedUntil: instant('planned_until').notNull(),
});
