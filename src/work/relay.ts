/** Hands outbox rows to the queue. Rows stay in Postgres until their work is done, so Redis may lose everything. */
import type { Queue } from 'bullmq';
import type { Log } from '../lib/log.ts';
import { startLoop } from '../lib/loop.ts';
import type { Loop } from '../lib/loop.ts';
import type { Store } from '../application/deps.ts';
import type { Work, WorkKind } from '../application/record/outbox.ts';

const BATCH = 200;
export const RELAY_POLL_MS = 1_000;
const RETRY_MS = 1_000;

/** What a job carries: ids and which hand-over this is; all else is read from Postgres when it runs. */
export type JobData = { workId: string; subjectId: string; attempt: number };

export type Queues = Record<WorkKind, Queue<JobData>>;

const jobOf = ({ id, kind, subjectId, delayMs, dispatches }: Work) => ({
  name: kind,
  data: { workId: id, subjectId, attempt: dispatches },
  opts: {
    jobId: `${id}-${dispatches}`,
    delay: delayMs,
    attempts: 1,
    removeOnComplete: true,
    removeOnFail: true,
  },
});

const dispatch = async (store: Store, queues: Queues, work: Work[]): Promise<void> => {
  const kinds = [...new Set(work.map(({ kind }) => kind))];
  await Promise.all(
    kinds.map(async (kind) => {
      const ofKind = work.filter((item) => item.kind === kind);
      try {
        await queues[kind].addBulk(ofKind.map(jobOf));
      } catch (error) {
        await Promise.all(ofKind.map(({ id }) => store.outbox.postpone(id, String(error), RETRY_MS)));
        throw error;
      }
    }),
  );
};

export type RelayDeps = {
  store: Store;
  /** Null while Redis cannot be reached: work is not even taken then. */
  queues: () => Queues | null;
  log: Log;
};

export const startRelay = ({ store, queues, log }: RelayDeps): Loop =>
  startLoop({
    everyMs: RELAY_POLL_MS,
    run: async () => {
      const open = queues();
      if (!open) return RELAY_POLL_MS;
      const work = await store.outbox.take(BATCH);
      await dispatch(store, open, work);
      return work.length === BATCH ? 0 : RELAY_POLL_MS;
    },
    onError: (error) => log.warn({ error: String(error) }, 'work could not be handed to Redis; it waits in Postgres'),
  });
