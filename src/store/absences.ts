/** Who is away, until when, and who votes as their delegate. An absence that is over counts for nothing, whether or not its row is there. */
import { and, eq, gt, inArray } from 'drizzle-orm';
import type { Store, Tx } from '../application/deps.ts';
import { people } from './schema/principals.ts';
import { absences } from './schema/notices.ts';
import { clock, clockOnce } from './statement.ts';
import type { Db } from './statement.ts';

export const absenceReads = (db: Db): Store['read']['absencesOf'] => {
  return async (personIds) => {
    if (personIds.length === 0) return [];
    return db
      .select({ personId: absences.personId, until: absences.until, delegate: people })
      .from(absences)
      .leftJoin(people, eq(people.id, absences.delegateId))
      .where(and(inArray(absences.personId, personIds), gt(absences.until, clockOnce)));
  };
};

export const absenceWrites = (db: Db): Tx['absences'] => ({
  put: async ({ personId, until, delegateId }) => {
    await db
      .insert(absences)
      .values({ personId, until, delegateId, createdAt: clock })
      .onConflictDoUpdate({ target: absences.personId, set: { until, delegateId, createdAt: clock } });
  },
  remove: async (personId) => {
    const removed = await db
      .delete(absences)
      .where(eq(absences.personId, personId))
      .returning({ until: absences.until, now: clock });
    return removed.some(({ until, now }) => until > now);
  },
});
