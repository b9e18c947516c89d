/** Requests that were made for a client before any job of it began. */
import { and, desc, eq, isNotNull } from 'drizzle-orm';
import type { PreparedReads, PreparedWrites } from '../application/requests/prepared-ports.ts';
import { raisedVersion, requestColumns } from './request-columns.ts';
import { grants, requests } from './schema/requests.ts';
import { firstOrNull } from './statement.ts';
import type { Db } from './statement.ts';

const LIMIT = 200;

const ofGrant =
  (db: Db): PreparedWrites['ofGrant'] =>
  async (grantId) => {
    const found = await db
      .select({ origin: requests.origin })
      .from(grants)
      .innerJoin(requests, eq(requests.id, grants.requestId))
      .where(eq(grants.id, grantId));
    const origin = firstOrNull(found)?.origin;
    if (!origin) return null;
    return { isClaimed: origin.isClaimed, windowEndsAt: origin.kind === 'window' ? new Date(origin.to) : null };
  };

export const preparedReads = (db: Db): PreparedReads => ({
  preparedGrant: ofGrant(db),
  prepared: async ({ clientId, target, role }) =>
    db
      .select(requestColumns)
      .from(requests)
      .where(
        and(
          eq(requests.requesterId, clientId),
          eq(requests.target, target),
          eq(requests.role, role),
          isNotNull(requests.origin),
        ),
      )
      .orderBy(desc(requests.createdAt))
      .limit(LIMIT),
});

export const preparedWrites = (db: Db): PreparedWrites => ({
  setOrigin: async (id, { origin, startedBy, accounts, job }) => {
    await db
      .update(requests)
      .set({ origin, startedBy, accounts, version: raisedVersion, ...(job && { job }) })
      .where(eq(requests.id, id));
  },
  ofGrant: ofGrant(db),
});
