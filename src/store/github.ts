/** Deliveries, gates and pull requests of GitHub, and the requests that belong to its jobs. */
import { and, asc, desc, eq, gt, inArray, isNull, or, sql } from 'drizzle-orm';
import type { Gate, GithubWrites, OfJob, Pull, WatchedRun } from '../application/github/github-ports.ts';
import { githubDeliveries, githubGates, githubPulls } from './schema/github.ts';
import { grants, requests } from './schema/requests.ts';
import { clock, firstOrNull, only } from './statement.ts';
import type { Db } from './statement.ts';

const gateColumns = {
  id: githubGates.id,
  repository: githubGates.repository,
  run: githubGates.run,
  attempt: githubGates.attempt,
  environment: githubGates.environment,
  sha: githubGates.sha,
  requestId: githubGates.requestId,
  refusal: githubGates.refusal,
  isReported: githubGates.isReported,
  settledAt: githubGates.settledAt,
} satisfies Record<keyof Gate, unknown>;

const pullColumns = {
  id: githubPulls.id,
  repository: githubPulls.repository,
  number: githubPulls.number,
  label: githubPulls.label,
  requestId: githubPulls.requestId,
  labeller: githubPulls.labeller,
  said: githubPulls.said,
  checkId: githubPulls.checkId,
  checkSha: githubPulls.checkSha,
} satisfies Record<keyof Pull, unknown>;

type Deliveries = Pick<GithubWrites, 'keep' | 'delivery' | 'keptOf' | 'forgetDeliveries'>;

const deliveryWrites = (db: Db): Deliveries => ({
  keep: async ({ id, event }) => {
    const values = { id, event, receivedAt: clock };
    const kept = await db
      .insert(githubDeliveries)
      .values(values)
      .onConflictDoNothing()
      .returning({ id: githubDeliveries.id });
    return kept.length > 0;
  },
  delivery: async (id) => {
    const found = firstOrNull(await db.select().from(githubDeliveries).where(eq(githubDeliveries.id, id)));
    return found?.event ?? null;
  },
  keptOf: async (ids) => {
    if (ids.length === 0) return [];
    const found = await db
      .select({ id: githubDeliveries.id })
      .from(githubDeliveries)
      .where(inArray(githubDeliveries.id, ids));
    return found.map(({ id }) => id);
  },
  forgetDeliveries: async (olderThanMs) => {
    await db.execute(sql`delete from github_deliveries
      where received_at < clock_timestamp() - ${olderThanMs}::double precision * interval '1 millisecond'`);
  },
});

type Gates = Pick<GithubWrites, 'openGate' | 'gate' | 'setGate' | 'openGates' | 'waitingGates' | 'lastDeployed'>;

const openGate =
  (db: Db): Gates['openGate'] =>
  async (gate) => {
    const repositoryId = gate.repository.id;
    await db
      .insert(githubGates)
      .values({ ...gate, repositoryId, createdAt: clock })
      .onConflictDoNothing();
    const isIt = and(
      eq(githubGates.repositoryId, repositoryId),
      eq(githubGates.run, gate.run),
      eq(githubGates.attempt, gate.attempt),
      eq(githubGates.environment, gate.environment),
    );
    return only(await db.select(gateColumns).from(githubGates).where(isIt).for('update'));
  };

const waitingGates =
  (db: Db): Gates['waitingGates'] =>
  ({ repositoryId, run, environment }) => {
    const { repositoryId: repository, run: ofRun, environment: into, settledAt } = githubGates;
    const isIt = and(eq(repository, repositoryId), eq(ofRun, run), eq(into, environment), isNull(settledAt));
    return db.select(gateColumns).from(githubGates).where(isIt);
  };

const gateWrites = (db: Db): Gates => ({
  openGate: openGate(db),
  gate: async (id) =>
    firstOrNull(await db.select(gateColumns).from(githubGates).where(eq(githubGates.id, id)).for('update')),
  setGate: async (id, { isSettled, ...set }) => {
    await db
      .update(githubGates)
      .set({ ...set, ...(isSettled && { settledAt: clock }) })
      .where(eq(githubGates.id, id));
  },
  openGates: async (after, limit) =>
    db
      .select(gateColumns)
      .from(githubGates)
      .where(and(isNull(githubGates.settledAt), after ? gt(githubGates.id, after.id) : undefined))
      .orderBy(asc(githubGates.id))
      .limit(limit),
  waitingGates: waitingGates(db),
  lastDeployed: async ({ repositoryId, environment }) => {
    const found = await db
      .select({ sha: githubGates.sha })
      .from(githubGates)
      .innerJoin(requests, eq(requests.id, githubGates.requestId))
      .where(
        and(
          eq(githubGates.repositoryId, repositoryId),
          eq(githubGates.environment, environment),
          eq(requests.state, 'approved'),
        ),
      )
      .orderBy(desc(githubGates.createdAt))
      .limit(1);
    return firstOrNull(found)?.sha ?? null;
  },
});

type Pulls = Pick<GithubWrites, 'openPull' | 'pull' | 'pullsOf' | 'setPull'>;

const pullWrites = (db: Db): Pulls => ({
  openPull: async (pull) => {
    const repositoryId = pull.repository.id;
    await db
      .insert(githubPulls)
      .values({ ...pull, repositoryId, createdAt: clock })
      .onConflictDoNothing();
    const isIt = and(
      eq(githubPulls.repositoryId, repositoryId),
      eq(githubPulls.number, pull.number),
      eq(githubPulls.label, pull.label),
    );
    return only(await db.select(pullColumns).from(githubPulls).where(isIt).for('update'));
  },
  pull: async (id) =>
    firstOrNull(await db.select(pullColumns).from(githubPulls).where(eq(githubPulls.id, id)).for('update')),
  pullsOf: async ({ repositoryId, number }) =>
    db
      .select(pullColumns)
      .from(githubPulls)
      .where(and(eq(githubPulls.repositoryId, repositoryId), eq(githubPulls.number, number))),
  setPull: async (id, set) => {
    await db.update(githubPulls).set(set).where(eq(githubPulls.id, id));
  },
});

const ofJobColumns = {
  requestId: requests.id,
  state: requests.state,
  grantId: grants.id,
  grantState: grants.state,
} satisfies Record<keyof OfJob, unknown>;

const isOpen = or(
  eq(requests.state, 'pending'),
  and(eq(requests.state, 'approved'), inArray(grants.state, ['activating', 'active'])),
);

const repositoryId = sql<string>`${requests.job} ->> 'repositoryId'`;
const run = sql<string>`${requests.job} ->> 'run'`;
const attempt = sql<number>`(${requests.job} ->> 'attempt')::int`;

const messageWrites = (db: Db): Pick<GithubWrites, 'messageOf'> => ({
  messageOf: async (requestId) => {
    const { rows } = await db.execute<{ channel: string; ts: string }>(sql`select channel, ts from messages
      where subject_kind = 'request' and subject_id = ${requestId} and channel is not null and ts is not null
        and (kind = 'approval' or (kind = 'requester' and channel not like 'D%'))
      order by kind <> 'approval', channel not like 'C%', id limit 1`);
    return rows[0] ?? null;
  },
});

type Jobs = Pick<GithubWrites, 'ofJobs' | 'ofRun' | 'runsToWatch'>;

const jobWrites = (db: Db): Jobs => ({
  ofJobs: async (keys) =>
    keys.length === 0
      ? []
      : db
          .select(ofJobColumns)
          .from(requests)
          .leftJoin(grants, eq(grants.requestId, requests.id))
          .where(and(inArray(sql`${requests.job} ->> 'key'`, keys), isOpen)),
  ofRun: async (of) =>
    db
      .select(ofJobColumns)
      .from(requests)
      .leftJoin(grants, eq(grants.requestId, requests.id))
      .where(and(eq(repositoryId, of.repositoryId), eq(run, of.run), eq(attempt, of.attempt), isOpen)),
  runsToWatch: async (clientIds, after, limit): Promise<WatchedRun[]> => {
    if (clientIds.length === 0) return [];
    const isLater =
      after && sql`(${repositoryId}, ${run}, ${attempt}) > (${after.repositoryId}, ${after.run}, ${after.attempt})`;
    return db
      .selectDistinctOn([repositoryId, run, attempt], {
        repository: sql<string>`${requests.job} ->> 'repository'`,
        repositoryId,
        run,
        attempt,
      })
      .from(requests)
      .leftJoin(grants, eq(grants.requestId, requests.id))
      .where(and(inArray(requests.requesterId, clientIds), isOpen, sql`${run} <> ''`, isLater ?? undefined))
      .orderBy(repositoryId, run, attempt)
      .limit(limit);
  },
});

export const githubWrites = (db: Db): GithubWrites => ({
  ...deliveryWrites(db),
  ...gateWrites(db),
  ...pullWrites(db),
  ...messageWrites(db),
  ...jobWrites(db),
});
