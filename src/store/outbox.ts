/**
 * Outgoing work on its way to the queue. Rows are added by transactions (see `transaction.ts`) and live until the work is done.
 * A row says itself what its work is: Redis only ever names it.
 */
import { and, eq, sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import { createBatch } from '../lib/batch.ts';
import type { Store } from '../application/deps.ts';
import type { TakenWork, Work, WorkKind } from '../application/record/outbox.ts';
import { outbox } from './schema/outbox.ts';
import { grants, requests } from './schema/requests.ts';
import { clock, clockOnce, clockPlus, given, slot } from './statement.ts';
import type { Db } from './statement.ts';

const isWaiting = sql`${outbox.dispatchedAt} is null`;
const isDispatched = sql`${outbox.dispatchedAt} is not null`;
const waitMs = sql`extract(epoch from ${outbox.availableAt} - clock_timestamp()) * 1000`;
const delayMs = sql<number>`greatest(0, ceil(${waitMs}))::double precision`;

const ofRequest = sql`(select r.requester_id from ${requests} r where r.id = ${outbox.subjectId})`;
const ofGrant = sql`(select g.grantee_id from ${grants} g where g.id = ${outbox.subjectId})`;
const principalId = sql<string | null>`case when ${outbox.kind} in ('notify', 'extend') then ${ofRequest}
  when ${outbox.kind} in ('activate', 'end') then ${ofGrant} end`;

const takeStatement = (db: Db) => {
  const waiting = db
    .$with('waiting')
    .as(
      db
        .select({ id: outbox.id })
        .from(outbox)
        .where(isWaiting)
        .orderBy(outbox.id)
        .limit(slot('limit'))
        .for('update', { skipLocked: true }),
    );
  return db
    .with(waiting)
    .update(outbox)
    .set({ dispatchedAt: clock, dispatches: sql`abs(${outbox.dispatches}) + 1` })
    .from(waiting)
    .where(eq(outbox.id, waiting.id))
    .returning({
      id: outbox.id,
      kind: outbox.kind,
      subjectId: outbox.subjectId,
      delayMs,
      dispatches: outbox.dispatches,
      principalId,
    })
    .prepare('outbox_take');
};

/** The row is the judge of what a caller says about it: another subject, kind or hand-over settles nothing. */
const isAsTaken = sql`(${outbox.id}, ${outbox.kind}, ${outbox.subjectId}, ${outbox.dispatches})
  in (select * from unnest(${slot('ids')}::bigint[], ${slot('kinds')}::text[], ${slot('subjects')}::text[], ${slot('dispatches')}::integer[]))`;

const slotsOf = (work: TakenWork[]) => ({
  ids: work.map(({ id }) => id),
  kinds: work.map(({ kind }) => kind),
  subjects: work.map(({ subjectId }) => subjectId),
  dispatches: work.map(({ dispatches }) => dispatches),
});

const doneStatement = (db: Db) => db.delete(outbox).where(isAsTaken).prepare('outbox_done');

const findStatement = (db: Db) =>
  db
    .select({ id: outbox.id, kind: outbox.kind, subjectId: outbox.subjectId, delayMs, dispatches: outbox.dispatches })
    .from(outbox)
    .where(and(isDispatched, sql`${outbox.id} = any(${slot('ids')}::bigint[])`))
    .prepare('outbox_find');

const BATCH_MAX = 200;
/** What a process kept and has not settled by then is mostly lost with it; doing it twice harms nothing. */
const KEPT_LOST_MS = 10_000;

const postponeStatement = (db: Db) =>
  db
    .update(outbox)
    .set({ availableAt: clockPlus(given('retryInMs')), lastError: given('error'), dispatchedAt: null })
    .where(isAsTaken)
    .prepare('outbox_postpone');

const releaseStatement = (db: Db) =>
  db
    .update(outbox)
    .set({ lastError: given('error'), dispatchedAt: null })
    .where(isAsTaken)
    .prepare('outbox_release');

const putBackStatement = (db: Db) =>
  db
    .update(outbox)
    .set({ dispatchedAt: null })
    .where(and(isDispatched, sql`${outbox.dispatches} > 0`))
    .prepare('outbox_put_back');

const before = (ms: SQL): SQL => sql`${clockOnce} - ${ms}::double precision * interval '1 millisecond'`;
const KEPT_LOST = sql.raw(String(KEPT_LOST_MS));

/** Judged by when it was due: how often it is handed out again changes nothing. What a process keeps counts from then on. */
const isLateDispatched = and(
  isDispatched,
  sql`${outbox.availableAt} <= ${before(sql`least(${given('handedOutMs')}, ${KEPT_LOST})`)}`,
  sql`case when ${outbox.dispatches} > 0 then ${outbox.availableAt} <= ${before(given('handedOutMs'))}
    else ${outbox.dispatchedAt} <= ${before(KEPT_LOST)} end`,
);
const isLateWaiting = and(isWaiting, sql`${outbox.availableAt} <= ${before(given('waitingMs'))}`);

/** Two looks, each by an index of its own. */
const lateKindsStatement = (db: Db) => {
  const kinds = (where: SQL | undefined) => db.select({ kind: outbox.kind }).from(outbox).where(where);
  return kinds(isLateDispatched).union(kinds(isLateWaiting)).prepare('outbox_late_kinds');
};

const keepLateStatement = (db: Db) => {
  const late = db.$with('late').as(
    db
      .select({ id: outbox.id })
      .from(outbox)
      .where(and(eq(outbox.kind, slot('kind')), sql`((${isLateDispatched}) or (${isLateWaiting}))`))
      .orderBy(outbox.id)
      .limit(slot('limit'))
      .for('update', { skipLocked: true }),
  );
  return db
    .with(late)
    .update(outbox)
    .set({ dispatchedAt: clock, dispatches: sql`- abs(${outbox.dispatches}) - 1` })
    .from(late)
    .where(eq(outbox.id, late.id))
    .returning({ id: outbox.id, kind: outbox.kind, subjectId: outbox.subjectId, dispatches: outbox.dispatches })
    .prepare('outbox_keep_late');
};

/** UPDATE returns rows in no order; work goes out in the order in which it was written. */
const inOrder = <Row extends { id: number }>(rows: Row[]): (Omit<Row, 'id'> & { id: string })[] =>
  rows.toSorted((a, b) => a.id - b.id).map((row) => ({ ...row, id: String(row.id) }));

type Named = Parameters<Store['outbox']['find']>[0];

const finder = (db: Db): ((named: Named) => Promise<Work | null>) => {
  const find = findStatement(db);
  return createBatch<Named, Work | null>({
    max: BATCH_MAX,
    run: async (named) => {
      const rows = await find.execute({ ids: named.map(({ id }) => id) });
      const byId = new Map(rows.map((row) => [String(row.id), row]));
      return named.map(({ id, kind, dispatches }) => {
        const row = byId.get(id);
        return row?.kind === kind && row.dispatches === dispatches ? { ...row, id } : null;
      });
    },
  });
};

export const outboxStore = (db: Db): Store['outbox'] => {
  const take = takeStatement(db);
  const doneMany = doneStatement(db);
  const done = createBatch<TakenWork, null>({
    max: BATCH_MAX,
    run: async (work) => {
      await doneMany.execute(slotsOf(work));
      return work.map(() => null);
    },
  });
  const postpone = postponeStatement(db);
  const release = releaseStatement(db);
  const putBack = putBackStatement(db);
  const lateKinds = lateKindsStatement(db);
  const keepLate = keepLateStatement(db);
  return {
    take: async (limit) => inOrder(await take.execute({ limit })),
    find: finder(db),
    done: async (work) => void (await done(work)),
    postpone: async (work, error, retryInMs) => void (await postpone.execute({ ...slotsOf([work]), error, retryInMs })),
    release: async (work, error) => void (await release.execute({ ...slotsOf(work), error })),
    putBack: async () => (await putBack.execute()).rowCount ?? 0,
    lateKinds: async (late) => (await lateKinds.execute(late)).map(({ kind }): WorkKind => kind),
    keepLate: async (kind, late) => inOrder(await keepLate.execute({ kind, ...late })),
  };
};
