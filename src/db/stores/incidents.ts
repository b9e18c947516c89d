/** Incidents: one open row a channel at most, what happened to it, and what is tied to it. */
import { and, asc, desc, eq, inArray, lte, ne, sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import type { PgUpdateSetSource } from 'drizzle-orm/pg-core';
import { DomainError } from '../../core/errors.ts';
import type { IncidentReads, IncidentRow, IncidentWrites } from '../../usecases/ports-incidents.ts';
import { incidentHistory } from '../schema-incidents.ts';
import { auditEvents } from '../schema-audit.ts';
import { LIVE_STATES, grants, incidents, people, requests } from '../schema.ts';
import { ROW_LOCK, clock, clockOnce, clockPlus, firstOrNull, slot } from '../statement.ts';
import type { Db } from '../statement.ts';
import { grantColumns } from './grants.ts';
import { incidentColumns as columns, incidentVersion } from './incident-columns.ts';
import { requestColumns } from './request-columns.ts';

const isId = eq(incidents.id, slot('id'));
const isLive = inArray(grants.state, sql.raw(`('${LIVE_STATES.join("', '")}')`));
const newest = [desc(incidents.openedAt), desc(incidents.id)] as const;

const findStatement = (db: Db) => db.select(columns).from(incidents).where(isId).prepare('incident_find');

const ofChannel = (db: Db) =>
  db
    .select(columns)
    .from(incidents)
    .where(eq(incidents.channelId, slot('channelId')))
    .orderBy(...newest)
    .limit(1)
    .$dynamic();

const openedBy = alias(people, 'opened_by');
const closedBy = alias(people, 'closed_by');
const vouchedBy = alias(people, 'vouched_by');

const countsOfIncident = sql<IncidentRow['counts']>`(
  select json_build_object(
    'live', count(*) filter (where g.state in (${sql.raw(`'${LIVE_STATES.join("', '")}'`)})),
    'pending', count(*) filter (where r.state = 'pending'),
    'ended', count(*) filter (where r.state <> 'pending' and (g.state is null or g.state in ('ended', 'failed'))))
  from requests r left join grants g on g.request_id = r.id
  where r.incident_id = ${incidents.id})`;

const rowStatement = (db: Db) =>
  db
    .select({
      incident: columns,
      openedBy,
      closedBy,
      vouchedBy,
      version: incidentVersion,
      counts: countsOfIncident,
      now: clock,
    })
    .from(incidents)
    .leftJoin(openedBy, eq(openedBy.id, incidents.openedBy))
    .leftJoin(closedBy, eq(closedBy.id, incidents.closedBy))
    .leftJoin(vouchedBy, eq(vouchedBy.id, incidents.vouchedBy))
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

const isDue = and(isToEnd, lte(incidents.endsAt, clockOnce));

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
    incidentHistory: (id) => history.execute({ id }),
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

const raised = { version: sql`${incidents.version} + 1` };

/** Changes one incident that the caller has locked. */
const change = async (db: Db, id: string, set: PgUpdateSetSource<typeof incidents>): Promise<void> => {
  const changed = await db
    .update(incidents)
    .set({ ...set, ...raised })
    .where(eq(incidents.id, id))
    .returning({ id: incidents.id });
  if (changed.length === 0) throw new DomainError('incident_not_found', { id });
};

const insertOne =
  (db: Db): IncidentWrites['insert'] =>
  async ({ isVouched, updatedMs, teamId, ...incident }) => {
    const rows = await db
      .insert(incidents)
      .values({
        ...incident,
        teamId: teamId ?? null,
        state: 'open',
        openedAt: clock,
        vouchedAt: isVouched ? clock : null,
        vouchedName: isVouched ? incident.channelName : null,
        channelUpdatedMs: updatedMs ?? 0,
      })
      .onConflictDoNothing()
      .returning(columns);
    return firstOrNull(rows);
  };

const none = sql`null`;

export const incidentWrites = (db: Db): IncidentWrites => ({
  insert: insertOne(db),
  ...locks(db),
  ...changes(db),
  note: async (id, noted) => void (await db.insert(incidentHistory).values({ incidentId: id, at: clock, ...noted })),
  ...tiedWrites(db),
});

const locks = (db: Db): Pick<IncidentWrites, 'lock' | 'lockOfChannel' | 'hold' | 'lockToEnd'> => {
  const ofChannelLocked = ofChannel(db).for(ROW_LOCK).prepare('incident_lock_of_channel');
  const held = db.select(columns).from(incidents).where(isId).for('share').prepare('incident_hold');
  return {
    lock: async (id) => firstOrNull(await db.select(columns).from(incidents).where(eq(incidents.id, id)).for(ROW_LOCK)),
    lockOfChannel: async (channelId) => firstOrNull(await ofChannelLocked.execute({ channelId })),
    hold: async (id) => firstOrNull(await held.execute({ id })),
    lockToEnd: async (id) =>
      firstOrNull(
        await db
          .select(columns)
          .from(incidents)
          .where(and(eq(incidents.id, id), isDue))
          .for(ROW_LOCK, { skipLocked: true }),
      ),
  };
};

const raiseHeld = async (db: Db, id: string): Promise<string[]> => {
  const ofHeld = db
    .select({ id: requests.id })
    .from(requests)
    .innerJoin(grants, eq(grants.requestId, requests.id))
    .where(and(eq(requests.incidentId, id), isLive))
    .orderBy(asc(requests.id))
    .for(ROW_LOCK, { of: requests });
  const held = db.$with('held').as(ofHeld);
  const raisedRequests = await db
    .with(held)
    .update(requests)
    .set({ version: sql`${requests.version} + 1` })
    .from(held)
    .where(eq(requests.id, held.id))
    .returning({ id: requests.id });
  return raisedRequests.map((request) => request.id);
};

type Changes = Pick<
  IncidentWrites,
  'raiseHeld' | 'setChannel' | 'setSeverity' | 'vouch' | 'reopen' | 'close' | 'setEnded'
>;

const changes = (db: Db): Changes => ({
  setChannel: (id, { updatedMs, isTrusted, ...channel }) =>
    change(db, id, {
      ...channel,
      ...(isTrusted
        ? { vouchedName: sql`case when ${incidents.vouchedAt} is not null then ${channel.channelName}::text end` }
        : {}),
      channelUpdatedMs: sql`greatest(${incidents.channelUpdatedMs}, ${updatedMs ?? 0}::bigint)`,
    }),
  setSeverity: (id, severity) => change(db, id, { severity }),
  vouch: (id, by) => change(db, id, { vouchedBy: by, vouchedAt: clock, vouchedName: sql`${incidents.channelName}` }),
  reopen: (id, { isVouched, ...reopening }) =>
    change(db, id, {
      ...reopening,
      state: 'open',
      openedAt: clock,
      vouchedAt: isVouched ? clock : none,
      vouchedName: isVouched ? sql`${incidents.channelName}` : none,
      closedAt: none,
      closedBy: none,
      closeCause: none,
      endsAt: none,
      endedAt: none,
    }),
  close: (id, { by, cause, endsInMs }) =>
    change(db, id, {
      state: 'closed',
      closedAt: clock,
      closedBy: by,
      closeCause: cause,
      endsAt: endsInMs === null ? none : clockPlus(sql`${endsInMs}`),
      endedAt: none,
    }),
  setEnded: (id) => change(db, id, { endedAt: clock }),
  raiseHeld: (id) => raiseHeld(db, id),
});

const tiedWrites = (db: Db): Pick<IncidentWrites, 'lockPending' | 'lockGrantsToEnd' | 'keepGrant'> => ({
  lockPending: (id) =>
    db
      .select(requestColumns)
      .from(requests)
      .where(and(eq(requests.incidentId, id), eq(requests.state, 'pending')))
      .orderBy(asc(requests.id))
      .for(ROW_LOCK),
  lockGrantsToEnd: (id) =>
    db
      .select(grantColumns)
      .from(grants)
      .innerJoin(requests, eq(requests.id, grants.requestId))
      .where(
        and(
          eq(requests.incidentId, id),
          inArray(grants.state, ['activating', 'active']),
          sql`(${grants.keptAt} is null or ${grants.keptAt} < (select i.closed_at from incidents i where i.id = ${id}))`,
        ),
      )
      .orderBy(asc(requests.id))
      .for(ROW_LOCK, { of: [requests, grants] }),
  keepGrant: async (grantId) => {
    const kept = db.$with('kept').as(
      db
        .update(grants)
        .set({ keptAt: clock })
        .where(and(eq(grants.id, grantId), isLive))
        .returning({ requestId: grants.requestId }),
    );
    const raisedRequests = await db
      .with(kept)
      .update(requests)
      .set({ version: sql`${requests.version} + 1` })
      .from(kept)
      .where(eq(requests.id, kept.requestId))
      .returning({ id: requests.id });
    if (raisedRequests.length === 0) throw new DomainError('grant_not_found', { id: grantId });
  },
});
