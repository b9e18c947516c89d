/** Many grants in one statement each, for ends that fall due together. Rows are locked requests first, in one order, as everywhere. */
import { and, asc, eq, inArray, sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import type { PgUpdateSetSource } from 'drizzle-orm/pg-core';
import { DomainError } from '../domain/errors.ts';
import type { GrantState } from '../domain/lifecycle.ts';
import type { EndCause } from '../domain/grants/ending.ts';
import type { Tx } from '../application/deps.ts';
import { grants, requests } from './schema/requests.ts';
import { ROW_LOCK, clock, clockPlus } from './statement.ts';
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

const endMany = async (
  db: Db,
  ids: string[],
  { cause, leaseMs }: { cause: EndCause; leaseMs: number },
): Promise<void> => {
  const ending = { endingAt: clock, endCause: cause, attempts: 0, nextAttemptAt: none, lastError: none };
  const states = await db.select({ id: grants.id, state: grants.state }).from(grants).where(inArray(grants.id, ids));
  const idsIn = (state: GrantState): string[] => states.filter((one) => one.state === state).map(({ id }) => id);
  const leaseUntil = clockPlus(sql`${leaseMs}`);
  await changeMany(db, { ids: idsIn('active'), from: 'active', set: { state: 'ending', ...ending, leaseUntil } });
  // Whoever is still making the access keeps it until they are done: only then may somebody take it away.
  await changeMany(db, { ids: idsIn('activating'), from: 'activating', set: { state: 'ending', ...ending } });
};

export const grantBatches = (
  db: Db,
  columns: Parameters<Db['select']>[0] & object,
): Pick<Tx['grants'], 'lockMany' | 'expireMany' | 'endMany' | 'setEndedMany'> => ({
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
        attempts: 0,
        nextAttemptAt: none,
        lastError: none,
        lastErrorKind: none,
      },
    }),
  endMany: (ids, end) => endMany(db, ids, end),
  setEndedMany: (ids, outcome) =>
    changeMany(db, {
      ids,
      from: 'ending',
      set: { state: 'ended', endedAt: clock, endOutcome: outcome, leaseUntil: none, nextAttemptAt: none },
    }),
});
