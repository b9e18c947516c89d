/** What becomes of a request besides its decision: made smaller, talked about, found to reach nobody; and which wait. */
import { and, asc, eq, exists, inArray, isNull, sql } from 'drizzle-orm';
import { DomainError } from '../domain/errors.ts';
import type { Tx } from '../application/deps.ts';
import { requests } from './schema/requests.ts';
import { votes } from './schema/votes.ts';
import { ROW_LOCK, clock } from './statement.ts';
import type { Db } from './statement.ts';
import { raisedVersion, requestColumns } from './request-columns.ts';

const isPending = sql`${requests.state} = 'pending'`;

type ChangeWrites = Pick<
  Tx['requests'],
  | 'noteCancelled'
  | 'makeSmaller'
  | 'setMayRemain'
  | 'lockWithOtherRemains'
  | 'setDiscussed'
  | 'setUnreachable'
  | 'lockVotedBy'
  | 'touchPending'
>;

const makeSmaller =
  (db: Db): ChangeWrites['makeSmaller'] =>
  async (id, change) => {
    const changed = await db
      .update(requests)
      .set({
        role: change.after.role,
        durationMs: change.after.durationMs,
        changes: sql`${requests.changes} || ${sql.param([change], requests.changes)}::jsonb`,
        version: raisedVersion,
      })
      .where(and(eq(requests.id, id), isPending))
      .returning({ id: requests.id });
    if (changed.length === 0) throw new DomainError('conflict', { noun: 'request', id });
  };

const lockWithOtherRemains =
  (db: Db): ChangeWrites['lockWithOtherRemains'] =>
  async ({ target, role, mayRemain }) => {
    const isOther = sql`${requests.mayRemain} <> ${sql.param(mayRemain, requests.mayRemain)}::jsonb`;
    const ofRole = and(isPending, eq(requests.target, target), eq(requests.role, role), isOther);
    return await db.select(requestColumns).from(requests).where(ofRole).orderBy(asc(requests.id)).for(ROW_LOCK);
  };

const votedBy = (db: Db, personId: string) =>
  db
    .select({ one: sql`1` })
    .from(votes)
    .where(and(eq(votes.requestId, requests.id), eq(votes.voterId, personId)));

const touchPending =
  (db: Db): ChangeWrites['touchPending'] =>
  async (limit) => {
    const oldest = db
      .select({ id: requests.id })
      .from(requests)
      .where(isPending)
      .orderBy(asc(requests.createdAt), asc(requests.id))
      .limit(limit)
      .for(ROW_LOCK);
    const touched = await db
      .update(requests)
      .set({ version: raisedVersion })
      .where(inArray(requests.id, oldest))
      .returning({ id: requests.id, createdAt: requests.createdAt });
    return touched.toSorted((a, b) => a.createdAt.getTime() - b.createdAt.getTime()).map(({ id }) => id);
  };

/** None of these is on the way of every request, so they are not prepared. */
export const changeWrites = (db: Db): ChangeWrites => ({
  makeSmaller: makeSmaller(db),
  lockWithOtherRemains: lockWithOtherRemains(db),
  setMayRemain: async (id, mayRemain) => {
    await db.update(requests).set({ mayRemain, version: raisedVersion }).where(eq(requests.id, id));
  },
  noteCancelled: async (id, { by, reason }) => {
    await db.update(requests).set({ cancelledBy: by, cancelReason: reason }).where(eq(requests.id, id));
  },
  setDiscussed: async (id, personId) => {
    const { rowCount } = await db
      .update(requests)
      .set({ discussedBy: personId, version: raisedVersion })
      .where(and(eq(requests.id, id), isNull(requests.discussedBy)));
    return rowCount === 1;
  },
  setUnreachable: async (id) => {
    const { rowCount } = await db
      .update(requests)
      .set({ unreachableAt: clock })
      .where(and(eq(requests.id, id), isNull(requests.unreachableAt)));
    return rowCount === 1;
  },
  lockVotedBy: (personId) =>
    db
      .select(requestColumns)
      .from(requests)
      .where(and(isPending, exists(votedBy(db, personId))))
      .orderBy(asc(requests.id))
      .for(ROW_LOCK),
  touchPending: touchPending(db),
});
