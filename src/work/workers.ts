/** Takes jobs from the queue, runs their handler, and settles the outbox row they came from. */
import { Worker } from 'bullmq';
import type { Job } from 'bullmq';
import type { Redis } from 'ioredis';
import { createInFlight } from '../lib/pending-tasks.ts';
import type { Log } from '../lib/log.ts';
import { withinMs } from '../lib/timeout.ts';
import { WORK_KINDS } from '../application/record/outbox.ts';
import type { Store } from '../application/deps.ts';
import type { WorkKind } from '../application/record/outbox.ts';
import type { Handled, Handler } from './handlers.ts';
import type { JobData } from './relay.ts';

const FIRST_RETRY_MS = 1_000;
const RETRY_CAP_MS = 60_000;

/** The longest a job waits when the wake-up of an idle worker was missed, as after Redis lost its data. */
const DRAIN_DELAY_S = 1;

/**
 * What BullMQ gets to close once nothing is in hand. It waits for ever for the end of a connection that was about to be
 * made again (taskforcesh/bullmq#4656, redis/ioredis#2169), as right after Redis was away.
 */
const CLOSE_LIMIT_MS = 2_000;

export type WorkerDeps = {
  store: Store;
  handlers: Record<WorkKind, Handler>;
  connection: Redis;
  prefix: string;
  log: Log;
  /** Called when a row was put back, so that it is handed out again. */
  onPostponed: () => void;
};

const backoffMs = (attempt: number): number => Math.min(RETRY_CAP_MS, FIRST_RETRY_MS * 2 ** Math.min(attempt, 10));

const run = async (handler: Handler, subjectId: string, onError: (error: unknown) => void): Promise<Handled> => {
  try {
    return await handler.handle(subjectId);
  } catch (error) {
    onError(error);
    return { outcome: 'retry', retryInMs: null, error: String(error) };
  }
};

/** `ids` are the rows it came from; `attempt` says how often it was handed out before. */
export type Work = { kind: WorkKind; subjectId: string; ids: string[]; attempt: number };

/** Does it, and settles its rows: gone when it is done, else put back for later. */
export const doWork = async (
  {
    store,
    handlers,
    log,
    onPostponed,
  }: Pick<WorkerDeps, 'handlers' | 'log' | 'onPostponed'> & {
    store: Pick<Store, 'outbox'>;
  },
  { kind, subjectId, ids, attempt }: Work,
): Promise<void> => {
  const handled = await run(handlers[kind], subjectId, (error) =>
    log.error({ err: error, work: ids, kind, subject: subjectId }, 'work failed; it will be tried again'),
  );
  if (handled.outcome === 'done') return void (await Promise.all(ids.map((id) => store.outbox.done(id))));
  const retryInMs = handled.retryInMs ?? backoffMs(attempt);
  await Promise.all(ids.map((id) => store.outbox.postpone(id, handled.error, retryInMs)));
  onPostponed();
};

const processJob = (deps: WorkerDeps, kind: WorkKind, { data }: Job<JobData>): Promise<void> =>
  doWork(deps, { kind, subjectId: data.subjectId, ids: [data.workId], attempt: data.attempt });

/** Closing waits for the jobs in hand; what it cannot wait for is found again in the outbox. */
export const startWorkers = (deps: WorkerDeps): { stop(): Promise<void> } => {
  // The worker tells of what fails.
  const inHand = createInFlight(() => undefined);
  const process = (kind: WorkKind, job: Job<JobData>): Promise<void> => {
    const work = processJob(deps, kind, job);
    inHand.add(work);
    return work;
  };
  const workers = WORK_KINDS.map((kind) => {
    const worker = new Worker<JobData>(kind, (job) => process(kind, job), {
      connection: deps.connection,
      prefix: deps.prefix,
      concurrency: deps.handlers[kind].concurrency,
      drainDelay: DRAIN_DELAY_S,
    });
    worker.on('error', (error) => deps.log.debug({ error: error.message, kind }, 'worker connection'));
    worker.on('failed', (job, error) =>
      deps.log.error({ err: error, kind, work: job?.data.workId }, 'work could not be settled; the sweep will find it'),
    );
    return worker;
  });
  const stop = async (): Promise<void> => {
    const closed = Promise.all(workers.map((worker) => worker.close()));
    const idle = inHand.settled().then(() => withinMs(closed, CLOSE_LIMIT_MS));
    await Promise.race([closed, idle]);
  };
  return { stop };
};
