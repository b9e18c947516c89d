/** Grants: access that was given, from `activating` to `removed`. The deadline is stored here before any target is touched. */
import { and, asc, eq, getTableColumns, inArray, isNull, lte, or, sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import type { PgUpdateSetSource } from 'drizzle-orm/pg-core';
import { DomainError } from '../domain/errors.ts';
import { GRANT_MOVES, moveGrant } from '../domain/lifecycle.ts';
import type { GrantState } from '../domain/lifecycle.ts';
import type { Store, Tx } from '../application/deps.ts';
import type { Line } from './in-transaction.ts';
import { STALLED_STATES, UNFINISHED_STATES, grants, requests } from './schema/requests.ts';
import {
  ROW_LOCK,
  clock,
  clockOnce,
  clockPlus,
  firstOrNull,
  given,
  givenInstant,
  isoOrNull,
  slot,
} from './statement.ts';
import type { Db } from './statement.ts';
import { grantBatches } from './grant-batches.ts';
import { leaseWrites } from './grant-leases.ts';
import { warnBefore, warningWrites } from './grant-warnings.ts';
import { raisedVersion } from './request-columns.ts';

const {
  decisionOutcome: _outcome,
  leaseUntil: _lease,
  warnAt: _warnAt,
  revocationId: _revocation,
  ...columns
} = getTableColumns(grants);
export const grantColumns = columns;

const isId = eq(grants.id, slot('id'));
const isUnfinished = inArray(grants.state, sql.raw(`('${UNFINISHED_STATES.join("', '")}')`));
const isStalled = inArray(grants.state, sql.raw(`('${STALLED_STATES.join("', '")}')`));
const isFree = or(isNull(grants.leaseUntil), lte(grants.leaseUntil, clockOnce));

const statesBefore = (to: GrantState): GrantState[] =>
  (Object.keys(GRANT_MOVES) as GrantState[]).filter((from) => GRANT_MOVES[from].some((move) => move === to));

const comesFrom = (to: GrantState): SQL => inArray(grants.state, statesBefore(to));

/** Each phase counts its own attempts. */
const freshAttempts = { attempts: sql`0`, nextAttemptAt: sql`null`, lastError: sql`null`, lastErrorKind: sql`null` };

/**
 * Changes a grant and raises the version of its request, in one statement. No row comes back when `condition` is not met.
 * `lock` and `lockDue` took both rows, request first: two transactions that lock in different orders would wait for each other.
 */
const changeStatement = (db: Db, name: string, change: { set: PgUpdateSetSource<typeof grants>; where: SQL }) => {
  const grant = db.$with('changed').as(
    db.update(grants).set(change.set).where(and(isId, change.where)).returning({
      requestId: grants.requestId,
      expiresAt: grants.expiresAt,
      attempts: grants.attempts,
      nextAttemptAt: grants.nextAttemptAt,
    }),
  );
  return db
    .with(grant)
    .update(requests)
    .set({ version: raisedVersion })
    .from(grant)
    .where(eq(requests.id, grant.requestId))
    .returning({ expiresAt: grant.expiresAt, attempts: grant.attempts, nextAttemptAt: grant.nextAttemptAt })
    .prepare(name);
};

const insertStatement = (db: Db) =>
  db
    .insert(grants)
    .values({
      id: slot('id'),
      requestId: slot('requestId'),
      decisionId: slot('decisionId'),
      granteeId: slot('granteeId'),
      target: slot('target'),
      role: slot('role'),
      provider: slot('provider'),
      scope: slot('scope'),
      state: 'activating',
      durationMs: slot('durationMs'),
      startsAt: givenInstant('startsAt'),
      claimMs: given('claimMs'),
      // The sweep finds it at its start, whatever happened to the alarm.
      nextAttemptAt: givenInstant('startsAt'),
      expiresAt: sql`greatest(${givenInstant('startsAt')}, clock_timestamp()) + ${given('durationMs')}::double precision * interval '1 millisecond'`,
      createdAt: clock,
    })
    .prepare('grant_insert');

const findStatement = (db: Db) => db.select(grantColumns).from(grants).where(isId).prepare('grant_find');

const lockStatement = (db: Db) =>
  db
    .select(grantColumns)
    .from(grants)
    .innerJoin(requests, eq(requests.id, grants.requestId))
    .where(isId)
    .for(ROW_LOCK, { of: [requests, grants] })
    .prepare('grant_lock');

const setActiveStatement = (db: Db) =>
  changeStatement(db, 'grant_set_active', {
    set: {
      state: 'active',
      handle: sql`${sql.param(slot('handle'), grants.handle)}`,
      activatedAt: clock,
      reportsUsage: given('reportsUsage'),
      warnAt: warnBefore(sql`${grants.expiresAt}`),
      leaseUntil: null,
      ...freshAttempts,
    },
    where: comesFrom('active'),
  });

/** Only while it is active: once its end has begun, that end is the last. */
const setExtendedStatement = (db: Db) =>
  changeStatement(db, 'grant_set_extended', {
    set: {
      expiresAt: givenInstant('expiresAt'),
      durationMs: given('durationMs'),
      extensions: sql`${grants.extensions} + 1`,
      warnAt: warnBefore(givenInstant('expiresAt')),
      warnedAt: sql`null`,
    },
    where: sql`${grants.state} = 'active'`,
  });

const setFailedStatement = (db: Db) =>
  changeStatement(db, 'grant_set_failed', {
    set: { state: 'failed', lastError: given('error'), leaseUntil: null, nextAttemptAt: null },
    where: comesFrom('failed'),
  });

/** Keeps the lease: the one who is still making the access must be done before anybody takes it away. */
const setEndingStatement = (db: Db) =>
  changeStatement(db, 'grant_set_ending', {
    set: {
      state: 'ending',
      endingAt: clock,
      endCause: given('cause'),
      endedBy: given('by'),
      endReason: given('reason'),
      ...freshAttempts,
    },
    where: comesFrom('ending'),
  });

const setRetryStatement = (db: Db) =>
  changeStatement(db, 'grant_set_retry', {
    set: {
      attempts: sql`${grants.attempts} + 1`,
      lastError: given('error'),
      lastErrorKind: given('kind'),
      nextAttemptAt: clockPlus(given('retryInMs')),
      leaseUntil: null,
    },
    where: isUnfinished,
  });

const setNextAttemptStatement = (db: Db) =>
  db
    .update(grants)
    .set({ nextAttemptAt: clockPlus(given('inMs')) })
    .where(and(isId, isUnfinished))
    .prepare('grant_set_next_attempt');

const setScopeStatement = (db: Db) =>
  db
    .update(grants)
    .set({ scope: sql`${sql.param(slot('scope'), grants.scope)}` })
    .where(and(isId, eq(grants.state, 'activating')))
    .prepare('grant_set_scope');

/** Before the first attempt to give it: what an end takes away hangs on this, so it is stored before the target is touched. */
const setFoundStatement = (db: Db) =>
  db
    .update(grants)
    .set({ handle: sql`${sql.param(slot('handle'), grants.handle)}`, hadAlready: given('hadAlready') })
    .where(and(isId, eq(grants.state, 'activating')))
    .prepare('grant_set_found');

const lockDueStatement = (db: Db) =>
  db
    .select(grantColumns)
    .from(grants)
    .innerJoin(requests, eq(requests.id, grants.requestId))
    .where(and(sql`${grants.state} = 'active'`, lte(grants.expiresAt, clockOnce)))
    .orderBy(asc(grants.expiresAt))
    .limit(slot('limit'))
    .for(ROW_LOCK, { of: [requests, grants], skipLocked: true })
    .prepare('grant_lock_due');

const listStalledStatement = (db: Db) =>
  db
    .select(grantColumns)
    .from(grants)
    .where(and(isStalled, isFree, or(isNull(grants.nextAttemptAt), lte(grants.nextAttemptAt, clockOnce))))
    .orderBy(sql`${grants.nextAttemptAt} nulls first`, asc(grants.expiresAt))
    .limit(slot('limit'))
    .prepare('grant_list_stalled');

export const grantReads = (db: Db): Store['read']['grant'] => {
  const find = findStatement(db);
  return async (id) => firstOrNull(await find.execute({ id }));
};

type Refusal = { id: string; to: GrantState | null };

/** Says why nothing was updated: there is no such grant, the lifecycle has no such move, or it is not in a state for this. */
const refuse = async (find: ReturnType<typeof findStatement>, { id, to }: Refusal): Promise<never> => {
  const grant = firstOrNull(await find.execute({ id }));
  if (!grant) throw new DomainError('grant_not_found', { id });
  if (to) moveGrant(grant.state, to);
  throw new DomainError('conflict', { noun: 'grant', id, state: grant.state });
};

type Change = ReturnType<typeof changeStatement>;

const stateWrites = (
  db: Db,
): Pick<Tx['grants'], 'setActive' | 'setExtended' | 'setFailed' | 'setEnding' | 'setRetry'> => {
  const find = findStatement(db);
  const setActive = setActiveStatement(db);
  const setExtended = setExtendedStatement(db);
  const setFailed = setFailedStatement(db);
  const setEnding = setEndingStatement(db);
  const setRetry = setRetryStatement(db);
  const run = async (change: Change, refusal: Refusal, values: Record<string, unknown>) => {
    const { id } = refusal;
    return firstOrNull(await change.execute({ id, ...values })) ?? refuse(find, refusal);
  };
  return {
    setActive: async (id, handle, { reportsUsage } = { reportsUsage: false }) => {
      const { expiresAt } = await run(setActive, { id, to: 'active' }, { handle, reportsUsage });
      return { expiresAt };
    },
    setExtended: async (id, { expiresAt, durationMs }) =>
      void (await run(setExtended, { id, to: null }, { expiresAt: expiresAt.toISOString(), durationMs })),
    setFailed: async (id, error) => void (await run(setFailed, { id, to: 'failed' }, { error })),
    setEnding: async (id, end) => void (await run(setEnding, { id, to: 'ending' }, end)),
    setRetry: async (id, { kind, message: error }, retryInMs) => {
      const values = { error, kind, retryInMs };
      const { attempts, nextAttemptAt } = await run(setRetry, { id, to: null }, values);
      if (!nextAttemptAt) throw new Error(`Grant ${id} was to be tried again and has no time for it.`);
      return { attempts, nextAttemptAt };
    },
  };
};

export const grantWrites = (db: Db, { later }: Line): Tx['grants'] => {
  const find = findStatement(db);
  const insert = insertStatement(db);
  const lock = lockStatement(db);
  const lockDue = lockDueStatement(db);
  const listStalled = listStalledStatement(db);
  const setNextAttempt = setNextAttemptStatement(db);
  const setScope = setScopeStatement(db);
  const setFound = setFoundStatement(db);
  return {
    ...stateWrites(db),
    ...leaseWrites(db, (id) => refuse(find, { id, to: null })),
    ...grantBatches(db, grantColumns),
    ...warningWrites(db),
    insert: async (grant) =>
      later(() => insert.execute({ ...grant, startsAt: isoOrNull(grant.startsAt), claimMs: grant.claimMs ?? null })),
    lock: async (id) => firstOrNull(await lock.execute({ id })),
    setNextAttempt: async (id, inMs) => void (await setNextAttempt.execute({ id, inMs })),
    setFound: async (id, found) => void (await setFound.execute({ id, ...found })),
    setScope: async (id, scope) => void (await setScope.execute({ id, scope })),
    lockDue: (limit) => lockDue.execute({ limit }),
    listStalled: (limit) => listStalled.execute({ limit }),
  };
};
