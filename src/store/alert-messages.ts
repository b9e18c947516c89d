/** Where in Slack an alert is shown, and which version of it was drawn there. */
import { and, asc, eq, isNull, lte, or, sql } from 'drizzle-orm';
import type { AlertMessages, AlertStore } from '../application/alerts/alert-ports.ts';
import { alertMessages, alerts } from './schema/alerts.ts';
import { clock, clockPlus, firstOrNull, only } from './statement.ts';
import type { Db } from './statement.ts';
import { alertForgetting } from './alerts.ts';

const messages = (db: Db): AlertMessages => {
  const update = async (id: string, set: Partial<typeof alertMessages.$inferInsert>): Promise<void> => {
    await db
      .update(alertMessages)
      .set(set)
      .where(eq(alertMessages.id, Number(id)));
  };
  const version = { version: alerts.version };
  return {
    claim: async (alertId, leaseMs) =>
      firstOrNull(
        await db
          .update(alerts)
          .set({ syncLeaseUntil: clockPlus(sql`${leaseMs}`) })
          .where(and(eq(alerts.id, alertId), or(isNull(alerts.syncLeaseUntil), lte(alerts.syncLeaseUntil, clock))))
          .returning(version),
      ),
    release: async (alertId) =>
      only(await db.update(alerts).set({ syncLeaseUntil: null }).where(eq(alerts.id, alertId)).returning(version)),
    list: async (alertId) => {
      const rows = await db
        .select()
        .from(alertMessages)
        .where(eq(alertMessages.alertId, alertId))
        .orderBy(asc(alertMessages.id));
      return rows.map(({ createdAt: _createdAt, id, ...copy }) => ({ id: String(id), ...copy }));
    },
    setPosted: (id, posted) => update(id, { ...posted, failure: null }),
    setDrawn: (id, drawnVersion) => update(id, { drawnVersion }),
    setFailure: (id, failure) => update(id, { failure }),
    plan: async (alertId, audiences) => {
      const copies = audiences.map((audience) => ({ alertId, audience, createdAt: clock }));
      if (copies.length > 0) await db.insert(alertMessages).values(copies).onConflictDoNothing();
    },
  };
};

export const alertStore = (db: Db): AlertStore => ({ alertMessages: messages(db), forgetAlerts: alertForgetting(db) });
