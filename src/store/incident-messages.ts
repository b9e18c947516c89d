/** Where in Slack an incident is shown, and which version of it was drawn there. */
import { and, asc, eq, isNotNull, isNull, lte, or } from 'drizzle-orm';
import type { IncidentMessages } from '../application/incidents/incident-ports.ts';
import { incidentMessages } from './schema/incidents.ts';
import { incidents } from './schema/requests.ts';
import { clock, clockPlus, firstOrNull, given, only, slot } from './statement.ts';
import type { Db } from './statement.ts';
import { incidentVersion } from './incident-columns.ts';

const isId = eq(incidents.id, slot('incidentId'));

const claimStatement = (db: Db) =>
  db
    .update(incidents)
    .set({ syncLeaseUntil: clockPlus(given('leaseMs')) })
    .where(and(isId, or(isNull(incidents.syncLeaseUntil), lte(incidents.syncLeaseUntil, clock))))
    .returning({ version: incidentVersion })
    .prepare('incident_message_claim');

const releaseStatement = (db: Db) =>
  db
    .update(incidents)
    .set({ syncLeaseUntil: null })
    .where(isId)
    .returning({ version: incidentVersion })
    .prepare('incident_message_release');

const listStatement = (db: Db) =>
  db
    .select()
    .from(incidentMessages)
    .where(eq(incidentMessages.incidentId, slot('incidentId')))
    .orderBy(asc(incidentMessages.id))
    .prepare('incident_message_list');

const planStatement = (db: Db) =>
  db
    .insert(incidentMessages)
    .values({
      incidentId: slot('incidentId'),
      kind: slot('kind'),
      audience: slot('audience'),
      part: slot('part'),
      createdAt: clock,
    })
    .onConflictDoNothing()
    .prepare('incident_message_plan');

export const incidentMessageStore = (db: Db): IncidentMessages => {
  const claim = claimStatement(db);
  const release = releaseStatement(db);
  const list = listStatement(db);
  const plan = planStatement(db);
  const update = async (id: string, set: Partial<typeof incidentMessages.$inferInsert>): Promise<void> => {
    await db
      .update(incidentMessages)
      .set(set)
      .where(eq(incidentMessages.id, Number(id)));
  };
  return {
    claim: async (incidentId, leaseMs) => firstOrNull(await claim.execute({ incidentId, leaseMs })),
    release: async (incidentId) => only(await release.execute({ incidentId })),
    list: async (incidentId) => {
      const rows = await list.execute({ incidentId });
      return rows.map(({ createdAt: _createdAt, id, ...copy }) => ({ id: String(id), ...copy }));
    },
    plan: async (copy) => void (await plan.execute({ part: 0, ...copy })),
    setPosted: (id, posted) => update(id, { ...posted, failure: null }),
    setDrawn: (id, drawnVersion) => update(id, { drawnVersion }),
    setFailure: (id, failure) => update(id, { failure }),
    clearFailures: async (incidentId, audience) => {
      const cleared = await db
        .update(incidentMessages)
        .set({ failure: null })
        .where(
          and(
            eq(incidentMessages.incidentId, incidentId),
            eq(incidentMessages.audience, audience),
            isNotNull(incidentMessages.failure),
          ),
        )
        .returning({ id: incidentMessages.id });
      return cleared.length > 0;
    },
  };
};
