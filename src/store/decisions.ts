/** Decisions: one per request, never changed; a grant cannot exist without one. */
import { eq } from 'drizzle-orm';
import type { Tx } from '../application/deps.ts';
import type { Line } from './in-transaction.ts';
import { decisions } from './schema/requests.ts';
import { clock, firstOrNull, slot } from './statement.ts';
import type { Db } from './statement.ts';

const insertStatement = (db: Db) =>
  db
    .insert(decisions)
    .values({
      id: slot('id'),
      requestId: slot('requestId'),
      outcome: slot('outcome'),
      rule: slot('rule'),
      policySha256: slot('policySha256'),
      byPersonId: slot('byPersonId'),
      reason: slot('reason'),
      decidedAt: clock,
    })
    .prepare('decision_insert');

const findStatement = (db: Db) =>
  db
    .select()
    .from(decisions)
    .where(eq(decisions.requestId, slot('requestId')))
    .prepare('decision_find');

export const decisionWrites = (db: Db, { later }: Line): Tx['decisions'] => {
  const insert = insertStatement(db);
  const find = findStatement(db);
  return {
    insert: async (decision) => later(() => insert.execute(decision)),
    find: async (requestId) => firstOrNull(await find.execute({ requestId })),
  };
};
