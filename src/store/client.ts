/** The pool, and the store that use cases are given. */
import { drizzle } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import { connectionOf } from './address.ts';
import type { DatabaseAddress } from './address.ts';
import type { WrongEventError } from '../domain/audit/check-entry.ts';
import type { AuditEntry } from '../domain/audit/events.ts';
import type { Log } from '../lib/log.ts';
import { oneAtATime } from '../lib/serializer.ts';
import type { Store } from '../application/deps.ts';
import type { WorkKind, Written } from '../application/record/outbox.ts';
import { frozenReads } from './frozen-requests.ts';
import { preApprovalReads } from './pre-approvals.ts';
import { sealEvents } from './audit/seal.ts';
import { withPlainFailures } from './failures.ts';
import { absenceReads } from './absences.ts';
import { addressReads } from './email-bindings.ts';
import { targetNameReads } from './target-names.ts';
import { handleReads } from './user-groups.ts';
import { installationReads } from './installations.ts';
import { alertForgetting, alertReads } from './alerts.ts';
import { campaignReads } from './campaigns.ts';
import { reportFileStore, reportRunReads } from './report-runs.ts';
import { policyReads } from './policies.ts';
import { listReads } from './target-lists.ts';
import { channelNameReads } from './channel-names.ts';
import { announcementReads } from './admin-notifications.ts';
import { driftReads } from './drift.ts';
import { gaugeReads } from './gauges.ts';
import { extensionReads } from './extensions.ts';
import { grantReads } from './grants.ts';
import { incidentReads } from './incidents.ts';
import { lastWeekReads } from './last-week.ts';
import { limitReads } from './limits.ts';
import { messageStore } from './messages.ts';
import { outboxStore } from './outbox.ts';
import { overdueReads } from './overdue.ts';
import { accountLinkReads } from './account-links.ts';
import { preparedReads } from './prepared.ts';
import { principalReads } from './principals.ts';
import { requestReads } from './requests.ts';
import { lastCommitOf, requestsOfJob } from './requests-of-job.ts';
import { revocationReads } from './revocations.ts';
import { recordingReads } from './recordings.ts';
import { useReads } from './usage.ts';
import { viewReads } from './request-views.ts';
import type { Db } from './statement.ts';
import { nowReader, transactionRunner } from './transaction.ts';
import { writeProblem } from './write-problem.ts';

const DEFAULT_MAX_CONNECTIONS = 10;
const CONNECT_TIMEOUT_MS = 10_000;
/** A connection carries some thirty prepared statements: it is worth keeping through a quiet while. */
const IDLE_TIMEOUT_MS = 10 * 60_000;
/** Nothing of ours takes a tenth of this; what does is stuck, and holds locks that others wait for. */
const STATEMENT_TIMEOUT_MS = 30_000;
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 30_000;

export type PoolOptions = DatabaseAddress & { log: Log; max?: number };

export const createPool = ({ log, max = DEFAULT_MAX_CONNECTIONS, ...address }: PoolOptions): pg.Pool => {
  const pool = new pg.Pool({
    ...connectionOf(address),
    max,
    application_name: 'latchkey',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
    keepAlive: true,
    // Statements of one transaction that need not wait for each other are sent together; see `in-transaction.ts`.
    pipeline: true,
  });
  // Without a listener, Postgres closing an idle connection (a restart, a failover) would end the process.
  pool.on('error', (error) => log.warn({ error: error.message }, 'Postgres closed an idle connection'));
  // The same while it is in use and between two statements, or in the moment of being handed out; the next statement reports it.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
};

export type StoreOptions = {
  pool: pg.Pool;
  log: Log;
  /** Called after each commit that wrote outgoing work; must not block. */
  onWork: (written: Written) => void;
  /** How many rows of this kind of work this process keeps to do them itself; none unless given. */
  room?: (kind: WorkKind) => number;
  /** Called after each commit with the audit events that it wrote; must not throw. */
  onEvents?: (entries: readonly AuditEntry[]) => void;
};

const reportWrongEvent =
  (log: Log) =>
  (error: WrongEventError): void =>
    log.error({ err: error }, 'a wrong audit event was refused, and nothing was stored with it');

const logRetry =
  (log: Log) =>
  (attempt: number, error: unknown): void => {
    const reason = error instanceof Error ? error.message : String(error);
    log.warn({ attempt, reason }, 'transaction is run again');
  };

/** Of what ends much at once, and of what watches over time and targets. */
const guardingReads = (db: Db) => ({
  ...overdueReads(db),
  ...announcementReads(db),
  ...revocationReads(db),
  ...driftReads(db),
  ...useReads(db),
  ...recordingReads(db),
  ...campaignReads(db),
  ...reportRunReads(db),
  ...listReads(db),
  ...policyReads(db),
});

/** Of jobs, and of what freezes denied them. */
const jobReads = (db: Db) => ({
  requestsOfJob: requestsOfJob(db),
  lastCommitOf: lastCommitOf(db),
  ...frozenReads(db),
});

const identityReads = (db: Db) => ({
  ...addressReads(db),
  ...handleReads(db),
  ...targetNameReads(db),
  ...installationReads(db),
});

const reportsTo = (log: Log) => ({ onRetry: logRetry(log), onWrongEvent: reportWrongEvent(log) });

const countingReads = (db: Db) => ({ ...lastWeekReads(db), ...limitReads(db), ...gaugeReads(db) });

export const createStore = ({
  pool,
  log,
  onWork,
  room = () => 0,
  onEvents = () => undefined,
}: StoreOptions): Store & { problem(): Promise<string | null>; close(): Promise<void> } => {
  const db = drizzle(pool);
  // A caller while it is looked up shares the next answer: readyz is open to everybody.
  const probe = oneAtATime(writeProblem(pool));
  return withPlainFailures({
    transaction: transactionRunner({ pool, room, onWork, onEvents, ...reportsTo(log) }),
    read: {
      now: nowReader(db),
      request: requestReads(db),
      ...jobReads(db),
      grant: grantReads(db),
      ...principalReads(db),
      ...accountLinkReads(db),
      absencesOf: absenceReads(db),
      ...identityReads(db),
      ...viewReads(db),
      ...countingReads(db),
      ...preparedReads(db),
      ...preApprovalReads(db),
      ...extensionReads(db),
      ...channelNameReads(db),
      ...alertReads(db),
      ...guardingReads(db),
      ...incidentReads(db),
    },
    messages: messageStore(db, pool),
    outbox: outboxStore(db),
    reports: reportFileStore(pool),
    audit: { seal: (limit) => sealEvents(pool, limit) },
    forgetAlerts: alertForgetting(db),
    problem: () => probe('store'),
    close: () => pool.end(),
  });
};
