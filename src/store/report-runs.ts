/** Reports that are made by themselves, and their files until each recipient has them. */
import { createReadStream } from 'node:fs';
import { eq, sql } from 'drizzle-orm';
import type pg from 'pg';
import type {
  ReportFiles,
  ReportRun,
  ReportRunReads,
  ReportRunWrites,
} from '../application/reports/report-run-ports.ts';
import { inTransaction } from './in-transaction.ts';
import { reportDeliveries, reportFiles, reportPlans, reportRuns } from './schema/reports.ts';
import { ROW_LOCK, clock, firstOrNull } from './statement.ts';
import type { Db } from './statement.ts';

const PART_BYTES = 1_048_576;

const delivered = sql<
  string[]
>`(select coalesce(array_agg(d.place order by d.delivered_at), '{}') from report_deliveries d
  where d.run_id = ${sql.raw('"report_runs"."id"')})`;

const ageMs = sql<number>`(extract(epoch from clock_timestamp() - ${reportRuns.createdAt}) * 1000)::double precision`;

const { id: runId, name, period, state, manifest, facts } = reportRuns;
const columns = { id: runId, name, period, state, manifest, facts, delivered, ageMs };

export const reportRunReads = (db: Db): ReportRunReads => ({
  reportSchedule: async () => {
    const [since, runs, [time]] = await Promise.all([
      db.select().from(reportPlans),
      db.select({ name, period }).from(reportRuns),
      db.select({ now: clock }).from(sql`(values (1)) as one`),
    ]);
    if (!time) throw new Error('Postgres did not say what time it is.');
    return { now: time.now, since, runs };
  },
  reportRun: async (id) => firstOrNull(await db.select(columns).from(reportRuns).where(eq(runId, id))),
});

/** A file grows with the period; it is never held as a whole. */
const keepFile =
  (db: Db): ReportRunWrites['keepFile'] =>
  async (id, file) => {
    let part = 0;
    for await (const content of createReadStream(file.path, { highWaterMark: PART_BYTES })) {
      await db.insert(reportFiles).values({ runId: id, name: file.name, part, content: content as Buffer });
      part += 1;
    }
  };

export const reportRunWrites = (db: Db): ReportRunWrites => ({
  note: async (plans) => {
    if (plans.length === 0) return;
    const rows = plans.map((plan) => ({ ...plan, since: clock }));
    await db.insert(reportPlans).values(rows).onConflictDoNothing();
  },
  add: async (run) => {
    const added = await db
      .insert(reportRuns)
      .values({ ...run, createdAt: clock })
      .onConflictDoNothing({ target: [name, period] })
      .returning({ id: runId });
    return added.length > 0;
  },
  lock: async (id): Promise<ReportRun | null> =>
    firstOrNull(await db.select(columns).from(reportRuns).where(eq(runId, id)).for(ROW_LOCK)),
  setMade: async (id, made) => {
    await db
      .update(reportRuns)
      .set({ ...made, state: 'made', madeAt: clock })
      .where(eq(runId, id));
  },
  keepFile: keepFile(db),
  setDelivered: async (id, place) => {
    const row = { runId: id, place, deliveredAt: clock };
    const noted = await db
      .insert(reportDeliveries)
      .values(row)
      .onConflictDoNothing()
      .returning({ place: reportDeliveries.place });
    return noted.length > 0;
  },
  close: async (id) => {
    await db.update(reportRuns).set({ state: 'over', overAt: clock }).where(eq(runId, id));
    await db.delete(reportFiles).where(eq(reportFiles.runId, id));
  },
});

/** Held with a connection, which the end of a process closes. Making a report takes longer than a transaction may be idle. */
const HOLD = `select pg_try_advisory_xact_lock(hashtextextended('report:' || $1, 0)) as alone`;
const FOR_LONG_WORK = 'set local idle_in_transaction_session_timeout = 0';

const NAMES = 'select name from report_files where run_id = $1 group by name order by min(position)';
const PART = 'select content from report_files where run_id = $1 and name = $2 and part = $3';

export const reportFileStore = (pool: pg.Pool): ReportFiles => ({
  alone: (id, work) =>
    inTransaction(pool, 'begin', async ({ client }) => {
      await client.query(FOR_LONG_WORK);
      const { rows } = await client.query<{ alone: boolean }>(HOLD, [id]);
      return rows[0]?.alone === true ? work() : null;
    }),
  names: async (id) => (await pool.query<{ name: string }>(NAMES, [id])).rows.map((row) => row.name),
  part: async (id, file, part) =>
    (await pool.query<{ content: Buffer }>(PART, [id, file, part])).rows[0]?.content ?? null,
});
