/** BullMQ's one door: relays the outbox, runs the workers, keeps the clocks. The only folder that knows Redis. */
import type { Redis } from 'ioredis';
import type { Log } from '../lib/log.ts';
import { createInFlight } from '../lib/pending-tasks.ts';
import type { Store } from '../application/deps.ts';
import type { WorkKind, Written } from '../application/record/outbox.ts';
import type { PlaceLooks } from '../application/messages/review-places.ts';
import type { UseCases } from '../application/verbs.ts';
import { createDroppedJobs } from './dropped-jobs.ts';
import type { DropReason } from './dropped-jobs.ts';
import { createHandlers } from './handlers.ts';
import type { GithubWorker, GitlabWorker, Messenger } from './handlers.ts';
import { startLateWork } from './late-work.ts';
import { createLocal } from './local.ts';
import type { Local } from './local.ts';
import type { WorkDeps } from './do-work.ts';
import { openForWork } from './queues.ts';
import type { OpenQueues } from './queues.ts';
import { createRedisProbe } from './redis-probe.ts';
import { startRedisWatch } from './redis-watch.ts';
import type { RedisWatch } from './redis-watch.ts';
import { withoutPassword } from './redis.ts';
import type { RedisPlace } from './redis.ts';
import { RELAY_POLL_MS, startRelay } from './relay.ts';
import type { Queues } from './relay.ts';
import {
  startAccountChecks,
  startNoticeReview,
  startPlaceReview,
  startDeadlines,
  startDriftWatch,
  startGithubSweep,
  startGitlabLook,
  startIncidentEnds,
  startOverdueWatch,
  startRemovals,
  startRevocations,
  startSealer,
  startSweep,
  startUseWatch,
  startRecorder,
} from './timers.ts';

export type JobsDeps = {
  redis: RedisPlace;
  store: Store;
  useCases: UseCases;
  messages: Messenger;
  github: GithubWorker | null;
  gitlab: GitlabWorker | null;
  looks: PlaceLooks;
  /** A job that names no waiting work was dropped. */
  onDropped: (reason: DropReason) => void;
  log: Log;
};

export type Jobs = {
  /** Work was committed. */
  onWork(written: Written): void;
  /** How much work of this kind is done here at once when it is written here. */
  room(kind: WorkKind): number;
  /** Null when Redis is well, else a sentence. */
  problem(): Promise<string | null>;
  stop(): Promise<void>;
};

/** `web` only hands work out; `worker` also does it and keeps the clocks. */
export const startJobs = (deps: JobsDeps, { isWorker }: { isWorker: boolean }): Jobs => {
  const { store, log, redis: place } = deps;
  let isTaking = isWorker;
  const poke = (): void => {
    relay.poke();
    sealer.poke();
  };
  const doing = { store, handlers: createHandlers(deps.useCases, deps), log, onPostponed: poke };
  const dropped = createDroppedJobs(log, deps.onDropped);
  const watch = startRedisWatch({
    probe: createRedisProbe(place),
    open: (seen) => {
      const working = isTaking ? { ...doing, dropped } : null;
      const onto = seen?.code === 'password_unused' ? withoutPassword(place) : place;
      return openForWork({ place: onto, working, onReady: poke, onTrouble: (error) => watch.report(error) });
    },
    log,
  });
  const queues = (): Queues | null => watch.current()?.queues() ?? null;
  const relay = startRelay({ store, queues, onTrouble: watch.report, log });
  const sealer = startSealer({ store, log });
  const work = isWorker ? startWork(deps, { watch, doing, poke, isRedisUsable: () => queues() !== null }) : null;
  return {
    onWork: ({ kept, othersInMs }) => {
      work?.local.take(kept);
      sealer.poke();
      // What may wait is found by the next look at the outbox, together with others.
      if (othersInMs !== null && othersInMs < RELAY_POLL_MS) relay.poke();
    },
    room: (kind) => work?.local.room(kind) ?? 0,
    problem: watch.problem,
    stop: async () => {
      isTaking = false;
      await work?.stop();
      await Promise.all([relay.stop(), sealer.stop()]);
      await watch.stop();
    },
  };
};

type WorkParts = {
  watch: RedisWatch<OpenQueues>;
  doing: WorkDeps;
  poke: () => void;
  isRedisUsable: () => boolean;
};

/** Stopped from the source on: the clocks that begin work, the workers that take it, then what is in hand. */
const startWork = (
  deps: JobsDeps,
  { watch, doing, poke, isRedisUsable }: WorkParts,
): { local: Local; stop(): Promise<void> } => {
  const { store, log } = deps;
  const local = createLocal(doing);
  const late = startLateWork({ store, local, isRedisUsable, log });
  const inFlight = createInFlight((error) => log.error({ err: error }, 'work failed; the sweep will find it'));
  const overdue = startOverdueWatch(deps);
  const client = (): Redis | null => watch.current()?.redis ?? null;
  const clocks = [
    overdue,
    late,
    startDeadlines(deps, { inFlight, onLate: overdue.onLate }),
    startIncidentEnds(deps, inFlight),
    startRemovals(deps, inFlight),
    startSweep(deps, { client, prefix: deps.redis.prefix, inFlight, onFound: poke }),
    startRevocations(deps),
    startDriftWatch(deps),
    startAccountChecks(deps),
    startNoticeReview(deps, deps.looks),
    startPlaceReview(deps, deps.looks),
    startUseWatch(deps, inFlight),
    startRecorder(deps, inFlight),
    ...(deps.github ? [startGithubSweep(deps.github, log)] : []),
    ...(deps.gitlab ? [startGitlabLook(deps.gitlab, log)] : []),
  ];
  const stop = async (): Promise<void> => {
    await Promise.all(clocks.map((clock) => clock.stop()));
    await watch.current()?.stopWorkers();
    await watch.settled();
    await inFlight.settled();
    await local.stop();
  };
  return { local, stop };
};
