/** The tables of reports that are made by themselves: since when each plan is known, each report, its files until they are delivered. */
import { bigint, check, integer, pgTable, primaryKey, text, unique } from 'drizzle-orm/pg-core';
import { sql } from 'drizzle-orm';
import type { ReportFacts } from '../../application/reports/report-run-ports.ts';
import { REPORT_CADENCES } from '../../domain/reports/plans.ts';
import type { ReportCadence } from '../../domain/reports/plans.ts';
import { bytes, idText, instant, isOneOf, json } from './columns.ts';

const STATES = ['due', 'made', 'over'] as const;

/** The first report of a plan is of the period in which it was first seen in the policy. */
export const reportPlans = pgTable(
  'report_plans',
  {
    name: text().notNull(),
    every: text().$type<ReportCadence>().notNull(),
    since: instant('since').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.name, table.every] }),
    check('report_plans_every', isOneOf(table.every, REPORT_CADENCES)),
  ],
);

export const reportRuns = pgTable(
  'report_runs',
  {
    id: idText().primaryKey(),
    name: text().notNull(),
    period: text().notNull(),
    state: text().$type<(typeof STATES)[number]>().notNull().default('due'),
    manifest: text(),
    facts: json<ReportFacts>(),
    createdAt: instant('created_at').notNull(),
    madeAt: instant('made_at'),
    overAt: instant('over_at'),
  },
  (table) => [
    unique('report_runs_once_a_period').on(table.name, table.period),
    check('report_runs_state', isOneOf(table.state, STATES)),
    check('report_runs_made', sql`(${table.madeAt} is null) = (${table.manifest} is null)`),
    check('report_runs_over', sql`(${table.state} = 'over') = (${table.overAt} is not null)`),
  ],
);

/** In parts, since none is read as a whole. Deleted once everybody has the report. */
export const reportFiles = pgTable(
  'report_files',
  {
    runId: idText('run_id')
      .notNull()
      .references(() => reportRuns.id),
    name: text().notNull(),
    part: integer().notNull(),
    /** In the order in which they were kept. */
    position: bigint({ mode: 'number' }).notNull().generatedAlwaysAsIdentity(),
    content: bytes('content').notNull(),
  },
  (table) => [primaryKey({ columns: [table.runId, table.name, table.part] })],
);

export const reportDeliveries = pgTable(
  'report_deliveries',
  {
    runId: idText('run_id')
      .notNull()
      .references(() => reportRuns.id),
    /** The id of a channel or a person, or `folder:/…`. */
    place: text().notNull(),
    deliveredAt: instant('delivered_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.runId, table.place] })],
);
