/** Requests: what was requested and where it stands. */
import { and, asc, eq, lte, sql } from 'drizzle-orm';
import { DomainError } from '../domain/errors.ts';
import { REQUEST_MOVES, moveRequest } from '../domain/lifecycle.ts';
import type { RequestState } from '../domain/lifecycle.ts';
import type { Request } from '../domain/requests/request.ts';
import type { Store, Tx } from '../application/deps.ts';
import type { Schedule } from '../application/decisions/schedule.ts';
import type { NewRequest } from '../application/requests/request-ports.ts';
import type { Line } from './in-transaction.ts';
import { requests } from './schema/requests.ts';
import {
  ROW_LOCK,
  clock,
  clockOnce,
  clockPlus,
  firstOrNull,
  given,
  givenInstant,
  isoOrNull,
  only,
  slot,
} from './statement.ts';
import type { Db } from './statement.ts';
import { raisedVersion, requestColumns } from './request-columns.ts';
import { changeWrites } from './request-changes.ts';
import { scheduleWrites } from './request-schedule.ts';

const isId = eq(requests.id, slot('id'));
const isPending = sql`${requests.state} = 'pending'`;

const statesBefore = (to: RequestState): string[] =>
  Object.entries(REQUEST_MOVES).flatMap(([from, moves]) => (moves.some((move) => move === to) ? [from] : []));

const remindMs = sql`${slot('remindMs')}::bigint`;
const escalateAfterMs = sql`${slot('escalateAfterMs')}::bigint`;
/** Nobody is reminded of what has lapsed by then; an interval of null gives null. */
const firstReminder = sql`case when ${remindMs} < ${slot('pendingMs')}::bigint then ${clockPlus(remindMs)} end`;

/** A placeholder of a JSON column would write the JSON null, which is not null. */
const made = {
  job: sql`${slot('job')}::jsonb`,
  startedBy: slot('startedBy'),
  accounts: slot('accounts'),
  origin: sql`${slot('origin')}::jsonb`,
};

const insertStatement = (db: Db) =>
  db
    .insert(requests)
    .values({
      id: slot('id'),
      idempotencyKey: slot('idempotencyKey'),
      clientKey: slot('clientKey'),
      requesterId: slot('requesterId'),
      target: slot('target'),
      role: slot('role'),
      durationMs: slot('durationMs'),
      reason: slot('reason'),
      ticket: slot('ticket'),
      isBreakGlass: slot('isBreakGlass'),
      startsAt: givenInstant('startsAt'),
      incidentId: slot('incidentId'),
      state: slot('state'),
      rule: slot('rule'),
      policySha256: slot('policySha256'),
      requirements: slot('requirements'),
      isInOrder: slot('isInOrder'),
      createdAt: clock,
      lapsesAt: clockPlus(given('pendingMs')),
      decidedAt: sql`case when ${slot('state')} = 'pending' then null else clock_timestamp() end`,
      remindMs: slot('remindMs'),
      nextReminderAt: firstReminder,
      escalateAfterMs: slot('escalateAfterMs'),
      escalateTo: slot('escalateTo'),
      escalateAt: clockPlus(escalateAfterMs),
      extendsGrantId: slot('extendsGrantId'),
      extendsByMs: slot('extendsByMs'),
      ...made,
      mayRemain: slot('mayRemain'),
      inTarget: sql`${slot('inTarget')}::jsonb`,
    })
    .onConflictDoNothing({ target: requests.idempotencyKey })
    .returning(requestColumns)
    .prepare('request_insert');

const findStatement = (db: Db) => db.select(requestColumns).from(requests).where(isId).prepare('request_find');

const lockStatement = (db: Db) =>
  db.select(requestColumns).from(requests).where(isId).for(ROW_LOCK).prepare('request_lock');

const setStateStatement = (db: Db) =>
  db
    .update(requests)
    .set({ state: given('state'), version: raisedVersion, decidedAt: clock })
    .where(and(isId, sql`${requests.state} = any(${slot('from')}::text[])`))
    .returning({ id: requests.id })
    .prepare('request_set_state');

const setRuleStatement = (db: Db) =>
  db
    .update(requests)
    .set({
      rule: given('rule'),
      policySha256: given('policySha256'),
      requirements: sql`${sql.param(slot('requirements'), requests.requirements)}`,
      isInOrder: given('isInOrder'),
      version: raisedVersion,
    })
    .where(isId)
    .returning({ id: requests.id })
    .prepare('request_set_rule');

const touchStatement = (db: Db) =>
  db.update(requests).set({ version: raisedVersion }).where(isId).prepare('request_touch');

const lockExpiredStatement = (db: Db) =>
  db
    .select(requestColumns)
    .from(requests)
    .where(and(isPending, lte(requests.lapsesAt, clockOnce)))
    .orderBy(asc(requests.lapsesAt))
    .limit(slot('limit'))
    .for(ROW_LOCK, { skipLocked: true })
    .prepare('request_lock_lapsed');

export const requestReads = (db: Db): Store['read']['request'] => {
  const find = findStatement(db);
  return async (id) => firstOrNull(await find.execute({ id }));
};

/** Says why nothing was updated: there is no such request, or the lifecycle has no such move. */
const refuseMove = async (find: ReturnType<typeof findStatement>, id: string, to: RequestState): Promise<never> => {
  const request = firstOrNull(await find.execute({ id }));
  if (!request) throw new DomainError('request_not_found', { id });
  moveRequest(request.state, to);
  throw new DomainError('conflict', { noun: 'request', id });
};

const NONE: Schedule & { clientKey: null } & Pick<
    Request,
    | 'extendsGrantId'
    | 'extendsByMs'
    | 'incidentId'
    | 'mayRemain'
    | 'inTarget'
    | 'job'
    | 'startedBy'
    | 'accounts'
    | 'origin'
  > = {
  clientKey: null,
  mayRemain: [],
  inTarget: null,
  remindMs: null,
  escalateAfterMs: null,
  escalateTo: null,
  extendsGrantId: null,
  extendsByMs: null,
  incidentId: null,
  job: null,
  startedBy: [],
  accounts: [],
  origin: null,
};

export const requestWrites = (db: Db, line: Line): Tx['requests'] => {
  const find = findStatement(db);
  const insert = insertStatement(db);
  const lock = lockStatement(db);
  const setState = setStateStatement(db);
  const setRule = setRuleStatement(db);
  const touch = touchStatement(db);
  const lockExpired = lockExpiredStatement(db);

  const stored = async (request: NewRequest) => {
    const key = request.idempotencyKey ?? '';
    return only(await db.select(requestColumns).from(requests).where(eq(requests.idempotencyKey, key)));
  };
  return {
    ...scheduleWrites(db, line),
    ...changeWrites(db),
    insert: async (request) => {
      const startsAt = isoOrNull(request.startsAt);
      const job = request.job ? JSON.stringify(request.job) : null;
      const origin = request.origin ? JSON.stringify(request.origin) : null;
      const inTarget = request.inTarget ? JSON.stringify(request.inTarget) : null;
      const inserted = firstOrNull(await insert.execute({ ...NONE, ...request, startsAt, job, origin, inTarget }));
      return inserted
        ? { outcome: 'inserted', request: inserted }
        : { outcome: 'exists', request: await stored(request) };
    },
    lock: async (id) => firstOrNull(await lock.execute({ id })),
    setState: async (id, state) => {
      const moved = await setState.execute({ id, state, from: statesBefore(state) });
      if (moved.length === 0) await refuseMove(find, id, state);
    },
    setRule: async (id, judged) => {
      const changed = await setRule.execute({ id, ...judged });
      if (changed.length === 0) throw new DomainError('request_not_found', { id });
    },
    touch: async (id) => line.later(() => touch.execute({ id })),
    lockExpired: (limit) => lockExpired.execute({ limit }),
  };
};
