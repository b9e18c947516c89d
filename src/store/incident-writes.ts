/** What changes an incident, and the requests and grants that are tied to it. */
import { and, asc, eq, inArray, sql } from 'drizzle-orm';
import type { PgUpdateSetSource } from 'drizzle-orm/pg-core';
import { DomainError } from '../domain/errors.ts';
import type { IncidentWrites } from '../application/incidents/incident-ports.ts';
import { isOneOf } from './schema/columns.ts';
import { incidentHistory, incidents } from './schema/incidents.ts';
import { LIVE_STATES, grants, requests } from './schema/requests.ts';
import { ROW_LOCK, clock, clockPlus, firstOrNull } from './statement.ts';
import type { Db } from './statement.ts';
import { grantColumns } from './grants.ts';
import { isDue, isId, ofChannel } from './incidents.ts';
import { incidentColumns as columns } from './incident-columns.ts';
import { raisedVersion, requestColumns } from './request-columns.ts';

const isLive = isOneOf(grants.state, LIVE_STATES);
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
  async ({ isConfirmed, updatedMs, teamId, ...incident }) => {
    const rows = await db
      .insert(incidents)
      .values({
        ...incident,
        teamId: teamId ?? null,
        state: 'open',
        openedAt: clock,
        confirmedAt: isConfirmed ? clock : null,
        confirmedSeverityAt: incident.confirmedSeverity === null ? null : clock,
        channelUpdatedMs: updatedMs ?? 0,
      })
      .onConflictDoNothing()
      .returning(columns);
    return firstOrNull(rows);
  };

const none = sql`null`;

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
    .set({ version: raisedVersion })
    .from(held)
    .where(eq(requests.id, held.id))
    .returning({ id: requests.id });
  return raisedRequests.map((request) => request.id);
};

type Changes = Pick<
  IncidentWrites,
  'raiseHeld' | 'setChannel' | 'setSeverity' | 'confirm' | 'confirmName' | 'reopen' | 'close' | 'setEnded'
>;

const changes = (db: Db): Changes => ({
  setChannel: (id, { updatedMs, ...channel }) =>
    change(db, id, {
      ...channel,
      channelUpdatedMs: sql`greatest(${incidents.channelUpdatedMs}, ${updatedMs ?? 0}::bigint)`,
    }),
  setSeverity: (id, { severity, isConfirmed, saidAt }) =>
    change(db, id, {
      severity,
      ...(isConfirmed ? { confirmedSeverity: severity, confirmedSeverityAt: saidAt ?? clock } : {}),
    }),
  confirm: (id, { by, name }) => change(db, id, { confirmedBy: by, confirmedAt: clock, confirmedName: name }),
  confirmName: (id, name) => change(db, id, { confirmedName: name }),
  reopen: (id, { isConfirmed, ...reopening }) =>
    change(db, id, {
      ...reopening,
      state: 'open',
      openedAt: clock,
      confirmedAt: isConfirmed ? clock : none,
      ...(isConfirmed ? {} : { confirmedSeverity: none, confirmedSeverityAt: none }),
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
      .set({ version: raisedVersion })
      .from(kept)
      .where(eq(requests.id, kept.requestId))
      .returning({ id: requests.id });
    if (raisedRequests.length === 0) throw new DomainError('grant_not_found', { id: grantId });
  },
});

export const incidentWrites = (db: Db): IncidentWrites => ({
  insert: insertOne(db),
  ...locks(db),
  ...changes(db),
  note: async (id, noted) => void (await db.insert(incidentHistory).values({ incidentId: id, at: clock, ...noted })),
  ...tiedWrites(db),
});
