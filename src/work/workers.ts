/** Takes jobs from the queue, reads from Postgres what each stands for, and does that. */
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'bullmq';
import type { Job } from 'bullmq';
import type { Redis } from 'ioredis';
import { createInFlight } from '../lib/pending-tasks.ts';
import { withinMs } from '../lib/timeout.ts';
import { WORK_KINDS } from '../application/record/outbox.ts';
import type { Store } from '../application/deps.ts';
import type { WorkKind } from '../application/record/outbox.ts';
import { doWork } from './do-work.ts';
import type { WorkDeps } from './do-work.ts';
import type { DroppedJobs } from './dropped-jobs.ts';
import { WITHOUT_INFO } from './redis.ts';
import type { JobData } from './relay.ts';

/** The longest a job waits when the wake-up of an idle worker was missed, as after Redis lost its data. */
const DRAIN_DELAY_S = 1;

/** A queue wakes up by the clock of a process, which may be a little ahead of the database's. */
const EARLY_MS = 1_000;

/**
 * What BullMQ gets to close once nothing is in hand. It waits for ever for the end of a connection that was about to be
 * made again (taskforcesh/bullmq#4656, redis/ioredis#2169), as right after Redis was away.
 */
const CLOSE_LIMIT_MS = 2_000;

export type WorkerDeps = WorkDeps & {
  store: { outbox: Pick<Store['outbox'], 'find' | 'done' | 'postpone'> };
  connection: Redis;
  prefix: string;
  dropped: DroppedJobs;
  onTrouble: (error: Error) => void;
};

const ID = /^[1-9]\d{0,14}$/;

/** Anyone who can write to Redis writes jobs: of what one says only this is used, and only to look it up. */
export const readJobData = (data: unknown): JobData | null => {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return null;
  const { workId, dispatch } = data as Record<string, unknown>;
  if (typeof workId !== 'string' || !ID.test(workId)) return null;
  return typeof dispatch === 'number' && Number.isSafeInteger(dispatch) && dispatch > 0 ? { workId, dispatch } : null;
};

const processJob = async (deps: WorkerDeps, kind: WorkKind, data: unknown): Promise<void> => {
  const { store, dropped } = deps;
  const named = readJobData(data);
  if (!named) return dropped.add('unreadable');
  const work = await store.outbox.find({ id: named.workId, kind, dispatches: named.dispatch });
  if (!work) return dropped.add('unknown');
  if (work.delayMs > EARLY_MS) return dropped.add('early');
  if (work.delayMs > 0) await delay(work.delayMs);
  await doWork(deps, { kind, subjectId: work.subjectId, rows: [work] });
};

/** Closing waits for the jobs in hand; what it cannot wait for is found again in the outbox. */
export const startWorkers = (deps: WorkerDeps): { stop(): Promise<void> } => {
  // The worker reports what fails.
  const inHand = createInFlight(() => undefined);
  const process = async (kind: WorkKind, job: Job<unknown>): Promise<void> => {
    const work = processJob(deps, kind, job.data);
    inHand.add(work);
    try {
      await work;
    } catch (error) {
      deps.log.error({ err: error, kind }, 'work could not be settled; the next look at the outbox finds it');
    }
  };
  const workers = WORK_KINDS.map((kind) => {
    const worker = new Worker<unknown>(kind, (job) => process(kind, job), {
      connection: deps.connection,
      prefix: deps.prefix,
      concurrency: deps.handlers[kind].concurrency,
      drainDelay: DRAIN_DELAY_S,
      ...WITHOUT_INFO,
    });
    worker.on('error', deps.onTrouble);
    worker.on('failed', () => deps.dropped.add('failed'));
    return worker;
  });
  const stop = async (): Promise<void> => {
    const closed = Promise.all(workers.map((worker) => worker.close()));
    const idle = inHand.settled().then(() => withinMs(closed, CLOSE_LIMIT_MS));
    await Promise.race([closed, idle]);
  };
  return { stop };
};
