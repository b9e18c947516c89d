/** Votes: one row per request and voter, whatever is clicked at the same time. */
import { and, asc, eq, getTableColumns, sql } from 'drizzle-orm';
import type { Tx } from '../application/deps.ts';
import { people } from './schema/principals.ts';
import { requests } from './schema/requests.ts';
import { votes } from './schema/votes.ts';
import { clock, firstOrNull, slot } from './statement.ts';
import type { Db } from './statement.ts';
import { raisedVersion } from './request-columns.ts';

const voteColumns = getTableColumns(votes);

const putStatement = (db: Db) => {
  const vote = db.$with('vote').as(
    db
      .insert(votes)
      .values({
        requestId: slot('requestId'),
        voterId: slot('voterId'),
        kind: slot('kind'),
        reason: slot('reason'),
        inSteadOf: slot('inSteadOf'),
        createdAt: clock,
      })
      .onConflictDoUpdate({
        target: [votes.requestId, votes.voterId],
        set: {
          kind: sql`excluded.kind`,
          reason: sql`excluded.reason`,
          createdAt: sql`excluded.created_at`,
          inSteadOf: sql`excluded.in_stead_of`,
        },
        setWhere: sql`${votes.kind} <> excluded.kind`,
      })
      // A row version that replaced another carries the replacing transaction in xmax.
      .returning({ requestId: votes.requestId, isNew: sql<boolean>`(${votes}.xmax = 0)`.as('is_new') }),
  );
  return db
    .with(vote)
    .update(requests)
    .set({ version: raisedVersion })
    .from(vote)
    .where(eq(requests.id, vote.requestId))
    .returning({ isNew: vote.isNew })
    .prepare('vote_put');
};

const listStatement = (db: Db) =>
  db
    .select({ vote: voteColumns, voter: people })
    .from(votes)
    .innerJoin(people, eq(people.id, votes.voterId))
    .where(eq(votes.requestId, slot('requestId')))
    .orderBy(asc(votes.createdAt), asc(votes.voterId))
    .prepare('vote_list');

export const voteWrites = (db: Db): Tx['votes'] => {
  const put = putStatement(db);
  const list = listStatement(db);
  return {
    put: async (vote) => {
      const written = firstOrNull(await put.execute({ inSteadOf: null, ...vote }));
      if (!written) return 'exists';
      return written.isNew ? 'inserted' : 'changed';
    },
    list: async (requestId) => (await list.execute({ requestId })).map(({ vote, voter }) => ({ ...vote, voter })),
    remove: async (requestId, voterId) => {
      await db.delete(votes).where(and(eq(votes.requestId, requestId), eq(votes.voterId, voterId)));
    },
  };
};
