/** When approvers of a request are reminded, and when others are notified too: all by the database clock. */
import { and, asc, eq, isNull, lte, sql } from 'drizzle-orm';
import type { Tx } from '../application/deps.ts';
import type { Line } from './in-transaction.ts';
import { requests } from './schema/requests.ts';
import { ROW_LOCK, clock, clockOnce, clockPlus, given, slot } from './statement.ts';
import type { Db } from './statement.ts';
import { raisedVersion, requestColumns } from './request-columns.ts';

const isId = eq(requests.id, slot('id'));
const isPending = sql`${requests.state} = 'pending'`;

/** After the n-th reminder the pause is n times doubled. Ten doublings of a minute are most of a day. */
const DOUBLINGS_MAX = 10;
const nextPauseMs = sql`${requests.remindMs} * (2 ^ least(${requests.reminders} + 1, ${sql.raw(String(DOUBLINGS_MAX))}))`;
const nextReminder = sql`case when ${clockPlus(nextPauseMs)} < ${requests.lapsesAt} then ${clockPlus(nextPauseMs)} end`;

const lockToRemindStatement = (db: Db) =>
  db
    .select(requestColumns)
    .from(requests)
    .where(and(isPending, lte(requests.nextReminderAt, clockOnce)))
    .orderBy(asc(requests.nextReminderAt))
    .limit(slot('limit'))
    .for(ROW_LOCK, { skipLocked: true })
    .prepare('request_lock_to_remind');

const setRemindedStatement = (db: Db) =>
  db
    .update(requests)
    .set({ reminders: sql`${requests.reminders} + 1`, nextReminderAt: nextReminder, version: raisedVersion })
    .where(isId)
    .prepare('request_set_reminded');

const lockToEscalateStatement = (db: Db) =>
  db
    .select(requestColumns)
    .from(requests)
    .where(and(isPending, lte(requests.escalateAt, clockOnce), isNull(requests.escalatedAt)))
    .orderBy(asc(requests.escalateAt))
    .limit(slot('limit'))
    .for(ROW_LOCK, { skipLocked: true })
    .prepare('request_lock_to_escalate');

const setEscalatedStatement = (db: Db) =>
  db.update(requests).set({ escalatedAt: clock, version: raisedVersion }).where(isId).prepare('request_set_escalated');

const setScheduleStatement = (db: Db) =>
  db
    .update(requests)
    .set({
      remindMs: given('remindMs'),
      escalateAfterMs: given('escalateAfterMs'),
      escalateTo: sql`${sql.param(slot('escalateTo'), requests.escalateTo)}`,
      escalateAt: clockPlus(sql`${slot('escalateAfterMs')}::bigint`),
    })
    .where(isId)
    .prepare('request_set_schedule');

const restartSilenceStatement = (db: Db) =>
  db
    .update(requests)
    .set({ escalateAt: clockPlus(sql`${requests.escalateAfterMs}`) })
    .where(and(isId, isNull(requests.escalatedAt)))
    .prepare('request_restart_silence');

type ScheduleWrites = Pick<
  Tx['requests'],
  'lockToRemind' | 'setReminded' | 'lockToEscalate' | 'setEscalated' | 'setSchedule' | 'restartSilence'
>;

export const scheduleWrites = (db: Db, { later }: Line): ScheduleWrites => {
  const lockToRemind = lockToRemindStatement(db);
  const setReminded = setRemindedStatement(db);
  const lockToEscalate = lockToEscalateStatement(db);
  const setEscalated = setEscalatedStatement(db);
  const setSchedule = setScheduleStatement(db);
  const restartSilence = restartSilenceStatement(db);
  return {
    lockToRemind: (limit) => lockToRemind.execute({ limit }),
    setReminded: async (id) => later(() => setReminded.execute({ id })),
    lockToEscalate: (limit) => lockToEscalate.execute({ limit }),
    setEscalated: async (id) => later(() => setEscalated.execute({ id })),
    setSchedule: async (id, schedule) => later(() => setSchedule.execute({ id, ...schedule })),
    restartSilence: async (id) => later(() => restartSilence.execute({ id })),
  };
};
