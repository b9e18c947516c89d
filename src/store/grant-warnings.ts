/** When somebody is warned that their access ends, and who is to be warned now: by the database clock, found by an index. */
import { and, asc, eq, gt, inArray, lte, sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import type { Tx } from '../application/deps.ts';
import { grants, requests } from './schema/requests.ts';
import { ROW_LOCK, clock, clockOnce } from './statement.ts';
import type { Db } from './statement.ts';
import { raisedVersion } from './request-columns.ts';

/**
 * Five minutes ahead, and never before two thirds of the time that is left have passed. A warning less than a minute ahead is of
 * no use, so below three minutes there is none.
 */
export const warnBefore = (expiresAt: SQL): SQL => {
  const left = sql`(${expiresAt} - clock_timestamp())`;
  return sql`case when ${left} >= interval '3 minutes' then ${expiresAt} - least(interval '5 minutes', ${left} / 3) end`;
};

const isActive = sql`${grants.state} = 'active'`;

/** What has ended, or is about to be, is not warned of: the end itself is the message. */
export const warningWrites = (db: Db): Pick<Tx['grants'], 'warnDue'> => ({
  warnDue: async (limit) => {
    const due = await db
      .select({ id: grants.id, requestId: grants.requestId })
      .from(grants)
      .innerJoin(requests, eq(requests.id, grants.requestId))
      .where(and(isActive, lte(grants.warnAt, clockOnce), gt(grants.expiresAt, clockOnce)))
      .orderBy(asc(grants.warnAt))
      .limit(limit)
      .for(ROW_LOCK, { of: [requests, grants], skipLocked: true });
    if (due.length === 0) return [];
    const ids = due.map(({ id }) => id);
    const requestIds = due.map(({ requestId }) => requestId);
    await db.update(grants).set({ warnAt: null, warnedAt: clock }).where(inArray(grants.id, ids));
    await db.update(requests).set({ version: raisedVersion }).where(inArray(requests.id, requestIds));
    return due.map(({ requestId }) => ({ requestId }));
  },
});
