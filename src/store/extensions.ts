/** Extensions: ends of grants that were decided to move, until the target has confirmed the new one. */
import {
  and,
  asc,
  count,
  desc,
  eq,
  getTableColumns,
  inArray,
  isNotNull,
  isNull,
  lte,
  ne,
  notExists,
  or,
  sql,
} from 'drizzle-orm';
import { DomainError } from '../domain/errors.ts';
import type { Extension } from '../domain/grants/extension.ts';
import { HUMAN_KINDS } from '../domain/lifecycle.ts';
import type { ExtensionOfDelivery, ExtensionReads } from '../application/grants/extension-ports.ts';
import type { Tx } from '../application/deps.ts';
import { extensions } from './schema/extensions.ts';
import { grants, requests } from './schema/requests.ts';
import { ROW_LOCK, clock, clockOnce, clockPlus, firstOrNull, only } from './statement.ts';
import type { Db } from './statement.ts';
import { grantColumns } from './grants.ts';
import { raisedVersion, requestColumns } from './request-columns.ts';

const { decisionOutcome: _outcome, ...columns } = getTableColumns(extensions);
export const extensionColumns = columns;

const isMoving = sql`${extensions.state} = 'moving'`;
const isActive = sql`${grants.state} = 'active'`;
const ofRequest = (requestId: string) => and(eq(extensions.requestId, requestId), isMoving);

const extensionOfDelivery =
  (db: Db): ExtensionOfDelivery =>
  async (grantId, idempotencyKey) => {
    const found = await db
      .select({ requestId: requests.id })
      .from(requests)
      .where(and(eq(requests.idempotencyKey, idempotencyKey), eq(requests.extendsGrantId, grantId)));
    return firstOrNull(found);
  };

export const extensionReads = (db: Db): ExtensionReads => ({
  extensionOfDelivery: extensionOfDelivery(db),
  extension: async (requestId): Promise<Extension | null> =>
    firstOrNull(await db.select(columns).from(extensions).where(eq(extensions.requestId, requestId))),
  activeGrants: ({ granteeId, target, role }) =>
    db
      .select(grantColumns)
      .from(grants)
      .where(and(eq(grants.granteeId, granteeId), isActive, eq(grants.target, target), eq(grants.role, role)))
      .orderBy(desc(grants.expiresAt)),
  countSharers: async (grant, states, how) => {
    const { id, target, granteeId, handle, scope } = grant;
    const given = sql`${sql.param(handle, grants.handle)}::jsonb`;
    // By what stays the same of both, where it is known of both: names may have changed in between.
    const isSame = sql`case when ${grants.handle} is null or ${handle === null}
      then ${grants.granteeId} = ${granteeId} and ${grants.scope} = ${sql.param(scope, grants.scope)}::jsonb
      when ${grants.handle} -> 'ids' is not null and ${given} -> 'ids' is not null
      then ${grants.handle} -> 'ids' = ${given} -> 'ids'
      else ${grants.handle} - 'ids' = ${given} - 'ids' end`;
    const isBegun = or(isNull(grants.startsAt), lte(grants.startsAt, clock));
    // One that waits for a fix has nothing in the target, unless an attempt is being made.
    const isWaiting = sql`${grants.state} = 'activating' and ${inArray(grants.lastErrorKind, [...HUMAN_KINDS])}
      and (${grants.leaseUntil} is null or ${grants.leaseUntil} <= clock_timestamp())`;
    const isThere = sql`(${isWaiting}) is not true`;
    const isOther = and(eq(grants.target, target), ne(grants.id, id), inArray(grants.state, [...states]));
    const isGiver = how?.areGivers ? eq(grants.hadAlready, false) : undefined;
    const others = and(isOther, isBegun, isThere, isSame, isGiver);
    return only(await db.select({ found: count() }).from(grants).where(others)).found;
  },
});

type Writes = Tx['extensions'];

/** None of these is on the way of every request, so they are not prepared. */
const moveWrites = (db: Db): Pick<Writes, 'insert' | 'lockMoving' | 'claim' | 'setRetry' | 'settle'> => ({
  insert: async (extension) =>
    void (await db
      .insert(extensions)
      .values({ ...extension, state: 'moving', nextAttemptAt: clock, createdAt: clock })),
  lockMoving: async (requestId) =>
    firstOrNull(await db.select(columns).from(extensions).where(ofRequest(requestId)).for(ROW_LOCK)),
  claim: async (requestId, leaseMs) => {
    const { rowCount } = await db
      .update(extensions)
      .set({ nextAttemptAt: clockPlus(sql`${leaseMs}`) })
      .where(and(ofRequest(requestId), lte(extensions.nextAttemptAt, clock)));
    return rowCount === 1;
  },
  setRetry: async (requestId, error, retryInMs) =>
    only(
      await db
        .update(extensions)
        .set({ attempts: sql`${extensions.attempts} + 1`, error, nextAttemptAt: clockPlus(sql`${retryInMs}`) })
        .where(ofRequest(requestId))
        .returning({ attempts: extensions.attempts, nextAttemptAt: extensions.nextAttemptAt }),
    ),
  settle: async (requestId, { state, error }) => {
    const settled = await db
      .update(extensions)
      .set({ state, error, settledAt: clock })
      .where(ofRequest(requestId))
      .returning({ grantId: extensions.grantId });
    if (settled.length === 0) throw new DomainError('conflict', { noun: 'extension', id: requestId });
    await db.update(requests).set({ version: raisedVersion }).where(eq(requests.id, requestId));
  },
});

const activeGrantOf = (db: Db) =>
  db
    .select({ one: sql`1` })
    .from(grants)
    .where(and(eq(grants.id, requests.extendsGrantId), isActive));

const findOpen =
  (db: Db): Writes['findOpen'] =>
  async (grantId) => {
    const found = await db
      .select({ requestId: requests.id, byMs: requests.extendsByMs })
      .from(requests)
      .leftJoin(extensions, eq(extensions.requestId, requests.id))
      .where(and(eq(requests.extendsGrantId, grantId), or(sql`${requests.state} = 'pending'`, isMoving)));
    const open = firstOrNull(found);
    return open && { ...open, byMs: open.byMs ?? 0 };
  };

const touches = (db: Db): Pick<Writes, 'touchGrant' | 'touchSettled'> => ({
  touchGrant: async (grantId) => {
    const ofGrant = db.select({ id: grants.requestId }).from(grants).where(eq(grants.id, grantId));
    const touched = await db
      .update(requests)
      .set({ version: raisedVersion })
      .where(eq(requests.id, sql`(${ofGrant})`))
      .returning({ id: requests.id });
    return firstOrNull(touched)?.id ?? null;
  },
  touchSettled: async (requestIds) => {
    if (requestIds.length === 0) return [];
    const held = db
      .select({ id: grants.id })
      .from(grants)
      .where(inArray(grants.requestId, [...requestIds]));
    const touched = await db
      .update(requests)
      .set({ version: raisedVersion })
      .where(and(inArray(requests.extendsGrantId, held), sql`${requests.state} <> 'pending'`))
      .returning({ id: requests.id });
    return touched.map(({ id }) => id);
  },
});

export const extensionWrites = (db: Db): Writes => ({
  ...moveWrites(db),
  findOpen: findOpen(db),
  ofDelivery: extensionOfDelivery(db),
  listStalled: async (limit) => {
    const rows = await db
      .select({ requestId: extensions.requestId })
      .from(extensions)
      .innerJoin(grants, eq(grants.id, extensions.grantId))
      .where(and(isMoving, or(lte(extensions.nextAttemptAt, clockOnce), ne(grants.state, 'active'))))
      .orderBy(asc(extensions.nextAttemptAt))
      .limit(limit);
    return rows.map(({ requestId }) => requestId);
  },
  lockOrphans: (limit) =>
    db
      .select(requestColumns)
      .from(requests)
      .where(and(sql`${requests.state} = 'pending'`, isNotNull(requests.extendsGrantId), notExists(activeGrantOf(db))))
      .limit(limit)
      .for(ROW_LOCK, { skipLocked: true }),
  ...touches(db),
});
