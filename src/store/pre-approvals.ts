/** Pre-approvals, one row per giver. Live until they expire by the database clock or are revoked. */
import { and, asc, eq, getTableColumns, gt, isNull, or, sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import type { Store, Tx } from '../application/deps.ts';
import type { PreApprovalView } from '../domain/requests/pre-approval.ts';
import { preApprovals } from './schema/exceptions.ts';
import { people } from './schema/principals.ts';
import { ROW_LOCK, clock, clockOnce, clockPlus, firstOrNull, given, only, slot } from './statement.ts';
import type { Db } from './statement.ts';

const person = alias(people, 'allowed_person');
const giver = alias(people, 'giver');
const isLive = and(isNull(preApprovals.revokedAt), gt(preApprovals.expiresAt, clockOnce));
const columns = getTableColumns(preApprovals);

const select = (db: Db) =>
  db
    .select({ preApproval: columns, person, by: giver })
    .from(preApprovals)
    .innerJoin(person, eq(person.id, preApprovals.personId))
    .innerJoin(giver, eq(giver.id, preApprovals.byPersonId));

type Row = Awaited<ReturnType<typeof select>>[number];

const viewOf = ({ preApproval, person: allowed, by }: Row) => ({ ...preApproval, person: allowed, by });

export const preApprovalReads = (db: Db): Pick<Store['read'], 'preApprovals' | 'preApproval'> => {
  const live = async (where: SQL | undefined, limit: number): Promise<PreApprovalView[]> => {
    const rows = await select(db).where(and(isLive, where)).orderBy(asc(preApprovals.expiresAt)).limit(limit);
    return rows.map(viewOf);
  };
  return {
    preApprovals: (of, limit) =>
      'target' in of
        ? live(eq(preApprovals.target, of.target), limit)
        : live(or(eq(preApprovals.personId, of.personId), eq(preApprovals.byPersonId, of.personId)), limit),
    preApproval: async (id) => firstOrNull((await select(db).where(eq(preApprovals.id, id))).map(viewOf)),
  };
};

const insertStatement = (db: Db) =>
  db
    .insert(preApprovals)
    .values({
      id: slot('id'),
      personId: slot('personId'),
      target: slot('target'),
      role: slot('role'),
      byPersonId: slot('byPersonId'),
      createdAt: clock,
      expiresAt: clockPlus(given('forMs')),
    })
    .returning({ expiresAt: preApprovals.expiresAt })
    .prepare('pre_approval_insert');

const holdStatement = (db: Db) =>
  select(db)
    .where(
      and(
        isLive,
        eq(preApprovals.personId, slot('personId')),
        eq(preApprovals.target, slot('target')),
        eq(preApprovals.role, slot('role')),
      ),
    )
    .orderBy(asc(preApprovals.createdAt), asc(preApprovals.id))
    .for('share', { of: preApprovals })
    .prepare('pre_approval_hold');

/** Taken before the time is read: anyone who uses it at this moment has decided by then, and no decision is later than its revocation. */
const lockStatement = (db: Db) =>
  db
    .select({ id: preApprovals.id })
    .from(preApprovals)
    .where(eq(preApprovals.id, slot('id')))
    .for(ROW_LOCK)
    .prepare('pre_approval_lock');

const revokeStatement = (db: Db) =>
  db
    .update(preApprovals)
    .set({ revokedAt: clock, revokedBy: sql`${slot('byPersonId')}` })
    .where(and(isLive, eq(preApprovals.id, slot('id'))))
    .returning({ id: preApprovals.id })
    .prepare('pre_approval_revoke');

export const preApprovalWrites = (db: Db): Tx['preApprovals'] => {
  const insert = insertStatement(db);
  const hold = holdStatement(db);
  const lock = lockStatement(db);
  const revoke = revokeStatement(db);
  return {
    insert: async (preApproval) => only(await insert.execute(preApproval)),
    hold: async (wanted) => (await hold.execute(wanted)).map(viewOf),
    revoke: async (id, byPersonId) => {
      await lock.execute({ id });
      return (await revoke.execute({ id, byPersonId })).length > 0;
    },
  };
};
