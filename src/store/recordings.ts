/** What was done through recorded access. */
import { and, asc, eq, isNotNull, isNull, sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import type { Recording } from '../domain/grants/recording.ts';
import type { OpenRecording, RecordingReads, RecordingWrites } from '../application/recordings/recording-ports.ts';
import { grantColumns } from './grants.ts';
import { recordedSegments, recordings } from './schema/recordings.ts';
import { grants } from './schema/requests.ts';
import { clock, clockPlus, firstOrNull } from './statement.ts';
import type { Db } from './statement.ts';

const { grantId, segments, statements, sessions, missing, lost, position } = recordings;
export const recordingColumns = { grantId, segments, statements, sessions, missing, lost, nextAt: recordings.nextAt };

export type RecordingRow = Omit<Recording, 'isOver'> & { nextAt: Date | null };
export const recordingOf = ({ nextAt, ...row }: RecordingRow): Recording => ({ ...row, isOver: nextAt === null });

const endedMs: SQL<number | null> =
  sql`(extract(epoch from clock_timestamp() - ${grants.closedAt}) * 1000)::double precision`;

const take = async (db: Db, limit: number, everyMs: number): Promise<OpenRecording[]> => {
  const due = db
    .select({ id: grantId })
    .from(recordings)
    .where(sql`${recordings.nextAt} <= clock_timestamp()`)
    .orderBy(asc(recordings.nextAt))
    .limit(limit)
    .for('update', { skipLocked: true });
  const taken = await db
    .update(recordings)
    .set({ nextAt: clockPlus(sql`${everyMs}`) })
    .where(sql`${grantId} in (${due})`)
    .returning({ ...recordingColumns, position });
  const rows = await Promise.all(
    taken.map(async ({ position: at, ...row }) => {
      const of = firstOrNull(
        await db.select({ grant: grantColumns, endedMs }).from(grants).where(eq(grants.id, row.grantId)),
      );
      return of && { ...recordingOf(row), position: at, grant: of.grant, endedMs: of.endedMs };
    }),
  );
  return rows.filter((row) => row !== null);
};

export const recordingReads = (db: Db): RecordingReads => ({
  takeRecordings: (limit, everyMs) => take(db, limit, everyMs),
  recording: async (id) => {
    const row = firstOrNull(await db.select(recordingColumns).from(recordings).where(eq(grantId, id)));
    return row && recordingOf(row);
  },
  segments: (id) =>
    db.select().from(recordedSegments).where(eq(recordedSegments.grantId, id)).orderBy(asc(recordedSegments.number)),
});

export const recordingWrites = (db: Db): RecordingWrites => ({
  open: async (id) => {
    await db.insert(recordings).values({ grantId: id, nextAt: clock }).onConflictDoNothing().execute();
  },
  advance: async (before, after, dueInMs) => {
    const { isOver, grantId: _id, ...change } = after;
    const isSame = and(
      eq(grantId, before.grantId),
      eq(segments, before.segments),
      eq(statements, before.statements),
      before.position === null ? isNull(position) : sql`${position} = ${JSON.stringify(before.position)}::jsonb`,
      isNotNull(recordings.nextAt),
    );
    const set = {
      position: change.position,
      segments: change.segments,
      statements: change.statements,
      sessions: change.sessions,
      missing: change.missing,
      lost: change.lost,
      nextAt: isOver ? sql`null` : clockPlus(sql`${dueInMs}`),
    };
    return (await db.update(recordings).set(set).where(isSame).returning({ id: grantId })).length > 0;
  },
  addSegment: async (id, segment) => {
    await db
      .insert(recordedSegments)
      .values({ grantId: id, ...segment, createdAt: clock })
      .execute();
  },
  eraseSegments: async (olderThanMs) => {
    const { rows } = await db.execute<{ segments: number; grants: number; before: string }>(sql`
      with due as (select clock_timestamp() - ${olderThanMs}::double precision * interval '1 millisecond' as before),
      gone as (delete from recorded_segments using due where created_at < due.before returning grant_id)
      select count(gone.grant_id)::int as segments, count(distinct gone.grant_id)::int as grants, due.before::text as before
      from due left join gone on true group by due.before`);
    const [row] = rows;
    return { segments: row?.segments ?? 0, grants: row?.grants ?? 0, before: new Date(row?.before ?? 0) };
  },
});
