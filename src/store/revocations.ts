/** Ends of everything of a person, of a target, or all: what they find, what they tag, and how far they are. */
import { and, asc, desc, eq, gt, inArray, isNull, lte, or, sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import type { AnyPgColumn } from 'drizzle-orm/pg-core';
import { alias } from 'drizzle-orm/pg-core';
import type {
  Revocable,
  Revocation,
  RevocationReads,
  RevocationStuck,
  RevocationScope,
  RevocationWrites,
} from '../application/revocations/revocation-ports.ts';
import { preApprovals } from './schema/exceptions.ts';
import { revocations } from './schema/revocations.ts';
import { isOneOf } from './schema/columns.ts';
import { clients, people } from './schema/principals.ts';
import { clientColumns, withGrantee } from './principals.ts';
import { LIVE_STATES, grants, requests } from './schema/requests.ts';
import { ROW_LOCK, clock, clockOnce, clockPlus, firstOrNull, only } from './statement.ts';
import type { Db } from './statement.ts';
import { grantColumns } from './grants.ts';
import { raisedVersion, requestColumns } from './request-columns.ts';

const STUCK_SHOWN = 10;

const within = ({ personId, targets }: RevocationScope, on: { person: AnyPgColumn; target: AnyPgColumn }) =>
  and(
    personId === null ? undefined : eq(on.person, personId),
    targets === null ? undefined : inArray(on.target, targets),
  );
const grantsOf = (scope: RevocationScope) => within(scope, { person: grants.granteeId, target: grants.target });
const requestsOf = (scope: RevocationScope) => within(scope, { person: requests.requesterId, target: requests.target });
/** What was allowed to the person lets them back in; what they allowed lets others in on their word. */
const preApprovalsOf = ({ personId, targets }: RevocationScope) =>
  and(
    isNull(preApprovals.revokedAt),
    gt(preApprovals.expiresAt, clockOnce),
    personId === null ? undefined : or(eq(preApprovals.personId, personId), eq(preApprovals.byPersonId, personId)),
    targets === null ? undefined : inArray(preApprovals.target, targets),
  );

const count = sql<number>`count(*)::int`;

const revocable = async (db: Db, scope: RevocationScope, limit: number): Promise<Revocable> => {
  const isStart = sql<number>`count(*) filter (where ${grants.startsAt} > clock_timestamp())::int`;
  const live = and(isOneOf(grants.state, LIVE_STATES), grantsOf(scope));
  const pending = and(sql`${requests.state} = 'pending'`, requestsOf(scope));
  const [counted, asked, allowed, some] = await Promise.all([
    db.select({ target: grants.target, count, isStart }).from(grants).where(live).groupBy(grants.target),
    db.select({ target: requests.target, count }).from(requests).where(pending).groupBy(requests.target),
    db
      .select({ target: preApprovals.target, count })
      .from(preApprovals)
      .where(preApprovalsOf(scope))
      .groupBy(preApprovals.target),
    db
      .select({
        grantId: grants.id,
        target: grants.target,
        role: grants.role,
        person: people,
        client: clientColumns,
        startsAt: grants.startsAt,
      })
      .from(grants)
      .leftJoin(people, eq(people.id, grants.granteeId))
      .leftJoin(clients, eq(clients.id, grants.granteeId))
      .where(live)
      .orderBy(desc(grants.expiresAt))
      .limit(limit),
  ]);
  const sum = (rows: { count: number }[]): number => rows.reduce((total, row) => total + row.count, 0);
  return {
    grants: sum(counted),
    startsLater: counted.reduce((total, row) => total + row.isStart, 0),
    requests: sum(asked),
    preApprovals: sum(allowed),
    targets: [...new Set([...counted, ...asked, ...allowed].map(({ target }) => target))].sort(),
    some: some.map(withGrantee),
  };
};

const by = alias(people, 'revoked_by');

const stuckOf = async (db: Db, id: string): Promise<RevocationStuck[]> => {
  const isOurs = eq(grants.revocationId, id);
  const isStuck = and(isOurs, sql`${grants.state} = 'ending' and ${grants.lastErrorKind} is not null`);
  const stuck = await db
    .select({
      grantId: grants.id,
      target: grants.target,
      role: grants.role,
      person: people,
      client: clientColumns,
      lastError: grants.lastError,
    })
    .from(grants)
    .leftJoin(people, eq(people.id, grants.granteeId))
    .leftJoin(clients, eq(clients.id, grants.granteeId))
    .where(isStuck)
    .orderBy(asc(grants.id))
    .limit(STUCK_SHOWN);
  return stuck.map(withGrantee);
};

const view = async (db: Db, id: string): Promise<Awaited<ReturnType<RevocationReads['revocation']>>> => {
  const found = firstOrNull(
    await db
      .select({ revocation: revocations, by, person: people, now: clock })
      .from(revocations)
      .innerJoin(by, eq(by.id, revocations.byPersonId))
      .leftJoin(people, eq(people.id, revocations.personId))
      .where(eq(revocations.id, id)),
  );
  if (!found) return null;
  const isOurs = eq(grants.revocationId, id);
  const counted = only(
    await db
      .select({
        closed: sql<number>`count(*) filter (where ${grants.closedAt} is not null and coalesce(${grants.endOutcome}, 'removed') = 'removed')::int`,
        alreadyAbsent: sql<number>`count(*) filter (where ${grants.endOutcome} = 'already_absent')::int`,
        ending: sql<number>`count(*) filter (where ${grants.closedAt} is null)::int`,
        stuckCount: sql<number>`count(*) filter (where ${grants.state} = 'ending' and ${grants.lastErrorKind} is not null)::int`,
      })
      .from(grants)
      .where(isOurs),
  );
  return {
    ...found.revocation,
    by: found.by,
    person: found.person,
    now: found.now,
    ...counted,
    stuck: await stuckOf(db, id),
  };
};

export const revocationReads = (db: Db): RevocationReads => ({
  revocable: (scope, limit) => revocable(db, scope, limit),
  revocation: (id) => view(db, id),
  openRevocationIds: async (withinMs) => {
    const rows = await db
      .select({ id: revocations.id })
      .from(revocations)
      .where(or(isNull(revocations.finishedAt), gt(revocations.createdAt, sql`${clockPlus(sql`${-withinMs}`)}`)));
    return rows.map(({ id }) => id);
  },
});

const lockPending = (db: Db, revocation: Revocation, limit: number) =>
  db
    .select(requestColumns)
    .from(requests)
    .where(
      and(
        sql`${requests.state} = 'pending'`,
        requestsOf(revocation),
        lte(requests.createdAt, ofRevocation(revocation.id)),
      ),
    )
    .orderBy(asc(requests.id))
    .limit(limit)
    .for(ROW_LOCK);

/** Read in the database: a `Date` has lost the microseconds by which one thing came before another. */
const ofRevocation = (id: string): SQL =>
  sql`(select ${revocations.createdAt} from ${revocations} where ${revocations.id} = ${id})`;

const lockLive = async (db: Db, revocation: Revocation, limit: number) =>
  db
    .select({ grant: grantColumns, isHeld: sql<boolean>`coalesce(${grants.leaseUntil} > clock_timestamp(), false)` })
    .from(grants)
    .innerJoin(requests, eq(requests.id, grants.requestId))
    .where(
      and(
        isOneOf(grants.state, ['activating', 'active']),
        grantsOf(revocation),
        lte(requests.createdAt, ofRevocation(revocation.id)),
      ),
    )
    .orderBy(asc(requests.id))
    .limit(limit)
    .for(ROW_LOCK, { of: [requests, grants] });

const setEnding = async (
  db: Db,
  { id, byPersonId, reason }: Revocation,
  { ids, leaseMs }: { ids: string[]; leaseMs: number },
): Promise<void> => {
  if (ids.length === 0) return;
  const changed = db.$with('changed').as(
    db
      .update(grants)
      .set({
        state: 'ending',
        endingAt: clock,
        endCause: 'revoked',
        endedBy: byPersonId,
        endReason: reason,
        revocationId: id,
        leaseUntil: sql`greatest(${grants.leaseUntil}, ${clockPlus(sql`${leaseMs}`)})`,
        attempts: 0,
        nextAttemptAt: sql`null`,
        lastError: sql`null`,
        lastErrorKind: sql`null`,
      })
      .where(and(inArray(grants.id, ids), isOneOf(grants.state, ['activating', 'active'])))
      .returning({ requestId: grants.requestId }),
  );
  await db
    .with(changed)
    .update(requests)
    .set({ version: raisedVersion })
    .from(changed)
    .where(eq(requests.id, changed.requestId));
};

/** Where an order stands. */
const standing = (db: Db): Pick<RevocationWrites, 'count' | 'finish' | 'reopen'> => ({
  count: async (id, counted) => {
    await db
      .update(revocations)
      .set({
        requests: sql`${revocations.requests} + ${counted.requests}`,
        preApprovals: sql`${revocations.preApprovals} + ${counted.preApprovals}`,
      })
      .where(eq(revocations.id, id));
  },
  finish: async (id) => {
    const finished = await db
      .update(revocations)
      .set({ finishedAt: clock })
      .where(
        and(
          eq(revocations.id, id),
          isNull(revocations.finishedAt),
          sql`not exists (select from ${grants} where ${grants.revocationId} = ${id} and ${grants.closedAt} is null)`,
        ),
      )
      .returning({ id: revocations.id });
    return finished.length > 0;
  },
  reopen: async (id) => {
    await db.update(revocations).set({ finishedAt: null }).where(eq(revocations.id, id));
  },
});

export const revocationWrites = (db: Db): RevocationWrites => ({
  insert: async (revocation) => {
    await db.insert(revocations).values({ ...revocation, createdAt: clock });
  },
  find: async (id) => firstOrNull(await db.select().from(revocations).where(eq(revocations.id, id))),
  withdrawAllPreApprovals: (revocation) =>
    db
      .update(preApprovals)
      .set({ revokedAt: clock, revokedBy: revocation.byPersonId })
      .where(preApprovalsOf(revocation))
      .returning({
        id: preApprovals.id,
        personId: preApprovals.personId,
        byPersonId: preApprovals.byPersonId,
        target: preApprovals.target,
        role: preApprovals.role,
      }),
  lockPending: (revocation, limit) => lockPending(db, revocation, limit),
  lockLive: (revocation, limit) => lockLive(db, revocation, limit),
  setEnding: (revocation, ids, leaseMs) => setEnding(db, revocation, { ids, leaseMs }),
  adoptEnding: async (revocation) => {
    await db
      .update(grants)
      .set({ revocationId: revocation.id })
      .where(
        and(
          isOneOf(grants.state, ['ending']),
          isNull(grants.revocationId),
          grantsOf(revocation),
          lte(grants.endingAt, ofRevocation(revocation.id)),
        ),
      );
  },
  ...standing(db),
});
