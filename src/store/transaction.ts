/**
 * One transaction of a use case. Its audit events and outgoing work are gathered and written in one statement just before COMMIT:
 * same transaction, one round trip however many there are, and event times next to the commit.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import type pg from 'pg';
import { WrongEventError, checkEntry } from '../domain/audit/check-entry.ts';
import type { AuditEntry } from '../domain/audit/events.ts';
import type { Tx } from '../application/deps.ts';
import { requestsWorkedOn } from '../application/record/incident-work.ts';
import type { TakenWork, WorkKind, Written } from '../application/record/outbox.ts';
import { canonicalJson } from '../domain/canonical-json.ts';
import { databaseFailure, isRetryable } from './failures.ts';
import { inTransaction } from './in-transaction.ts';
import type { Line } from './in-transaction.ts';
import { clock, only } from './statement.ts';
import type { Db } from './statement.ts';
import { absenceWrites } from './absences.ts';
import { accountLinkWrites } from './account-links.ts';
import { addressWrites } from './email-bindings.ts';
import { targetNameWrites } from './target-names.ts';
import { handleWrites } from './user-groups.ts';
import { auditKeyWrites } from './audit-keys.ts';
import { installationWrites } from './installations.ts';
import { alertWrites } from './alerts.ts';
import { evaluationWrites } from './request-evaluations.ts';
import { channelNameWrites } from './channel-names.ts';
import { announcementWrites } from './admin-notifications.ts';
import { leaverWrites } from './leavers.ts';
import { driftWrites } from './drift.ts';
import { decisionWrites } from './decisions.ts';
import { extensionWrites } from './extensions.ts';
import { grantWrites } from './grants.ts';
import { limitWrites } from './limits.ts';
import { overdueWrites } from './overdue.ts';
import { principalWrites } from './principals.ts';
import { publicKeyWrites } from './public-keys.ts';
import { policyWrites } from './policies.ts';
import { listWrites } from './target-lists.ts';
import { recordingWrites } from './recordings.ts';
import { requestWrites } from './requests.ts';
import { preApprovalWrites } from './pre-approvals.ts';
import { preparedWrites } from './prepared.ts';
import { incidentWrites } from './incident-writes.ts';
import { reviewWrites } from './follow-ups.ts';
import { frozenWrites } from './frozen-requests.ts';
import { campaignWrites } from './campaigns.ts';
import { reportRunWrites } from './report-runs.ts';
import { revocationWrites } from './revocations.ts';
import { githubWrites } from './github.ts';
import { gitlabWrites } from './gitlab.ts';
import { heartbeatWrites } from './heartbeats.ts';
import { useWrites } from './usage.ts';
import { secretWrites } from './secrets.ts';
import { voteWrites } from './votes.ts';

const MAX_ATTEMPTS = 5;
const FIRST_PAUSE_MS = 10;

const FLUSH = `
with event as (
  insert into audit_events (at, type, actor, request_id, grant_id, target, role, data)
  select clock_timestamp(), e.type, e.actor, e.request_id, e.grant_id, e.target, e.role, e.data
  from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
    with ordinality as e(type, actor, request_id, grant_id, target, role, data, position)
  order by e.position
  returning id
), unsealed as (
  insert into audit_unsealed (event_id) select id from event
)
insert into outbox (kind, subject_id, available_at, dispatched_at, created_at)
select w.kind, w.subject_id, clock_timestamp() + w.delay_ms * interval '1 millisecond', case when w.is_kept then clock_timestamp() end,
  clock_timestamp()
from (
  select position, kind, subject_id, delay_ms, is_kept
  from unnest($8::text[], $9::text[], $10::double precision[], $11::boolean[]) with ordinality
    as w(kind, subject_id, delay_ms, is_kept, position)
  union all
  -- Of the requests that "incident-work.ts" names.
  select 1e9, 'incident', r.incident_id, 0, false
  from requests r
  where r.id = any($12::text[]) and r.incident_id is not null
  group by r.incident_id
) as w
order by w.position
returning id::text, kind, subject_id as "subjectId", dispatched_at is not null as "isKept"`;

type NewWork = { kind: WorkKind; subjectId: string; availableInMs: number };
/** `wrong`: an event that was refused. Anyone who catches that cannot commit without it. */
type Pending = { entries: AuditEntry[]; work: NewWork[]; wrong: WrongEventError | null };

const append = async (pending: Pending, entry: AuditEntry): Promise<void> => {
  try {
    pending.entries.push(checkEntry(entry));
  } catch (error) {
    if (error instanceof WrongEventError) pending.wrong = error;
    throw error;
  }
};
type Session = { tx: Tx; pending: Pending };

export const nowReader = (db: Db): (() => Promise<Date>) => {
  const read = db
    .select({ now: clock })
    .from(sql`(values (1)) as one`)
    .prepare('now');
  return async () => only(await read.execute()).now;
};

const seenInTargets = (db: Db) => ({ use: useWrites(db), recordings: recordingWrites(db) });

const ofIdentity = (db: Db) => ({
  publicKeys: publicKeyWrites(db),
  accountLinks: accountLinkWrites(db),
  addresses: addressWrites(db),
  userGroups: handleWrites(db),
  targetNames: targetNameWrites(db),
  installations: installationWrites(db),
});

/** Kept so that it can be proved, and made into reports. */
const ofRecord = (db: Db) => ({
  campaigns: campaignWrites(db),
  auditKeys: auditKeyWrites(db),
  reportRuns: reportRunWrites(db),
});

const ofPolicy = (db: Db) => ({ policies: policyWrites(db), lists: listWrites(db) });

/** What clients and their hosts need. */
const ofClients = (db: Db) => ({
  github: githubWrites(db),
  gitlab: gitlabWrites(db),
  prepared: preparedWrites(db),
});

const createSession = (line: Line): Session => {
  const db = drizzle({ client: line.client });
  const pending: Pending = { entries: [], work: [], wrong: null };
  const tx: Tx = {
    now: nowReader(db),
    principals: principalWrites(db, line),
    requests: requestWrites(db, line),
    evaluations: evaluationWrites(db, line),
    votes: voteWrites(db),
    absences: absenceWrites(db),
    ...ofIdentity(db),
    ...ofPolicy(db),
    channelNames: channelNameWrites(db),
    announcements: announcementWrites(db),
    overdue: overdueWrites(db),
    revocations: revocationWrites(db),
    drift: driftWrites(db),
    ...seenInTargets(db),
    heartbeats: heartbeatWrites(db),
    ...ofClients(db),
    limits: limitWrites(db),
    leavers: leaverWrites(db),
    decisions: decisionWrites(db, line),
    grants: grantWrites(db, line),
    extensions: extensionWrites(db),
    preApprovals: preApprovalWrites(db),
    reviews: reviewWrites(db),
    frozen: frozenWrites(db),
    ...ofRecord(db),
    incidents: incidentWrites(db),
    secrets: secretWrites(db, line),
    alerts: alertWrites(db),
    outbox: {
      add: async (kind, subjectId, availableInMs = 0) => void pending.work.push({ kind, subjectId, availableInMs }),
    },
    audit: { append: (entry) => append(pending, entry) },
  };
  return { tx, pending };
};

/** Prepared statements belong to a connection, so what holds them is kept as long as the connection. */
const sessions = new WeakMap<Line, Session>();

const sessionOf = (line: Line): Session => {
  const session = sessions.get(line) ?? createSession(line);
  sessions.set(line, session);
  session.pending.entries.length = 0;
  session.pending.work.length = 0;
  session.pending.wrong = null;
  return session;
};

type Stored = Omit<TakenWork, 'dispatches'> & { isKept: boolean };

/** What may wait is not kept: it would be lost for a while with this process. */
const isKeptOf = (work: NewWork[], room: TransactionOptions['room']): boolean[] => {
  const left = new Map<WorkKind, number>();
  return work.map(({ kind, availableInMs }) => {
    const free = availableInMs > 0 ? 0 : (left.get(kind) ?? room(kind));
    if (free > 0) left.set(kind, free - 1);
    return free > 0;
  });
};

const othersInMs = (work: NewWork[], isKept: boolean[]): number | null => {
  const others = work.filter((_, index) => !isKept[index]);
  return others.length > 0 ? Math.min(...others.map(({ availableInMs }) => availableInMs)) : null;
};

/** null when no work was written. */
const flush = async (
  client: pg.PoolClient,
  { entries, work }: Pending,
  room: TransactionOptions['room'],
): Promise<Written | null> => {
  if (entries.length === 0 && work.length === 0) return null;
  const isKept = isKeptOf(work, room);
  const values = [
    entries.map((entry) => entry.type),
    entries.map((entry) => canonicalJson(entry.actor)),
    entries.map((entry) => entry.requestId),
    entries.map((entry) => entry.grantId),
    entries.map((entry) => entry.target),
    entries.map((entry) => entry.role),
    entries.map((entry) => canonicalJson(entry.data)),
    work.map(({ kind }) => kind),
    work.map(({ subjectId }) => subjectId),
    work.map(({ availableInMs }) => availableInMs),
    isKept,
    requestsWorkedOn(work),
  ];
  const { rows } = await client.query<Stored>({ name: 'transaction_flush', text: FLUSH, values });
  if (work.length === 0) return null;
  const kept = rows
    .filter((row) => row.isKept)
    .map(({ id, kind, subjectId }) => ({ id, kind, subjectId, dispatches: 0 }));
  // More rows than were named are of incidents, and nobody keeps those.
  return { kept, othersInMs: rows.length > work.length ? 0 : othersInMs(work, isKept) };
};

const attemptOnce = async <T>(
  { pool, room, onWrongEvent }: TransactionOptions,
  work: (tx: Tx) => Promise<T>,
): Promise<{ result: T; written: Written | null; entries: readonly AuditEntry[] }> => {
  let entries: readonly AuditEntry[] = [];
  let flushed: Promise<Written | null> = Promise.resolve(null);
  try {
    const result = await inTransaction(pool, 'begin', async (line) => {
      const { tx, pending } = sessionOf(line);
      const made = await work(tx);
      if (pending.wrong !== null) throw pending.wrong;
      entries = [...pending.entries];
      line.later(() => (flushed = flush(line.client, pending, room)));
      return made;
    });
    return { result, written: await flushed, entries };
  } catch (error) {
    if (error instanceof WrongEventError) onWrongEvent(error);
    throw databaseFailure(error);
  }
};

export type TransactionOptions = {
  pool: pg.Pool;
  /** How many rows of this kind of work the process keeps to do them itself. */
  room: (kind: WorkKind) => number;
  onWork: (written: Written) => void;
  onEvents: (entries: readonly AuditEntry[]) => void;
  onRetry: (attempt: number, error: unknown) => void;
  /** The one who hears of it may take it for a failure of a target; the log has it in any case. */
  onWrongEvent: (error: WrongEventError) => void;
};

/** Runs `work` again, from its start, after a serialization failure or deadlock; at most five times, with growing random pauses. */
export const transactionRunner =
  (options: TransactionOptions) =>
  async <T>(work: (tx: Tx) => Promise<T>): Promise<T> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const { result, written, entries } = await attemptOnce(options, work);
        if (entries.length > 0) options.onEvents(entries);
        if (written) options.onWork(written);
        return result;
      } catch (error) {
        if (!isRetryable(error) || attempt === MAX_ATTEMPTS) throw error;
        options.onRetry(attempt, error);
        await sleep(Math.random() * FIRST_PAUSE_MS * 2 ** attempt);
      }
    }
  };
