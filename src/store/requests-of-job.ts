/** What one job of a client requested for one role, newest first. */
import { and, desc, eq, inArray, sql } from 'drizzle-orm';
import type { Store } from '../application/deps.ts';
import { REPEATABLE_CAUSES } from '../domain/grants/end-cause.ts';
import { grants, requests } from './schema/requests.ts';
import { firstOrNull } from './statement.ts';
import type { Db } from './statement.ts';

const LIMIT = 1_000;

const isOver = sql<boolean>`coalesce(${and(
  inArray(grants.state, ['ending', 'closed', 'removed']),
  inArray(grants.endCause, [...REPEATABLE_CAUSES]),
)}, false)`;

export const requestsOfJob =
  (db: Db): Store['read']['requestsOfJob'] =>
  ({ clientId, jobKey, target, role }) =>
    db
      .select({ id: requests.id, clientKey: requests.clientKey, isOver })
      .from(requests)
      .leftJoin(grants, eq(grants.requestId, requests.id))
      .where(
        and(
          eq(sql`${requests.job} ->> 'key'`, jobKey),
          eq(requests.requesterId, clientId),
          eq(requests.target, target),
          eq(requests.role, role),
        ),
      )
      .orderBy(desc(requests.createdAt), desc(requests.id))
      .limit(LIMIT);

export const lastCommitOf =
  (db: Db): Store['read']['lastCommitOf'] =>
  async ({ clientId, target, role }) => {
    const sha = sql<string>`${requests.job} ->> 'sha'`;
    const found = await db
      .select({ sha })
      .from(requests)
      .where(
        and(
          eq(requests.requesterId, clientId),
          eq(requests.target, target),
          eq(requests.role, role),
          eq(requests.state, 'approved'),
          sql`${sha} <> ''`,
        ),
      )
      .orderBy(desc(requests.createdAt))
      .limit(1);
    return firstOrNull(found)?.sha ?? null;
  };
