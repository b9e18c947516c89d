/** Where in Slack a request is shown, and which version of it was drawn there. */
import { and, asc, eq, isNull, lte, or } from 'drizzle-orm';
import type { Store } from '../../usecases/ports.ts';
import { messages, requests } from '../schema.ts';
import { clock, clockPlus, firstOrNull, given, only, slot } from '../statement.ts';
import type { Db } from '../statement.ts';

const claimStatement = (db: Db) =>
  db
    .update(requests)
    .set({ syncLeaseUntil: clockPlus(given('leaseMs')) })
    .where(
      and(eq(requests.id, slot('requestId')), or(isNull(requests.syncLeaseUntil), lte(requests.syncLeaseUntil, clock))),
    )
    .returning({ version: requests.version })
    .prepare('message_claim');

const releaseStatement = (db: Db) =>
  db
    .update(requests)
    .set({ syncLeaseUntil: null })
    .where(eq(requests.id, slot('requestId')))
    .returning({ version: requests.version })
    .prepare('message_release');

const listStatement = (db: Db) =>
  db
    .select()
    .from(messages)
    .where(eq(messages.requestId, slot('requestId')))
    .orderBy(asc(messages.id))
    .prepare('message_list');

const planStatement = (db: Db) =>
  db
    .insert(messages)
    .values({
      requestId: slot('requestId'),
      kind: slot('kind'),
      audience: slot('audience'),
      part: slot('part'),
      createdAt: clock,
    })
    .onConflictDoNothing()
    .prepare('message_plan');

export const messageStore = (db: Db): Store['messages'] => {
  const claim = claimStatement(db);
  const release = releaseStatement(db);
  const list = listStatement(db);
  const plan = planStatement(db);
  const update = async (id: string, set: Partial<typeof messages.$inferInsert>): Promise<void> => {
    await db
      .update(messages)
      .set(set)
      .where(eq(messages.id, Number(id)));
  };
  return {
    claim: async (requestId, leaseMs) => firstOrNull(await claim.execute({ requestId, leaseMs })),
    release: async (requestId) => only(await release.execute({ requestId })),
    list: async (requestId) => {
      const rows = await list.execute({ requestId });
      return rows.map(({ createdAt: _createdAt, id, ...copy }) => ({ id: String(id), ...copy }));
    },
    plan: async (copy) => void (await plan.execute({ part: 0, ...copy })),
    setPosted: (id, posted) => update(id, { ...posted, failure: null }),
    setDrawn: (id, drawnVersion) => update(id, { drawnVersion }),
    setFailure: (id, failure) => update(id, { failure }),
  };
};
