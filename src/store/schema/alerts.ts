/** The tables of alerts: what sources said, what people are shown of it, where, and what was requested for it. */
import { sql } from 'drizzle-orm';
import { check, index, integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { ALERT_SOURCES, ALERT_STATES } from '../../domain/alerts/types.ts';
import type { AlertRoute, AlertSource, AlertState } from '../../domain/alerts/types.ts';
import { idText, instant, isOneOf, json } from './columns.ts';
import { requests } from './requests.ts';

const ROUTES = ['on_call', 'nobody', 'unknown'] as const satisfies readonly AlertRoute[];

/** One for everything a mapping says until all of it is resolved: what fires together is notified once. */
export const alerts = pgTable(
  'alerts',
  {
    id: idText().primaryKey(),
    mapping: text().notNull(),
    source: text().$type<AlertSource>().notNull(),
    title: text().notNull(),
    url: text(),
    severity: text(),
    state: text().$type<AlertState>().notNull(),
    /** null until it was decided who is notified. */
    route: text().$type<AlertRoute>(),
    /** User ids of whom it is for. */
    notified: json<string[]>('told')
      .notNull()
      .default(sql`'[]'::jsonb`),
    version: integer().notNull().default(1),
    createdAt: instant('created_at').notNull(),
    resolvedAt: instant('resolved_at'),
  },
  (table) => [
    index('alerts_of_mapping').on(table.mapping, table.createdAt),
    index('alerts_resolved')
      .on(table.resolvedAt)
      .where(sql`${table.state} = 'resolved'`),
    check('alerts_source', isOneOf(table.source, ALERT_SOURCES)),
    check('alerts_state', isOneOf(table.state, ALERT_STATES)),
    check('alerts_route', isOneOf(table.route, ROUTES)),
    check('alerts_resolved_at', sql`(${table.state} = 'resolved') = (${table.resolvedAt} is not null)`),
  ],
);

/** What a source says of one occurrence, as it last said it: a repeat and a replay change nothing. */
export const alertSignals = pgTable(
  'alert_signals',
  {
    source: text().$type<AlertSource>().notNull(),
    key: text().notNull(),
    /** null where it was resolved before anybody heard that it fired. */
    alertId: idText('alert_id').references(() => alerts.id),
    state: text().$type<AlertState>().notNull(),
    /** By the source's clock. */
    at: instant('at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.source, table.key] }),
    index('alert_signals_of_alert').on(table.alertId),
    index('alert_signals_unheard')
      .on(table.at)
      .where(sql`${table.alertId} is null`),
    check('alert_signals_state', isOneOf(table.state, ALERT_STATES)),
  ],
);

/** Which request was made for which alert. */
export const alertRequests = pgTable(
  'alert_requests',
  {
    requestId: idText('request_id')
      .primaryKey()
      .references(() => requests.id),
    alertId: idText('alert_id')
      .notNull()
      .references(() => alerts.id),
  },
  (table) => [index('alert_requests_of_alert').on(table.alertId)],
);
