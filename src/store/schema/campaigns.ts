/** The tables of periodic reviews: campaigns, and the lines of each as they were when it began. */
import { sql } from 'drizzle-orm';
import { bigint, check, index, integer, pgTable, text, unique } from 'drizzle-orm/pg-core';
import { CAMPAIGN_SUBJECTS, LINE_DECISIONS, SILENCES } from '../../domain/reviews/campaign.ts';
import type { CampaignSubject, Fact, LineDecision, Silence } from '../../domain/reviews/campaign.ts';
import { idText, instant, isOneOf, json } from './columns.ts';
import { people } from './principals.ts';

const STATES = ['open', 'closed'] as const;

export const campaigns = pgTable(
  'campaigns',
  {
    id: idText().primaryKey(),
    name: text().notNull(),
    what: text().$type<CampaignSubject>().notNull(),
    period: text().notNull(),
    silence: text().$type<Silence>().notNull(),
    withinMs: bigint('within_ms', { mode: 'number' }).notNull(),
    policySha256: text('policy_sha256').notNull(),
    state: text().$type<(typeof STATES)[number]>().notNull().default('open'),
    startedAt: instant('started_at').notNull(),
    dueAt: instant('due_at').notNull(),
    overdueAt: instant('overdue_at'),
    closedAt: instant('closed_at'),
    reminders: integer().notNull().default(0),
    nextReminderAt: instant('next_reminder_at').notNull(),
  },
  (table) => [
    unique('campaigns_once_a_period').on(table.name, table.period),
    index('campaigns_to_chase')
      .on(table.nextReminderAt)
      .where(sql`${table.state} = 'open'`),
    check('campaigns_state', isOneOf(table.state, STATES)),
    check('campaigns_what', isOneOf(table.what, CAMPAIGN_SUBJECTS)),
    check('campaigns_silence', isOneOf(table.silence, SILENCES)),
    check('campaigns_closed', sql`(${table.state} = 'closed') = (${table.closedAt} is not null)`),
  ],
);

export const campaignLines = pgTable(
  'campaign_lines',
  {
    id: idText().primaryKey(),
    campaignId: idText('campaign_id')
      .notNull()
      .references(() => campaigns.id),
    position: integer().notNull(),
    subject: text().notNull(),
    facts: json<Fact[]>().notNull(),
    about: json<string[]>().notNull(),
    reviewers: json<string[]>().notNull(),
    decision: text().$type<LineDecision>(),
    decidedBy: idText('decided_by').references(() => people.id),
    decidedAt: instant('decided_at'),
    note: text(),
  },
  (table) => [
    unique('campaign_lines_in_order').on(table.campaignId, table.position),
    index('campaign_lines_undecided')
      .on(table.campaignId, table.position)
      .where(sql`${table.decision} is null`),
    check('campaign_lines_decision', isOneOf(table.decision, LINE_DECISIONS)),
    check('campaign_lines_decided', sql`(${table.decision} is null) = (${table.decidedAt} is null)`),
    // No person decides on a line that is about them, whatever the code does.
    check(
      'campaign_lines_by_another',
      sql`${table.decidedBy} is null or not jsonb_exists(${table.about}, ${table.decidedBy}::text)`,
    ),
  ],
);
