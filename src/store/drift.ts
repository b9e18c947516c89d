/** What the reconciler found, and what the ledger says against it. */
import { and, asc, desc, eq, getTableColumns, inArray, isNotNull, isNull, ne, notInArray, or, sql } from 'drizzle-orm';
import type {
  DriftBatch,
  DriftReads,
  DriftWrites,
  Finding,
  Ledger,
  LedgerEntry,
} from '../application/drift/drift-ports.ts';
import { driftBatches, driftChecks, driftFindings } from './schema/drift.ts';
import { clients, people } from './schema/principals.ts';
import { clientColumns, withGrantee } from './principals.ts';
import { grants, requests } from './schema/requests.ts';
import { ROW_LOCK, clock, clockOnce, clockPlus, firstOrNull } from './statement.ts';
import type { Db } from './statement.ts';
import { grantColumns } from './grants.ts';

const { createdAt: _createdAt, closedAt: _closedAt, ...findingColumns } = getTableColumns(driftFindings);

/** A new target is looked at within this long, at some moment of it: processes start together. */
const FIRST_LOOK_MS = 60_000;
/** The pause is this much shorter or longer, so that targets are not all looked at together. */
const JITTER = 0.2;

const takeTargets = async (db: Db, targets: string[], everyMs: number): Promise<string[]> => {
  if (targets.length === 0) return [];
  const random = (ms: number) => clockPlus(sql`random() * ${ms}`);
  await db
    .insert(driftChecks)
    .values(targets.map((target) => ({ target, nextAt: random(FIRST_LOOK_MS) })))
    .onConflictDoNothing();
  const due = db
    .select({ target: driftChecks.target })
    .from(driftChecks)
    .where(and(inArray(driftChecks.target, targets), sql`${driftChecks.nextAt} <= ${clockOnce}`))
    .for('update', { skipLocked: true });
  const taken = await db
    .update(driftChecks)
    .set({ nextAt: clockPlus(sql`${everyMs} * (${1 - JITTER} + random() * ${2 * JITTER})`) })
    .where(inArray(driftChecks.target, due))
    .returning({ target: driftChecks.target });
  return taken.map(({ target }) => target);
};

/** Somebody holds it, or its end is being moved: what the target shows may be half of a change of ours. */
const isBusy = sql<boolean>`(coalesce(${grants.leaseUntil} > clock_timestamp(), false)
  or exists (select from extensions e where e.grant_id = ${grants.id} and e.state = 'moving'))`;

const ledgerOf = async (db: Db, target: string, { ids, startedAt }: { ids: string[]; startedAt: Date }) => {
  const isLive = sql`${grants.state} = 'active' and ${grants.target} = ${target}`;
  const isSettled = sql<boolean>`coalesce(${grants.activatedAt} < ${startedAt.toISOString()}::timestamptz, false)`;
  const rows = await db
    .select({ grant: grantColumns, person: people, client: clientColumns, isBusy, isSettled })
    .from(grants)
    .leftJoin(people, eq(people.id, grants.granteeId))
    .leftJoin(clients, eq(clients.id, grants.granteeId))
    .where(ids.length > 0 ? or(isLive, inArray(grants.id, ids)) : isLive);
  const entries = new Map(rows.map((row): [string, LedgerEntry] => [row.grant.id, withGrantee(row)]));
  return {
    entries,
    liveCount: rows.filter(({ grant }) => grant.state === 'active').length,
  } satisfies Ledger;
};

const lastEndedOf = async (db: Db, target: string, { sinceMs, limit }: { sinceMs: number; limit: number }) => {
  const last = db.$with('last').as(
    db
      .selectDistinctOn([grants.handle], { id: grants.id })
      .from(grants)
      .where(and(eq(grants.target, target), isNotNull(grants.handle), ne(grants.state, 'failed')))
      // One that lives comes before all that ended, whenever they began.
      .orderBy(grants.handle, sql`${grants.removedAt} desc nulls first`),
  );
  const rows = await db
    .with(last)
    .select({ grant: grantColumns, person: people, client: clientColumns })
    .from(grants)
    .innerJoin(last, eq(last.id, grants.id))
    .leftJoin(people, eq(people.id, grants.granteeId))
    .leftJoin(clients, eq(clients.id, grants.granteeId))
    .where(
      and(
        inArray(grants.endOutcome, ['removed', 'already_absent']),
        sql`${grants.removedAt} > clock_timestamp() - ${sinceMs} * interval '1 millisecond'`,
      ),
    )
    .orderBy(desc(grants.removedAt))
    .limit(limit);
  return rows.map(withGrantee);
};

const selectBatches = (db: Db) =>
  db
    .select({
      id: driftBatches.id,
      target: driftBatches.target,
      count: driftBatches.count,
      state: driftBatches.state,
      decidedBy: people,
    })
    .from(driftBatches)
    .leftJoin(people, eq(people.id, driftBatches.decidedBy))
    .$dynamic();

export const driftReads = (db: Db): DriftReads => ({
  takeDriftTargets: (targets, everyMs) => takeTargets(db, targets, everyMs),
  ledgerOf: (target, ids, startedAt) => ledgerOf(db, target, { ids, startedAt }),
  lastEndedOf: (target, of) => lastEndedOf(db, target, of),
  driftBatch: async (id) => firstOrNull(await selectBatches(db).where(eq(driftBatches.id, id))),
  orderedBatches: () =>
    selectBatches(db)
      .where(sql`${driftBatches.state} = 'ordered'`)
      .orderBy(driftBatches.createdAt),
  findingsOf: (batchId) =>
    db
      .select(findingColumns)
      .from(driftFindings)
      .where(and(eq(driftFindings.batchId, batchId), isNull(driftFindings.closedAt)))
      .orderBy(asc(driftFindings.id)),
});

const record = async (
  db: Db,
  target: string,
  found: Parameters<DriftWrites['record']>[1],
): Promise<{ fresh: Finding[]; standing: Finding[] }> => {
  const isStanding = and(eq(driftFindings.target, target), isNull(driftFindings.closedAt));
  const keys = found.map(({ key }) => key);
  await db
    .update(driftFindings)
    .set({ state: 'gone', closedAt: clock })
    .where(keys.length > 0 ? and(isStanding, notInArray(driftFindings.key, keys)) : isStanding);
  if (found.length === 0) return { fresh: [], standing: [] };
  const fresh = await db
    .insert(driftFindings)
    .values(found.map((one) => ({ ...one, target, state: 'open' as const, createdAt: clock })))
    .onConflictDoNothing()
    .returning(findingColumns);
  const standing = await db.select(findingColumns).from(driftFindings).where(isStanding).orderBy(asc(driftFindings.id));
  return { fresh, standing };
};

/** Locked first and read then: what is joined to a row that another wrote meanwhile would be that of before. */
const lockBatch = async (db: Db, id: string): Promise<DriftBatch | null> => {
  await db.select({ id: driftBatches.id }).from(driftBatches).where(eq(driftBatches.id, id)).for('update');
  return firstOrNull(await selectBatches(db).where(eq(driftBatches.id, id)));
};

type BatchWrites = Pick<DriftWrites, 'insertBatch' | 'lockBatch' | 'claimBatch' | 'setBatch' | 'setBatchFindings'>;

const batchWrites = (db: Db): BatchWrites => ({
  insertBatch: async ({ id, target, findingIds }) => {
    await db.insert(driftBatches).values({ id, target, count: findingIds.length, state: 'asked', createdAt: clock });
    await db.update(driftFindings).set({ batchId: id }).where(inArray(driftFindings.id, findingIds));
  },
  lockBatch: (id) => lockBatch(db, id),
  claimBatch: async (id, leaseMs) => {
    const claimed = await db
      .update(driftBatches)
      .set({ leaseUntil: clockPlus(sql`${leaseMs}`) })
      .where(
        and(
          eq(driftBatches.id, id),
          sql`${driftBatches.state} = 'ordered'`,
          or(isNull(driftBatches.leaseUntil), sql`${driftBatches.leaseUntil} <= clock_timestamp()`),
        ),
      )
      .returning({ id: driftBatches.id });
    return claimed.length > 0;
  },
  setBatch: async (id, { state, decidedBy }) => {
    await db
      .update(driftBatches)
      .set({ state, ...(decidedBy === undefined ? {} : { decidedBy }) })
      .where(eq(driftBatches.id, id));
  },
  setBatchFindings: async (batchId, state) => {
    await db
      .update(driftFindings)
      .set(state === 'open' ? { state, batchId: null } : { state })
      .where(and(eq(driftFindings.batchId, batchId), isNull(driftFindings.closedAt)));
  },
});

export const driftWrites = (db: Db): DriftWrites => ({
  record: (target, found) => record(db, target, found),
  ...batchWrites(db),
  setFindings: async (ids, { state, error = null }) => {
    if (ids.length === 0) return;
    const isClosed = state === 'repaired' || state === 'gone';
    await db
      .update(driftFindings)
      .set({ state, error, closedAt: isClosed ? clock : null })
      .where(and(inArray(driftFindings.id, ids), isNull(driftFindings.closedAt)));
  },
  lockEntry: async (grantId) => {
    const rows = await db
      .select({ grant: grantColumns, person: people, client: clientColumns, isBusy })
      .from(grants)
      .innerJoin(requests, eq(requests.id, grants.requestId))
      .leftJoin(people, eq(people.id, grants.granteeId))
      .leftJoin(clients, eq(clients.id, grants.granteeId))
      .where(eq(grants.id, grantId))
      .for(ROW_LOCK, { of: [requests, grants] });
    return firstOrNull(rows.map(withGrantee));
  },
});
