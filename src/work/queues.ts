/** The queues of one connection, and the workers where there are any: opened when Redis is well, closed whole. */
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { withinMs } from '../lib/timeout.ts';
import type { WorkKind } from '../application/record/outbox.ts';
import { WITHOUT_INFO, connectForDispatch, connectForWork } from './redis.ts';
import type { RedisPlace } from './redis.ts';
import type { Opened } from './redis-watch.ts';
import type { JobData, Queues } from './relay.ts';
import { startWorkers } from './workers.ts';
import type { WorkerDeps } from './workers.ts';

/** What is left after this is cut. */
const CLOSE_LIMIT_MS = 2_000;

export type OpenQueues = Opened & {
  redis: Redis;
  /** Null until the connection is ready: a queue that was made before that may never recover (BullMQ 6). */
  queues(): Queues | null;
  /** Waits for the jobs in hand. */
  stopWorkers(): Promise<void>;
};

type OpenDeps = {
  place: RedisPlace;
  /** Null where only work is handed out. */
  working: Omit<WorkerDeps, 'connection' | 'prefix' | 'onTrouble'> | null;
  onReady: () => void;
  onTrouble: (error: Error | null) => void;
};

const openQueues = (connection: Redis, prefix: string, onTrouble: OpenDeps['onTrouble']): Queues => {
  const open = (kind: WorkKind): Queue<JobData> => {
    const queue = new Queue<JobData>(kind, { connection, prefix, ...WITHOUT_INFO });
    queue.on('error', onTrouble);
    return queue;
  };
  return {
    activate: open('activate'),
    end: open('end'),
    extend: open('extend'),
    notify: open('notify'),
    announce: open('announce'),
    pre_approval: open('pre_approval'),
    campaign: open('campaign'),
    report: open('report'),
    incident: open('incident'),
    revocation: open('revocation'),
    alert: open('alert'),
    github: open('github'),
  };
};

export const openForWork = ({ place, working, onReady, onTrouble }: OpenDeps): OpenQueues => {
  let isClosed = false;
  const report = (error: Error | null): void => {
    if (!isClosed) onTrouble(error);
  };
  const dispatch = connectForDispatch(place, report);
  dispatch.redis.on('ready', onReady);
  let queues: Queues | null = null;
  const work = working && connectForWork(place, report);
  const workers =
    working && work && startWorkers({ ...working, connection: work.redis, prefix: place.prefix, onTrouble: report });
  const stopWorkers = async (): Promise<void> => {
    await workers?.stop();
    work?.disconnect();
  };
  return {
    redis: dispatch.redis,
    queues: () => {
      if (dispatch.redis.status !== 'ready') return null;
      queues ??= openQueues(dispatch.redis, place.prefix, report);
      return queues;
    },
    stopWorkers,
    close: async () => {
      isClosed = true;
      const closed = Promise.allSettled(Object.values(queues ?? {}).map((queue) => queue.close()));
      await withinMs(closed, CLOSE_LIMIT_MS);
      dispatch.disconnect();
      await stopWorkers();
    },
  };
};
