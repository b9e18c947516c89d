/** Incidents, and what happened to each. */
import { sql } from 'drizzle-orm';
import { bigint, boolean, check, index, integer, pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core';
import { INCIDENT_CLOSE_CAUSES, INCIDENT_ORIGINS } from '../../domain/incidents/incident.ts';
import type { Incident } from '../../domain/incidents/incident.ts';
import type { Json } from '../../domain/json.ts';
import type { IncidentChange } from '../../application/incidents/incident-ports.ts';
import { idText, instant, isOneOf, json, serialId } from './columns.ts';
import { people } from './principals.ts';

const INCIDENT_STATES = ['open', 'closed'] as const satisfies readonly Incident['state'][];

/** A row lasts from the first opening to the last close; its history is in `incident_history`. */
export const incidents = pgTable(
  'incidents',
  {
    id: idText().primaryKey(),
    teamId: text('team_id'),
    channelId: text('channel_id').notNull(),
    channelName: text('channel_name').notNull(),
    topic: text().notNull(),
    purpose: text().notNull().default(''),
    isPrivate: boolean('is_private').notNull(),
    isArchived: boolean('is_archived').notNull().default(false),
    severity: text().notNull(),
    confirmedSeverity: text('confirmed_severity'),
    confirmedSeverityAt: instant('confirmed_severity_at'),
    state: text().$type<Incident['state']>().notNull(),
    how: text().$type<Incident['how']>().notNull(),
    openedAt: instant('opened_at').notNull(),
    openedBy: idText('opened_by').references(() => people.id),
    confirmedBy: idText('confirmed_by').references(() => people.id),
    confirmedAt: instant('confirmed_at'),
    confirmedName: text('confirmed_name'),
    closedAt: instant('closed_at'),
    closedBy: idText('closed_by').references(() => people.id),
    closeCause: text('close_cause').$type<Incident['closeCause']>(),
    endsAt: instant('ends_at'),
    endedAt: instant('ended_at'),
    version: integer().notNull().default(1),
    channelUpdatedMs: bigint('channel_updated_ms', { mode: 'number' }).notNull().default(0),
  },
  (table) => [
    // However many events and processes see a channel, it is one incident.
    uniqueIndex('incidents_one_open')
      .on(table.channelId)
      .where(sql`${table.state} = 'open'`),
    index('incidents_of_channel').on(table.channelId, table.openedAt),
    index('incidents_in_time').on(table.openedAt),
    index('incidents_to_end')
      .on(table.endsAt)
      .where(sql`${table.endsAt} is not null and ${table.endedAt} is null`),
    check('incidents_state', isOneOf(table.state, INCIDENT_STATES)),
    check('incidents_how', isOneOf(table.how, INCIDENT_ORIGINS)),
    check('incidents_close_cause', isOneOf(table.closeCause, INCIDENT_CLOSE_CAUSES)),
    check(
      'incidents_closed',
      sql`(${table.state} = 'closed') = (${table.closedAt} is not null and ${table.closeCause} is not null)`,
    ),
    check('incidents_ends', sql`${table.endsAt} is null or ${table.state} = 'closed'`),
  ],
);

/** For the timeline, next to the audit log, which says the same and is not made to be searched. */
export const incidentHistory = pgTable(
  'incident_history',
  {
    id: serialId(),
    incidentId: idText('incident_id')
      .notNull()
      .references(() => incidents.id),
    at: instant('at').notNull(),
    type: text().$type<IncidentChange['type']>().notNull(),
    byPersonId: idText('by_person_id').references(() => people.id),
    data: json<{ [key: string]: Json }>().notNull(),
  },
  (table) => [index('incident_history_of').on(table.incidentId, table.id)],
);
