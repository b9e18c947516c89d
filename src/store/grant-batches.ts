/** Many grants in one statement each, for ends that fall due together. Rows are locked requests first, in one order, as everywhere. */
import { and, asc, eq, inArray, isNull, lte, or, sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import type { PgUpdateSetSource } from 'drizzle-orm/pg-core';
import { DomainError } from '../domain/errors.ts';
import type { GrantState } from '../domain/lifecycle.ts';
import type { EndCause } from '../domain/grants/end-cause.ts';
import type { Tx } from '../application/deps.ts';
import { grants, requests } from './schema/requests.ts';
import { ROW_LOCK, clock, clockOnce, clockPlus } from './statement.ts';
import type { Db } from './statement.ts';
import { raisedVersion } from './request-columns.ts';

type Change = { ids: string[]; from: GrantState; set: PgUpdateSetSource<typeof grants> };

/** Changes all of them or throws: a caller that locked them knows their state. */
const changeMany = async (db: Db, { ids, from, set }: Change): Promise<void> => {
  if (ids.length === 0) return;
  const changed = db.$with('changed').as(
    db
      .update(grants)
      .set(set)
      .where(and(inArray(grants.id, ids), eq(grants.state, from)))
      .returning({ requestId: grants.requestId }),
  );
  const raised = await db
    .with(changed)
    .update(requests)
    .set({ version: raisedVersion })
    .from(changed)
    .where(eq(requests.id, changed.requestId))
    .returning({ id: requests.id });
  if (raised.length !== ids.length)
    throw new DomainError('conflict', { noun: 'grants', from, wanted: ids.length, changed: raised.length });
};

const none: SQL = sql`null`;
/** Each stroke counts its own attempts. */
const freshAttempts = { attempts: 0, nextAttemptAt: none, lastError: none, lastErrorKind: none };

/** While something in its target is being closed, what is closed there waits: but not for ever. */
const WAITS = sql`interval '30 seconds'`;
const isInTurn = sql`(${grants.closedAt} < ${clockOnce} - ${WAITS} or ${grants.target} not in (
  select d.target from grants d where d.state = 'active' and d.expires_at <= ${clockOnce}
  union all select d.target from grants d where d.state = 'ending' and d.lease_until > ${clockOnce}))`;

/** Which of one target, the longest closed one first: a batch is one call to it. */
const claimClosed = async (
  db: Db,
  of: Parameters<Tx['grants']['claimClosed']>[0],
  leaseMs: number,
): Promise<string[]> => {
  const isFree = or(isNull(grants.leaseUntil), lte(grants.leaseUntil, clockOnce));
  const isDue = or(isNull(grants.nextAttemptAt), lte(grants.nextAttemptAt, clockOnce));
  const isWanted = 'ids' in of ? inArray(grants.id, of.ids) : isInTurn;
  const due = db
    .select({ id: grants.id })
    .from(grants)
    .where(and(sql`${grants.state} = 'closed'`, isFree, isDue, isWanted))
    .orderBy(asc(grants.closedAt))
    .limit('ids' in of ? Math.max(1, of.ids.length) : of.limit)
    .for(ROW_LOCK, { skipLocked: true });
  const claimed = await db
    .update(grants)
    .set({ leaseUntil: clockPlus(sql`${leaseMs}`) })
    .where(inArray(grants.id, due))
    .returning({ id: grants.id });
  return claimed.map(({ id }) => id);
};

const endMany = async (
  db: Db,
  ids: string[],
  { cause, leaseMs }: { cause: EndCause; leaseMs: number },
): Promise<void> => {
  const ending = { endingAt: clock, endCause: cause, ...freshAttempts };
  const states = await db.select({ id: grants.id, state: grants.state }).from(grants).where(inArray(grants.id, ids));
  const idsIn = (state: GrantState): string[] => states.filter((one) => one.state === state).map(({ id }) => id);
  const leaseUntil = clockPlus(sql`${leaseMs}`);
  await changeMany(db, { ids: idsIn('active'), from: 'active', set: { state: 'ending', ...ending, leaseUntil } });
  // The one who is still making the access keeps it until they are done: only then may somebody take it away.
  await changeMany(db, { ids: idsIn('activating'), from: 'activating', set: { state: 'ending', ...ending } });
};

const strokes = (db: Db): Pick<Tx['grants'], 'setClosedMany' | 'setRemovedMany'> => ({
  setClosedMany: (ids, endOutcome) =>
    changeMany(db, {
      ids,
      from: 'ending',
      set: { state: 'closed', closedAt: clock, endOutcome, leaseUntil: none, ...freshAttempts },
    }),
  setRemovedMany: (ids, outcome) =>
    changeMany(db, {
      ids,
      from: 'closed',
      set: { state: 'removed', removedAt: clock, endOutcome: outcome, leaseUntil: none, nextAttemptAt: none },
    }),
});

export const grantBatches = (
  db: Db,
  columns: Parameters<Db['select']>[0] & object,
): Pick<Tx['grants'], 'lockMany' | 'expireMany' | 'endMany' | 'setClosedMany' | 'setRemovedMany' | 'claimClosed'> => ({
  lockMany: async (ids) => {
    if (ids.length === 0) return [];
    const rows = await db
      .select(columns)
      .from(grants)
      .innerJoin(requests, eq(requests.id, grants.requestId))
      .where(inArray(grants.id, ids))
      .orderBy(asc(requests.id))
      .for(ROW_LOCK, { of: [requests, grants] });
    return rows as Awaited<ReturnType<Tx['grants']['lockMany']>>;
  },
  expireMany: (ids, leaseMs) =>
    changeMany(db, {
      ids,
      from: 'active',
      set: {
        state: 'ending',
        endingAt: clock,
        endCause: 'expired',
        leaseUntil: clockPlus(sql`${leaseMs}`),
        ...freshAttempts,
      },
    }),
  endMany: (ids, end) => endMany(db, ids, end),
  ...strokes(db),
  claimClosed: (of, leaseMs) => claimClosed(db, of, leaseMs),
});
