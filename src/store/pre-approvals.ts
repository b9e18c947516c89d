/** Allowances: approvals given ahead of time, one row per giver. Live until they expire by the database clock or are revoked. */
import { and, asc, eq, getTableColumns, gt, isNull, or, sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import type { Store, Tx } from '../application/deps.ts';
import type { PreApprovalView } from '../domain/requests/pre-approval.ts';
import { allowances } from './schema/exceptions.ts';
import { people } from './schema/principals.ts';
import { ROW_LOCK, clock, clockOnce, clockPlus, firstOrNull, given, only, slot } from './statement.ts';
import type { Db } from './statement.ts';

const person = alias(people, 'allowed_person');
const giver = alias(people, 'giver');
const isLive = and(isNull(allowances.revokedAt), gt(allowances.expiresAt, clockOnce));
const columns = getTableColumns(allowances);

const select = (db: Db) =>
  db
    .select({ allowance: columns, person, by: giver })
    .from(allowances)
    .innerJoin(person, eq(person.id, allowances.personId))
    .innerJoin(giver, eq(giver.id, allowances.byPersonId));

type Row = Awaited<ReturnType<typeof select>>[number];

const viewOf = ({ allowance, person: allowed, by }: Row) => ({ ...allowance, person: allowed, by });

export const allowanceReads = (db: Db): Pick<Store['read'], 'allowances' | 'allowance'> => {
  const live = async (where: SQL | undefined, limit: number): Promise<PreApprovalView[]> => {
    const rows = await select(db).where(and(isLive, where)).orderBy(asc(allowances.expiresAt)).limit(limit);
    return rows.map(viewOf);
  };
  return {
    allowances: (of, limit) =>
      'target' in of
        ? live(eq(allowances.target, of.target), limit)
        : live(or(eq(allowances.personId, of.personId), eq(allowances.byPersonId, of.personId)), limit),
    allowance: async (id) => firstOrNull((await select(db).where(eq(allowances.id, id))).map(viewOf)),
  };
};

const insertStatement = (db: Db) =>
  db
    .insert(allowances)
    .values({
      id: slot('id'),
      personId: slot('personId'),
      target: slot('target'),
      role: slot('role'),
      byPersonId: slot('byPersonId'),
      createdAt: clock,
      expiresAt: clockPlus(given('forMs')),
    })
    .returning({ expiresAt: allowances.expiresAt })
    .prepare('allowance_insert');

const holdStatement = (db: Db) =>
  select(db)
    .where(
      and(
        isLive,
        eq(allowances.personId, slot('personId')),
        eq(allowances.target, slot('target')),
        eq(allowances.role, slot('role')),
      ),
    )
    .orderBy(asc(allowances.createdAt), asc(allowances.id))
    .for('share', { of: allowances })
    .prepare('allowance_hold');

/** Taken before the time is read: whoever uses it at this moment has decided by then, and no decision is later than its revocation. */
const lockStatement = (db: Db) =>
  db
    .select({ id: allowances.id })
    .from(allowances)
    .where(eq(allowances.id, slot('id')))
    .for(ROW_LOCK)
    .prepare('allowance_lock');

const revokeStatement = (db: Db) =>
  db
    .update(allowances)
    .set({ revokedAt: clock, revokedBy: sql`${slot('byPersonId')}` })
    .where(and(isLive, eq(allowances.id, slot('id'))))
    .returning({ id: allowances.id })
    .prepare('allowance_revoke');

export const allowanceWrites = (db: Db): Tx['allowances'] => {
  const insert = insertStatement(db);
  const hold = holdStatement(db);
  const lock = lockStatement(db);
  const revoke = revokeStatement(db);
  return {
    insert: async (allowance) => only(await insert.execute(allowance)),
    hold: async (wanted) => (await hold.execute(wanted)).map(viewOf),
    revoke: async (id, byPersonId) => {
      await lock.execute({ id });
      return (await revoke.execute({ id, byPersonId })).length > 0;
    },
  };
};
