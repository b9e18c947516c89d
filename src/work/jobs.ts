/** BullMQ's one door: relays the outbox, runs the workers, keeps the clocks. The only folder that knows Redis. */
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Log } from '../lib/log.ts';
import { createInFlight } from '../lib/pending-tasks.ts';
import type { Store } from '../application/deps.ts';
import type { WorkKind, Written } from '../application/record/outbox.ts';
import type { UseCases } from '../application/verbs.ts';
import { createDroppedJobs } from './dropped-jobs.ts';
import type { DropReason } from './dropped-jobs.ts';
import { createHandlers } from './handlers.ts';
import type {
  AlertNotifier,
  PreApprovalNotifier,
  AdminNotifier,
  IncidentTeller,
  Notifier,
  RevocationNotifier,
} from './handlers.ts';
import { startLateWork } from './late-work.ts';
import { createLocal } from './local.ts';
import type { Local } from './local.ts';
import { WITHOUT_INFO, connectForDispatch, connectForWork } from './redis.ts';
import { RELAY_POLL_MS, startRelay } from './relay.ts';
import type { JobData, Queues } from './relay.ts';
import {
  startAccountChecks,
  startDeadlines,
  startDriftWatch,
  startIncidentEnds,
  startOverdueWatch,
  startRevocations,
  startSealer,
  startSweep,
  startUseWatch,
} from './timers.ts';
import { startWorkers } from './workers.ts';

export type JobsDeps = {
  redisUrl: string;
  prefix: string;
  store: Store;
  useCases: UseCases;
  notifier: Notifier;
  announcer: AdminNotifier;
  allowances: PreApprovalNotifier;
  incidents: IncidentTeller;
  revocations: RevocationNotifier;
  alerts: AlertNotifier;
  /** A job that names no waiting work was dropped. */
  onDropped: (reason: DropReason) => void;
  log: Log;
};

export type Jobs = {
  /** Work was committed. */
  onWork(written: Written): void;
  /** How much work of this kind is done here at once when it is written here. */
  room(kind: WorkKind): number;
  /** Null when Redis answers, else a sentence. */
  problem(): Promise<string | null>;
  stop(): Promise<void>;
};

type LazyQueues = { current(): Queues | null; close(): Promise<void> };

/** Opened when Redis first answers: a queue whose connection was not ready when it was made never recovers (BullMQ 6). */
const createQueues = ({ redis, prefix, log }: { redis: Redis; prefix: string; log: Log }): LazyQueues => {
  let queues: Queues | null = null;
  const open = (kind: WorkKind): Queue<JobData> => {
    const queue = new Queue<JobData>(kind, { connection: redis, prefix, ...WITHOUT_INFO });
    queue.on('error', (error) => log.debug({ error: error.message, kind }, 'queue connection'));
    return queue;
  };
  return {
    current: () => {
      if (redis.status !== 'ready') return null;
      queues ??= {
        activate: open('activate'),
        end: open('end'),
        extend: open('extend'),
        notify: open('notify'),
        announce: open('announce'),
        allowance: open('allowance'),
        incident: open('incident'),
        revocation: open('revocation'),
        alert: open('alert'),
      };
      return queues;
    },
    close: async () => {
      if (queues) await Promise.all(Object.values(queues).map((queue) => queue.close()));
    },
  };
};

const PROBE_TTL_S = 60;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Asked by a write: a Redis that is full answers every question and takes nothing. */
export const redisProblem = async (redis: Redis, prefix: string): Promise<string | null> => {
  try {
    await redis.ping();
  } catch (error) {
    return `Redis cannot be reached (${messageOf(error)}).`;
  }
  try {
    await redis.set(`${prefix}:probe`, '1', 'EX', PROBE_TTL_S);
  } catch (error) {
    return `Redis takes no work (${messageOf(error)}); free or give it memory.`;
  }
  const policy = await redis.config('GET', 'maxmemory-policy').catch(() => null);
  const value = Array.isArray(policy) ? String(policy[1]) : 'noeviction';
  return value === 'noeviction' ? null : `Redis may evict jobs: set maxmemory-policy to noeviction (it is ${value}).`;
};

/** `web` only hands work out; `worker` also does it and keeps the clocks. */
export const startJobs = (deps: JobsDeps, { isWorker }: { isWorker: boolean }): Jobs => {
  const { store, log, prefix } = deps;
  const redis = connectForDispatch(deps.redisUrl, log);
  const queues = createQueues({ redis, prefix, log });
  const relay = startRelay({ store, queues: queues.current, log });
  const sealer = startSealer({ store, log });
  const poke = (): void => {
    relay.poke();
    sealer.poke();
  };
  redis.on('ready', poke);
  const work = isWorker ? startWork(deps, { redis, poke, isRedisUsable: () => queues.current() !== null }) : null;
  return {
    onWork: ({ kept, othersInMs }) => {
      work?.local.take(kept);
      sealer.poke();
      // What may wait is found by the next look at the outbox, together with others.
      if (othersInMs !== null && othersInMs < RELAY_POLL_MS) relay.poke();
    },
    room: (kind) => work?.local.room(kind) ?? 0,
    problem: () => redisProblem(redis, prefix),
    stop: async () => {
      await work?.stop();
      await Promise.all([relay.stop(), sealer.stop()]);
      await queues.close();
      redis.disconnect();
    },
  };
};

/** Stopped from the source on: the clocks that begin work, the workers that take it, then what is in hand. */
const startWork = (
  deps: JobsDeps,
  { redis, poke, isRedisUsable }: { redis: Redis; poke: () => void; isRedisUsable: () => boolean },
): { local: Local; stop(): Promise<void> } => {
  const connection = connectForWork(deps.redisUrl, deps.log);
  const handlers = createHandlers(deps.useCases, deps);
  const { store, prefix, log } = deps;
  const doing = { store, handlers, log, onPostponed: poke };
  const dropped = createDroppedJobs(log, deps.onDropped);
  const workers = startWorkers({ ...doing, connection, prefix, dropped });
  const local = createLocal(doing);
  const late = startLateWork({ store, local, isRedisUsable, log });
  const inFlight = createInFlight((error) => log.error({ err: error }, 'work failed; the sweep will find it'));
  const overdue = startOverdueWatch(deps);
  const revocations = startRevocations(deps);
  const drift = startDriftWatch(deps);
  const accounts = startAccountChecks(deps);
  const use = startUseWatch(deps, inFlight);
  const deadlines = startDeadlines(deps, { inFlight, onLate: overdue.onLate });
  const incidentEnds = startIncidentEnds(deps, inFlight);
  const sweep = startSweep(deps, { client: redis, prefix, inFlight, onFound: poke });
  const stop = async (): Promise<void> => {
    await Promise.all(
      [deadlines, incidentEnds, sweep, late, overdue, revocations, drift, accounts, use].map((clock) => clock.stop()),
    );
    await workers.stop();
    await inFlight.settled();
    await local.stop();
    connection.disconnect();
  };
  return { local, stop };
};
