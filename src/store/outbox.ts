/** Outgoing work on its way to the queue. Rows are added by transactions (see `transaction.ts`) and live until the work is done. */
import { and, eq, sql } from 'drizzle-orm';
import { createBatch } from '../lib/batch.ts';
import type { Store } from '../application/deps.ts';
import { outbox } from './schema/requests.ts';
import { clock, clockOnce, clockPlus, given, slot } from './statement.ts';
import type { Db } from './statement.ts';

const isWaiting = sql`${outbox.dispatchedAt} is null`;

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
  const waitMs = sql`extract(epoch from ${outbox.availableAt} - clock_timestamp()) * 1000`;
  return db
    .with(waiting)
    .update(outbox)
    .set({ dispatchedAt: clock, dispatches: sql`${outbox.dispatches} + 1` })
    .from(waiting)
    .where(eq(outbox.id, waiting.id))
    .returning({
      id: outbox.id,
      kind: outbox.kind,
      subjectId: outbox.subjectId,
      delayMs: sql<number>`greatest(0, ceil(${waitMs}))::double precision`,
      dispatches: outbox.dispatches,
    })
    .prepare('outbox_take');
};

const doneStatement = (db: Db) =>
  db
    .delete(outbox)
    .where(sql`${outbox.id} = any(${slot('ids')}::bigint[])`)
    .prepare('outbox_done');

const DONE_MAX = 200;
/** What a process kept and has not settled by then is mostly lost with it; doing it twice harms nothing. */
const KEPT_LOST_MS = 10_000;

const postponeStatement = (db: Db) =>
  db
    .update(outbox)
    .set({ availableAt: clockPlus(given('retryInMs')), lastError: given('error'), dispatchedAt: null })
    .where(eq(outbox.id, slot('id')))
    .prepare('outbox_postpone');

const isDispatched = sql`${outbox.dispatchedAt} is not null`;

const putBackAllStatement = (db: Db) =>
  db.update(outbox).set({ dispatchedAt: null }).where(isDispatched).prepare('outbox_put_back_all');

const since = sql`greatest(${outbox.dispatchedAt}, ${outbox.availableAt})`;

const putBackStatement = (db: Db) =>
  db
    .update(outbox)
    .set({ dispatchedAt: null })
    .where(
      and(
        isDispatched,
        sql`${since} <= ${clockOnce} - least(${given('olderThanMs')}, ${sql.raw(String(KEPT_LOST_MS))})::double precision * interval '1 millisecond'`,
        sql`(${outbox.dispatches} = 0 or ${since} <= ${clockOnce} - ${given('olderThanMs')}::double precision * interval '1 millisecond')`,
      ),
    )
    .prepare('outbox_put_back');

export const outboxStore = (db: Db): Store['outbox'] => {
  const take = takeStatement(db);
  const doneMany = doneStatement(db);
  const done = createBatch<string, null>({
    max: DONE_MAX,
    run: async (ids) => {
      await doneMany.execute({ ids });
      return ids.map(() => null);
    },
  });
  const postpone = postponeStatement(db);
  const putBackAll = putBackAllStatement(db);
  const putBack = putBackStatement(db);
  return {
    take: async (limit) => {
      const rows = await take.execute({ limit });
      // UPDATE returns rows in no order; work goes out in the order in which it was written.
      return rows.toSorted((a, b) => a.id - b.id).map((row) => ({ ...row, id: String(row.id) }));
    },
    done: async (id) => void (await done(id)),
    postpone: async (id, error, retryInMs) => void (await postpone.execute({ id, error, retryInMs })),
    putBack: async (olderThanMs) => {
      const { rowCount } = await (olderThanMs > 0 ? putBack.execute({ olderThanMs }) : putBackAll.execute());
      return rowCount ?? 0;
    },
  };
};
