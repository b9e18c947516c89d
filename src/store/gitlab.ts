/** Deployments that wait on GitLab, and what was made of them. */
import { and, asc, desc, eq, gt, isNull, sql } from 'drizzle-orm';
import type { GitlabGate, GitlabWrites } from '../application/gitlab/gitlab-ports.ts';
import { gitlabGates } from './schema/gitlab.ts';
import { requests } from './schema/requests.ts';
import { clock, firstOrNull, only } from './statement.ts';
import type { Db } from './statement.ts';

const columns = {
  id: gitlabGates.id,
  projectId: gitlabGates.projectId,
  deployment: gitlabGates.deployment,
  job: gitlabGates.job,
  pipeline: gitlabGates.pipeline,
  environment: gitlabGates.environment,
  sha: gitlabGates.sha,
  requestId: gitlabGates.requestId,
  refusal: gitlabGates.refusal,
} satisfies Record<keyof GitlabGate, unknown>;

/** Nothing was requested for it and it is refused, or its request does not wait any more. */
const isOfDecided = sql<boolean>`(${gitlabGates.refusal} is not null or coalesce(${requests.state} <> 'pending', false))`;

const lastDeployed =
  (db: Db): GitlabWrites['lastDeployed'] =>
  async ({ projectId, environment }) => {
    const isIt = and(eq(gitlabGates.projectId, projectId), eq(gitlabGates.environment, environment));
    const found = await db
      .select({ sha: gitlabGates.sha })
      .from(gitlabGates)
      .innerJoin(requests, eq(requests.id, gitlabGates.requestId))
      .where(and(isIt, eq(requests.state, 'approved')))
      .orderBy(desc(gitlabGates.createdAt))
      .limit(1);
    return firstOrNull(found)?.sha ?? null;
  };

export const gitlabWrites = (db: Db): GitlabWrites => ({
  openGate: async (gate) => {
    await db
      .insert(gitlabGates)
      .values({ ...gate, createdAt: clock })
      .onConflictDoNothing();
    const isIt = and(eq(gitlabGates.projectId, gate.projectId), eq(gitlabGates.deployment, gate.deployment));
    const { settledAt, ...found } = only(
      await db
        .select({ ...columns, settledAt: gitlabGates.settledAt })
        .from(gitlabGates)
        .where(isIt)
        .for('update'),
    );
    return { ...found, isSettled: settledAt !== null };
  },
  setGate: async (id, { isSettled, ...set }) => {
    await db
      .update(gitlabGates)
      .set({ ...set, ...(isSettled && { settledAt: clock }) })
      .where(eq(gitlabGates.id, id));
  },
  openGates: async ({ isDecided, after, limit }) =>
    db
      .select({ ...columns, projectPath: gitlabGates.projectPath, state: requests.state })
      .from(gitlabGates)
      .leftJoin(requests, eq(requests.id, gitlabGates.requestId))
      .where(
        and(
          isNull(gitlabGates.settledAt),
          sql`${isOfDecided} = ${isDecided}`,
          after ? gt(gitlabGates.id, after.id) : undefined,
        ),
      )
      .orderBy(asc(gitlabGates.id))
      .limit(limit),
  lastDeployed: lastDeployed(db),
});
