/** The tables around an incident: what happened to it, and where in Slack it is shown. */
import { sql } from 'drizzle-orm';
import { check, index, integer, pgTable, text, unique } from 'drizzle-orm/pg-core';
import type { Json } from '../../domain/json.ts';
import { INCIDENT_MESSAGE_KINDS } from '../../application/incidents/incident-ports.ts';
import type { IncidentChange, IncidentMessageKind } from '../../application/incidents/incident-ports.ts';
import { idText, instant, isOneOf, json, serialId } from './columns.ts';
import { people } from './principals.ts';
import { incidents } from './requests.ts';

/** For the timeline, next to the audit log, which tells the same and is not made to be searched. */
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

export const incidentMessages = pgTable(
  'incident_messages',
  {
    id: serialId(),
    incidentId: idText('incident_id')
      .notNull()
      .references(() => incidents.id),
    kind: text().$type<IncidentMessageKind>().notNull(),
    audience: text().notNull(),
    /** Which of several of one kind, such as the second close; else 0. */
    part: integer().notNull().default(0),
    channel: text(),
    ts: text(),
    drawnVersion: integer('drawn_version').notNull().default(0),
    failure: text(),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [
    unique('incident_messages_once').on(table.incidentId, table.kind, table.audience, table.part),
    check('incident_messages_kind', isOneOf(table.kind, INCIDENT_MESSAGE_KINDS)),
    check('incident_messages_part', sql`${table.part} >= 0`),
  ],
);
