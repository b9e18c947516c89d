/** Requests that only freezes denied: kept for a day, so that a person may override those for one of them. */
import { and, eq, getTableColumns, isNull, lt, sql } from 'drizzle-orm';
import type { FrozenReads, FrozenWrites } from '../application/requests/frozen-ports.ts';
import { principalOrNull } from './principals.ts';
import { frozenRequests } from './schema/frozen-requests.ts';
import { clients, people } from './schema/principals.ts';
import { clock, clockOnce, firstOrNull, only } from './statement.ts';
import type { Db } from './statement.ts';

const KEPT = sql`interval '1 day'`;
const isOver = sql<boolean>`${frozenRequests.createdAt} < ${clockOnce} - ${KEPT}`;

export const frozenWrites = (db: Db): FrozenWrites => ({
  keep: async ({ job, ...frozen }) => {
    // Nobody overrides these any more; who is denied again and again leaves no heap.
    await db
      .delete(frozenRequests)
      .where(
        and(
          eq(frozenRequests.requesterId, frozen.requesterId),
          isNull(frozenRequests.requestId),
          lt(frozenRequests.createdAt, sql`${clockOnce} - ${KEPT}`),
        ),
      );
    const { durationMs, reason, ticket, freezes, startedBy, accounts } = frozen;
    const said = { durationMs, reason, ticket, freezes, startedBy, accounts, createdAt: clock };
    const { id } = only(
      await db
        .insert(frozenRequests)
        .values({ ...frozen, job, jobKey: job?.key ?? '', createdAt: clock })
        .onConflictDoUpdate({
          target: [frozenRequests.requesterId, frozenRequests.jobKey, frozenRequests.target, frozenRequests.role],
          targetWhere: isNull(frozenRequests.requestId),
          set: said,
        })
        .returning({ id: frozenRequests.id }),
    );
    return id;
  },
  setRequest: async (id, requestId) => {
    const set = await db
      .update(frozenRequests)
      .set({ requestId })
      .where(and(eq(frozenRequests.id, id), isNull(frozenRequests.requestId)))
      .returning({ id: frozenRequests.id });
    return set.length > 0;
  },
});

export const frozenReads = (db: Db): FrozenReads => ({
  frozen: async (id) => {
    const found = firstOrNull(
      await db
        .select({ frozen: getTableColumns(frozenRequests), person: people, client: clients, isOver })
        .from(frozenRequests)
        .leftJoin(people, eq(people.id, frozenRequests.requesterId))
        .leftJoin(clients, eq(clients.id, frozenRequests.requesterId))
        .where(eq(frozenRequests.id, id)),
    );
    if (!found) return null;
    const requester = principalOrNull(found.person, found.client);
    if (!requester) throw new Error('a request that a freeze denied has neither a person nor a client');
    const { jobKey: _key, ...frozen } = found.frozen;
    return { ...frozen, requester, isOver: found.isOver };
  },
});
