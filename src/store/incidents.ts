/** Incidents: one open row a channel at most, what happened to it, and what is tied to it. */
import { and, asc, desc, eq, inArray, lte, ne, sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import type { IncidentChange, IncidentReads, IncidentRow } from '../application/incidents/incident-ports.ts';
import { isEventType } from '../domain/audit/events.ts';
import { currentEvent } from '../domain/audit/names.ts';
import type { Json } from '../domain/json.ts';
import { incidentHistory, incidents } from './schema/incidents.ts';
import { auditEvents } from './schema/audit.ts';
import { people } from './schema/principals.ts';
import { LIVE_STATES, grants, requests } from './schema/requests.ts';
import { clock, clockOnce, firstOrNull, slot } from './statement.ts';
import type { Db } from './statement.ts';
import { incidentColumns as columns, incidentVersion } from './incident-columns.ts';

export const isId = eq(incidents.id, slot('id'));
const newest = [desc(incidents.openedAt), desc(incidents.id)] as const;

const findStatement = (db: Db) => db.select(columns).from(incidents).where(isId).prepare('incident_find');

export const ofChannel = (db: Db) =>
  db
    .select(columns)
    .from(incidents)
    .where(eq(incidents.channelId, slot('channelId')))
    .orderBy(...newest)
    .limit(1)
    .$dynamic();

const openedBy = alias(people, 'opened_by');
const closedBy = alias(people, 'closed_by');
const confirmedBy = alias(people, 'confirmed_by');

const countsOfIncident = sql<IncidentRow['counts']>`(
  select json_build_object(
    'live', count(*) filter (where g.state in (${sql.raw(`'${LIVE_STATES.join("', '")}'`)})),
    'pending', count(*) filter (where r.state = 'pending'),
    'ended', count(*) filter (where r.state <> 'pending' and (g.state is null or g.state in ('closed', 'removed', 'failed'))))
  from requests r left join grants g on g.request_id = r.id
  where r.incident_id = ${incidents.id})`;

const rowStatement = (db: Db) =>
  db
    .select({
      incident: columns,
      openedBy,
      closedBy,
      confirmedBy,
      version: incidentVersion,
      counts: countsOfIncident,
      now: clock,
    })
    .from(incidents)
    .leftJoin(openedBy, eq(openedBy.id, incidents.openedBy))
    .leftJoin(closedBy, eq(closedBy.id, incidents.closedBy))
    .leftJoin(confirmedBy, eq(confirmedBy.id, incidents.confirmedBy))
    .where(isId)
    .prepare('incident_row');

const ofGrantStatement = (db: Db) =>
  db
    .select(columns)
    .from(grants)
    .innerJoin(requests, eq(requests.id, grants.requestId))
    .innerJoin(incidents, eq(incidents.id, requests.incidentId))
    .where(eq(grants.id, slot('grantId')))
    .prepare('incident_of_grant');

const historyStatement = (db: Db) =>
  db
    .select({
      type: incidentHistory.type,
      at: incidentHistory.at,
      byPersonId: incidentHistory.byPersonId,
      data: incidentHistory.data,
      by: people,
    })
    .from(incidentHistory)
    .leftJoin(people, eq(people.id, incidentHistory.byPersonId))
    .where(eq(incidentHistory.incidentId, slot('id')))
    .orderBy(asc(incidentHistory.id))
    .prepare('incident_history');

const isToEnd = sql`${incidents.endsAt} is not null and ${incidents.endedAt} is null`;

export const isDue = and(isToEnd, lte(incidents.endsAt, clockOnce));

const nextEndStatement = (db: Db) =>
  db
    .select({
      ms: sql<
        number | null
      >`ceil(extract(epoch from min(${incidents.endsAt}) - ${clockOnce}) * 1000)::double precision`,
    })
    .from(incidents)
    .where(isToEnd)
    .prepare('incident_next_end');

const isChange = (type: string): type is IncidentChange['type'] =>
  isEventType(type) && type.startsWith('incident.') && type !== 'incident.refused';

/** An older version may have written it under other names. */
const ofNow = <R extends { type: string; data: { [key: string]: Json } }>(row: R) => {
  const { type, data } = currentEvent(row.type, row.data);
  return isChange(type) ? [{ ...row, type, data }] : [];
};

export const incidentReads = (db: Db): IncidentReads => {
  const find = findStatement(db);
  const findOfChannel = ofChannel(db).prepare('incident_of_channel');
  const ofGrant = ofGrantStatement(db);
  const row = rowStatement(db);
  const history = historyStatement(db);
  const nextEnd = nextEndStatement(db);
  return {
    incident: async (id) => firstOrNull(await find.execute({ id })),
    incidentOfChannel: async (channelId) => firstOrNull(await findOfChannel.execute({ channelId })),
    incidentOfGrant: async (grantId) => firstOrNull(await ofGrant.execute({ grantId })),
    incidentRow: async (id) => firstOrNull(await row.execute({ id })),
    openIncidents: (limit) =>
      db
        .select(columns)
        .from(incidents)
        .where(eq(incidents.state, 'open'))
        .orderBy(asc(incidents.openedAt))
        .limit(limit),
    incidentHistory: async (id) => (await history.execute({ id })).flatMap(ofNow),
    targetsOfIncidents: (exceptId, withinMs) => targetsOfIncidents(db, exceptId, withinMs),
    credentialsShownAt: (grantIds) => credentialsShownAt(db, grantIds),
    incidentsToEnd: async (limit) => {
      const due = await db
        .select({ id: incidents.id })
        .from(incidents)
        .where(isDue)
        .orderBy(asc(incidents.endsAt))
        .limit(limit);
      return due.map(({ id }) => id);
    },
    msToNextIncidentEnd: async () => firstOrNull(await nextEnd.execute())?.ms ?? null,
  };
};

const targetsOfIncidents: (
  db: Db,
  exceptId: string,
  withinMs: number,
) => ReturnType<IncidentReads['targetsOfIncidents']> = (db, exceptId, withinMs) => {
  const used = sql<number>`count(distinct ${requests.incidentId})::integer`;
  const lastAt = sql<Date>`max(${requests.createdAt})`.mapWith(requests.createdAt);
  return db
    .select({ target: requests.target, incidents: used, lastAt })
    .from(incidents)
    .innerJoin(requests, eq(requests.incidentId, incidents.id))
    .where(
      and(
        sql`${incidents.openedAt} >= ${clockOnce} - ${withinMs}::double precision * interval '1 millisecond'`,
        ne(incidents.id, exceptId),
      ),
    )
    .groupBy(requests.target)
    .orderBy(desc(used), desc(lastAt), asc(requests.target))
    .limit(100);
};

const credentialsShownAt = async (db: Db, grantIds: string[]): Promise<Map<string, Date>> => {
  if (grantIds.length === 0) return new Map();
  const at = sql<Date>`min(${auditEvents.at})`.mapWith(auditEvents.at);
  const rows = await db
    .select({ grantId: auditEvents.grantId, at })
    .from(auditEvents)
    .where(and(sql`${auditEvents.type} = 'credentials.shown'`, inArray(auditEvents.grantId, grantIds)))
    .groupBy(auditEvents.grantId);
  return new Map(rows.flatMap(({ grantId, at: shownAt }) => (grantId ? [[grantId, shownAt]] : [])));
};
