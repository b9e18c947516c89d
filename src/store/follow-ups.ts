/** Reviews of access taken by break-glass: opened with the grant, closed by somebody else, chased in between. */
import { and, asc, eq, getTableColumns, isNull, lte, sql } from 'drizzle-orm';
import type { Tx } from '../application/deps.ts';
import { reviews } from './schema/exceptions.ts';
import { people } from './schema/principals.ts';
import { ROW_LOCK, clock, clockOnce, clockPlus, firstOrNull, given, slot } from './statement.ts';
import type { Db } from './statement.ts';

const isOpen = sql`${reviews.state} = 'open'`;
const isId = eq(reviews.id, slot('id'));
/** The first reminder comes after an eighth of the time there is, the next after twice as long, never more than the whole of it apart. */
const FIRST_SHARE = 8;

const insertStatement = (db: Db) =>
  db
    .insert(reviews)
    .values({
      id: slot('id'),
      grantId: slot('grantId'),
      requestId: slot('requestId'),
      personId: slot('personId'),
      withinMs: slot('withinMs'),
      openedAt: clock,
      dueAt: clockPlus(given('withinMs')),
      nextReminderAt: clockPlus(sql`${slot('withinMs')}::double precision / ${sql.raw(String(FIRST_SHARE))}`),
    })
    .returning({ dueAt: reviews.dueAt })
    .prepare('review_insert');

const lockStatement = (db: Db) =>
  db
    .select()
    .from(reviews)
    .where(eq(reviews.grantId, slot('grantId')))
    .for(ROW_LOCK)
    .prepare('review_lock');

const closeStatement = (db: Db) =>
  db
    .update(reviews)
    .set({
      state: 'closed',
      outcome: given('outcome'),
      note: given('note'),
      reviewerId: given('reviewerId'),
      closedAt: clock,
    })
    .where(and(isId, isOpen))
    .prepare('review_close');

/** What was looked at is not what there is now. */
const reopenStatement = (db: Db) =>
  db
    .update(reviews)
    .set({
      state: 'open',
      outcome: null,
      note: null,
      reviewerId: null,
      closedAt: null,
      openedAt: clock,
      dueAt: clockPlus(sql`${reviews.withinMs}`),
      reminders: 0,
      nextReminderAt: clockPlus(sql`${reviews.withinMs}::double precision / ${sql.raw(String(FIRST_SHARE))}`),
      escalatedAt: null,
      waivedAt: null,
      waivedBy: null,
    })
    .where(and(eq(reviews.grantId, slot('grantId')), sql`${reviews.state} = 'closed'`))
    .returning()
    .prepare('review_reopen');

const listOverdueStatement = (db: Db) =>
  db
    .select({ review: getTableColumns(reviews), person: people })
    .from(reviews)
    .innerJoin(people, eq(people.id, reviews.personId))
    .where(and(isOpen, lte(reviews.dueAt, clockOnce), isNull(reviews.waivedAt)))
    .orderBy(asc(reviews.dueAt))
    .prepare('review_list_overdue');

const waiveStatement = (db: Db) =>
  db
    .update(reviews)
    .set({ waivedAt: clock, waivedBy: given('waivedBy') })
    .where(and(isId, isOpen))
    .prepare('review_waive');

const lockToChaseStatement = (db: Db) =>
  db
    .select()
    .from(reviews)
    .where(and(isOpen, lte(reviews.nextReminderAt, clockOnce)))
    .orderBy(asc(reviews.nextReminderAt))
    .limit(slot('limit'))
    .for(ROW_LOCK, { skipLocked: true })
    .prepare('review_lock_to_chase');

/** Until it was escalated, the deadline itself is a time to look. */
const chaseStatement = (db: Db) => {
  const waitMs = sql`${reviews.withinMs}::double precision * least(1, power(2, least(${reviews.reminders} + 1, 10)) / ${sql.raw(String(FIRST_SHARE))})`;
  const next = sql`clock_timestamp() + ${waitMs} * interval '1 millisecond'`;
  const isEscalated = sql`(${reviews.escalatedAt} is not null or ${slot('isOverdue')}::boolean)`;
  return db
    .update(reviews)
    .set({
      reminders: sql`${reviews.reminders} + 1`,
      nextReminderAt: sql`case when ${isEscalated} then ${next} else least(${next}, ${reviews.dueAt}) end`,
      escalatedAt: sql`coalesce(${reviews.escalatedAt}, case when ${slot('isOverdue')}::boolean then clock_timestamp() end)`,
    })
    .where(and(isId, isOpen))
    .prepare('review_chase');
};

export const reviewWrites = (db: Db): Tx['reviews'] => {
  const insert = insertStatement(db);
  const lock = lockStatement(db);
  const close = closeStatement(db);
  const reopen = reopenStatement(db);
  const listOverdue = listOverdueStatement(db);
  const waive = waiveStatement(db);
  const lockToChase = lockToChaseStatement(db);
  const chase = chaseStatement(db);
  return {
    insert: async (review) => {
      const [inserted] = await insert.execute(review);
      if (!inserted) throw new Error('A review was not stored.');
      return inserted;
    },
    lock: async (grantId) => firstOrNull(await lock.execute({ grantId })),
    close: async (id, closing) => void (await close.execute({ id, ...closing })),
    reopen: async (grantId) => firstOrNull(await reopen.execute({ grantId })),
    listOverdue: () => listOverdue.execute(),
    waive: async (id, waivedBy) => void (await waive.execute({ id, waivedBy })),
    lockToChase: (limit) => lockToChase.execute({ limit }),
    chase: async (id, isOverdue) => void (await chase.execute({ id, isOverdue })),
  };
};
