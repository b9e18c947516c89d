/**
 * One transaction of a use case. Its audit events and outgoing work are gathered and written in one statement just before COMMIT:
 * same transaction, one round trip however many there are, and event times next to the commit.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import type pg from 'pg';
import type { AuditEntry } from '../core/events.ts';
import type { Tx, WorkKind } from '../usecases/ports.ts';
import { canonicalJson } from './canonical-json.ts';
import { databaseFailure, isRetryable } from './failures.ts';
import { inTransaction } from './in-transaction.ts';
import { clock, only } from './statement.ts';
import type { Db } from './statement.ts';
import { absenceWrites } from './stores/absences.ts';
import { addressWrites } from './stores/addresses.ts';
import { askWrites } from './stores/asks.ts';
import { announcementWrites } from './stores/announcements.ts';
import { decisionWrites } from './stores/decisions.ts';
import { grantWrites } from './stores/grants.ts';
import { overdueWrites } from './stores/overdue.ts';
import { peopleWrites } from './stores/people.ts';
import { policyWrites } from './stores/policies.ts';
import { requestWrites } from './stores/requests.ts';
import { allowanceWrites } from './stores/allowances.ts';
import { reviewWrites } from './stores/reviews.ts';
import { secretWrites } from './stores/secrets.ts';
import { voteWrites } from './stores/votes.ts';

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
insert into outbox (kind, subject_id, available_at, created_at)
select w.kind, w.subject_id, clock_timestamp() + w.delay_ms * interval '1 millisecond', clock_timestamp()
from unnest($8::text[], $9::text[], $10::double precision[]) with ordinality as w(kind, subject_id, delay_ms, position)
order by w.position`;

type NewWork = { kind: WorkKind; subjectId: string; availableInMs: number };
type Pending = { entries: AuditEntry[]; work: NewWork[] };
type Session = { tx: Tx; pending: Pending };

export const nowReader = (db: Db): (() => Promise<Date>) => {
  const read = db
    .select({ now: clock })
    .from(sql`(values (1)) as one`)
    .prepare('now');
  return async () => only(await read.execute()).now;
};

const createSession = (client: pg.PoolClient): Session => {
  const db = drizzle(client);
  const pending: Pending = { entries: [], work: [] };
  const tx: Tx = {
    now: nowReader(db),
    people: peopleWrites(db),
    requests: requestWrites(db),
    asks: askWrites(db),
    votes: voteWrites(db),
    absences: absenceWrites(db),
    addresses: addressWrites(db),
    policies: policyWrites(db),
    announcements: announcementWrites(db),
    overdue: overdueWrites(db),
    decisions: decisionWrites(db),
    grants: grantWrites(db),
    allowances: allowanceWrites(db),
    reviews: reviewWrites(db),
    secrets: secretWrites(db),
    outbox: {
      add: async (kind, subjectId, availableInMs = 0) => void pending.work.push({ kind, subjectId, availableInMs }),
    },
    audit: { append: async (entry) => void pending.entries.push(entry) },
  };
  return { tx, pending };
};

/** Prepared statements belong to a connection, so what holds them is kept as long as the connection. */
const sessions = new WeakMap<pg.PoolClient, Session>();

const sessionOf = (client: pg.PoolClient): Session => {
  const session = sessions.get(client) ?? createSession(client);
  sessions.set(client, session);
  session.pending.entries.length = 0;
  session.pending.work.length = 0;
  return session;
};

const flush = async (client: pg.PoolClient, { entries, work }: Pending): Promise<void> => {
  if (entries.length === 0 && work.length === 0) return;
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
  ];
  await client.query({ name: 'transaction_flush', text: FLUSH, values });
};

const attemptOnce = <T>(pool: pg.Pool, work: (tx: Tx) => Promise<T>): Promise<{ result: T; hasWork: boolean }> =>
  inTransaction(pool, 'begin', async (client) => {
    const { tx, pending } = sessionOf(client);
    const result = await work(tx);
    await flush(client, pending);
    return { result, hasWork: pending.work.length > 0 };
  }).catch((error: unknown) => {
    throw databaseFailure(error);
  });

export type TransactionOptions = {
  pool: pg.Pool;
  onWork: () => void;
  onRetry: (attempt: number, error: unknown) => void;
};

/** Runs `work` again, from its start, after a serialization failure or deadlock; at most five times, with growing random pauses. */
export const transactionRunner =
  ({ pool, onWork, onRetry }: TransactionOptions) =>
  async <T>(work: (tx: Tx) => Promise<T>): Promise<T> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const { result, hasWork } = await attemptOnce(pool, work);
        if (hasWork) onWork();
        return result;
      } catch (error) {
        if (!isRetryable(error) || attempt === MAX_ATTEMPTS) throw error;
        onRetry(attempt, error);
        await sleep(Math.random() * FIRST_PAUSE_MS * 2 ** attempt);
      }
    }
  };
