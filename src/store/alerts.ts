/** Alerts: each signal is taken in once, no matter who brings it, and what fires together is one alert. */
import { and, asc, desc, eq, getTableColumns, gt, sql } from 'drizzle-orm';
import { ALERT_STATES } from '../domain/alerts/types.ts';
import type { AlertTransition } from '../domain/alerts/occurrence.ts';
import type { Alert, AlertSignal, AlertSource, KnownSignal } from '../domain/alerts/types.ts';
import type {
  AlertChange,
  AlertOutcome,
  AlertReads,
  AlertTaking,
  AlertView,
  AlertWrites,
} from '../application/alerts/alert-ports.ts';
import type { Store } from '../application/deps.ts';
import { alertRequests, alertSignals, alerts } from './schema/alerts.ts';
import { planMessage } from './messages.ts';
import { clients, people } from './schema/principals.ts';
import { grants, requests } from './schema/requests.ts';
import { ROW_LOCK, clock, firstOrNull } from './statement.ts';
import type { Db } from './statement.ts';

const signalsOf = sql`from ${alertSignals} where ${alertSignals.alertId} = ${alerts.id}`;
const columns = {
  ...getTableColumns(alerts),
  firing: sql<number>`(select count(*)::int ${signalsOf} and ${alertSignals.state} = ${sql.raw(`'${ALERT_STATES[0]}'`)})`,
  signals: sql<number>`(select count(*)::int ${signalsOf})`,
};

const raised = sql`${alerts.version} + 1`;

type Placed = { alertId: string; outcome: AlertOutcome };

/** The alert that what fires belongs to: the open one of its mapping, the last one where it was resolved just now, or a new one. */
const place = async (db: Db, { title, url, severity }: AlertSignal, taking: AlertTaking): Promise<Placed> => {
  const { mapping, source, newId, reopenMs } = taking;
  const since = sql`clock_timestamp() - ${reopenMs}::double precision * interval '1 millisecond'`;
  const ofMapping = and(eq(alerts.mapping, mapping), eq(alerts.source, source));
  const open = firstOrNull(
    await db
      .select({ id: alerts.id, state: alerts.state })
      .from(alerts)
      .where(and(ofMapping, sql`(${alerts.state} = 'firing' or ${gt(alerts.resolvedAt, since)})`))
      .orderBy(asc(alerts.state), desc(alerts.createdAt))
      .limit(1),
  );
  if (open) {
    const firing = { state: 'firing', resolvedAt: null, version: raised } as const;
    // It may come back as something else: what is shown is what fires now.
    const shown = open.state === 'firing' ? {} : { title, url, severity };
    await db
      .update(alerts)
      .set({ ...firing, ...shown })
      .where(eq(alerts.id, open.id));
    return { outcome: open.state === 'firing' ? 'joined' : 'reopened', alertId: open.id };
  }
  const shown = { id: newId, mapping, source, title, url, severity };
  await db.insert(alerts).values({ ...shown, state: 'firing', createdAt: clock });
  return { outcome: 'fired', alertId: newId };
};

/** The alert is over when nothing of it fires. */
const settle = async (db: Db, alertId: string): Promise<AlertOutcome> => {
  const fires = and(eq(alertSignals.alertId, alertId), eq(alertSignals.state, 'firing'));
  const isOver = (await db.select({ key: alertSignals.key }).from(alertSignals).where(fires).limit(1)).length === 0;
  const over = isOver ? ({ state: 'resolved', resolvedAt: clock } as const) : {};
  await db
    .update(alerts)
    .set({ ...over, version: raised })
    .where(eq(alerts.id, alertId));
  return isOver ? 'resolved' : 'changed';
};

type StoredSignal = typeof alertSignals.$inferSelect;

/** A statement takes some 65,000 values. */
const ROWS_MAX = 5_000;

const put = async (db: Db, rows: StoredSignal[]): Promise<void> => {
  for (let from = 0; from < rows.length; from += ROWS_MAX)
    await db
      .insert(alertSignals)
      .values(rows.slice(from, from + ROWS_MAX))
      .onConflictDoUpdate({
        target: [alertSignals.source, alertSignals.key],
        set: { alertId: sql`excluded.alert_id`, state: sql`excluded.state`, at: sql`excluded.at` },
      });
};

const known = async (db: Db, source: AlertSource, keys: readonly string[]): Promise<Map<string, KnownSignal>> => {
  // Of one source all is heard one after the other, also by several processes: else two would each begin an alert.
  await db.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`alert:${source}`}, 0))`);
  const { key, state, at, alertId } = alertSignals;
  const isKnown = and(eq(alertSignals.source, source), sql`${key} = any(${sql.param([...keys])}::text[])`);
  const rows = await db
    .select({ key, state, at, alertId, mapping: alerts.mapping })
    .from(alertSignals)
    .leftJoin(alerts, eq(alerts.id, alertId))
    .where(isKnown);
  return new Map(rows.map((row) => [row.key, row]));
};

const begins = ({ before, after }: AlertTransition): boolean => after.state === 'firing' && before?.state !== 'firing';
const isOver = ({ before, after }: AlertTransition): boolean =>
  after.state === 'resolved' && before?.state === 'firing';

const rowOf = ({ signal, before, after }: AlertTransition, alertId = before?.alertId ?? null): StoredSignal => ({
  source: signal.source,
  key: signal.key,
  alertId,
  ...after,
});

const take = async (db: Db, transitions: readonly AlertTransition[], taking: AlertTaking): Promise<AlertChange[]> => {
  const first = transitions.find(begins);
  const placed = first ? await place(db, first.signal, taking) : null;
  await put(
    db,
    transitions.map((one) => (begins(one) ? rowOf(one, placed?.alertId) : rowOf(one))),
  );
  const changes: AlertChange[] = placed && first ? [{ ...placed, signal: first.signal }] : [];
  for (const { signal, before } of transitions.filter(isOver)) {
    const alertId = before?.alertId ?? null;
    if (alertId === null || changes.some((change) => change.alertId === alertId)) continue;
    changes.push({ outcome: await settle(db, alertId), alertId, signal });
  }
  return changes;
};

/** As long as a source tries to deliver, and a day more. */
const UNHEARD_MS = 2 * 86_400_000;

/** One statement, so that the sweep may try it often. */
export const alertForgetting =
  (db: Db): Store['forgetAlerts'] =>
  async (resolvedBeforeMs, limit) => {
    const ago = (ms: number) => sql`(select clock_timestamp() - ${ms}::double precision * interval '1 millisecond')`;
    const before = ago(resolvedBeforeMs);
    await db.execute(sql`
      with old as (
        select a.id from alerts a
        where a.state = 'resolved' and a.resolved_at < ${before}
          and not exists (select from alert_requests r where r.alert_id = a.id)
        limit ${limit} for update skip locked
      ), messages as (delete from messages where subject_kind = 'alert' and subject_id in (select id from old)),
      heard as (delete from alert_signals where alert_id in (select id from old)),
      unheard as (delete from alert_signals where alert_id is null and at < ${ago(Math.min(resolvedBeforeMs, UNHEARD_MS))})
      delete from alerts where id in (select id from old)`);
  };

export const alertWrites = (db: Db): AlertWrites => ({
  known: (source, keys) => known(db, source, keys),
  take: (transitions, taking) => take(db, transitions, taking),
  keepOver: async (transitions) =>
    put(
      db,
      transitions.map((one) => rowOf(one)),
    ),
  lock: async (id) => firstOrNull(await db.select(columns).from(alerts).where(eq(alerts.id, id)).for(ROW_LOCK)),
  setRoute: async (alertId, { route, notified, audiences }) => {
    await db.update(alerts).set({ route, notified, version: raised }).where(eq(alerts.id, alertId));
    for (const audience of audiences)
      await planMessage(db, { kind: 'alert', id: alertId }, { kind: 'alert', audience });
  },
  tie: async (requestId, alertId) => {
    await db.insert(alertRequests).values({ requestId, alertId }).onConflictDoNothing();
    await db.update(alerts).set({ version: raised }).where(eq(alerts.id, alertId));
  },
});

const askedBy = async (db: Db, alertId: string) => {
  const rows = await db
    .select({ requestId: requests.id, person: people, key: requests.idempotencyKey })
    .from(alertRequests)
    .innerJoin(requests, eq(requests.id, alertRequests.requestId))
    .innerJoin(people, eq(people.id, requests.requesterId))
    .where(eq(alertRequests.alertId, alertId))
    .orderBy(asc(requests.createdAt));
  return rows.map(({ requestId, person, key }) => ({ requestId, person, isAutomatic: key === `alert:${alertId}` }));
};

const forClient = async (db: Db, alertId: string): Promise<AlertView['forClient']> => {
  const rows = await db
    .select({
      requestId: requests.id,
      client: clients.name,
      origin: requests.origin,
      state: requests.state,
      grant: grants.state,
    })
    .from(alertRequests)
    .innerJoin(requests, eq(requests.id, alertRequests.requestId))
    .innerJoin(clients, eq(clients.id, requests.requesterId))
    .leftJoin(grants, eq(grants.requestId, requests.id))
    .where(eq(alertRequests.alertId, alertId))
    .orderBy(asc(requests.createdAt));
  return rows.map(({ requestId, client, origin, state, grant }) => ({
    requestId,
    client,
    startedBy: origin?.kind === 'alert' ? origin.startedBy : null,
    isWaiting: state === 'pending' || (grant === 'activating' && origin?.isClaimed === false),
  }));
};

export const alertReads = (db: Db): AlertReads => {
  const find = async (id: string): Promise<Alert | null> =>
    firstOrNull(await db.select(columns).from(alerts).where(eq(alerts.id, id)));
  return {
    alert: find,
    firingAlerts: (limit) =>
      db.select(columns).from(alerts).where(eq(alerts.state, 'firing')).orderBy(desc(alerts.createdAt)).limit(limit),
    alertOfRequest: async (requestId) =>
      firstOrNull(
        await db
          .select(columns)
          .from(alerts)
          .innerJoin(alertRequests, eq(alertRequests.alertId, alerts.id))
          .where(eq(alertRequests.requestId, requestId)),
      ),
    alertView: async (id) => {
      const found = firstOrNull(await db.select({ alert: columns, now: clock }).from(alerts).where(eq(alerts.id, id)));
      return found && { ...found, askedBy: await askedBy(db, id), forClient: await forClient(db, id) };
    },
  };
};
