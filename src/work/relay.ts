/** Hands outbox rows to the queue. Rows stay in Postgres until their work is done, so Redis may lose everything. */
import type { Queue } from 'bullmq';
import type { Log } from '../lib/log.ts';
import { startLoop } from '../lib/loop.ts';
import type { Loop } from '../lib/loop.ts';
import type { Store } from '../application/deps.ts';
import { WORK_KINDS } from '../application/record/outbox.ts';
import type { HandedOut, WorkKind } from '../application/record/outbox.ts';
import { createTurns } from './turns.ts';
import type { Turns } from './turns.ts';

const BATCH = 200;
export const RELAY_POLL_MS = 1_000;

/** What a job carries: which row, and which hand-over of it. What is to be done is read from the row when the job runs. */
export type JobData = { workId: string; dispatch: number };

export type Queues = Record<WorkKind, Queue<JobData>>;

const jobOf = ({ id, kind, delayMs, dispatches, principalId }: HandedOut, turnOf: Turns) => ({
  name: kind,
  data: { workId: id, dispatch: dispatches },
  opts: {
    jobId: `${id}-${dispatches}`,
    delay: delayMs,
    priority: turnOf(principalId),
    attempts: 1,
    removeOnComplete: true,
    removeOnFail: true,
  },
});

type Dispatching = {
  store: Store;
  queues: Queues;
  turns: Record<WorkKind, Turns>;
  onTrouble: (error: unknown) => void;
};

const dispatch = async ({ store, queues, turns, onTrouble }: Dispatching, work: HandedOut[]): Promise<void> => {
  const kinds = [...new Set(work.map(({ kind }) => kind))];
  await Promise.all(
    kinds.map(async (kind) => {
      const ofKind = work.filter((item) => item.kind === kind);
      try {
        await queues[kind].addBulk(ofKind.map((item) => jobOf(item, turns[kind])));
      } catch (error) {
        onTrouble(error);
        await store.outbox.release(ofKind, String(error));
        throw error;
      }
    }),
  );
};

export type RelayDeps = {
  store: Store;
  /** Null while Redis cannot be used: work is not even taken then. */
  queues: () => Queues | null;
  onTrouble: (error: unknown) => void;
  log: Log;
};

export const startRelay = ({ store, queues, onTrouble, log }: RelayDeps): Loop => {
  const turns = Object.fromEntries(WORK_KINDS.map((kind) => [kind, createTurns()])) as Record<WorkKind, Turns>;
  return startLoop({
    everyMs: RELAY_POLL_MS,
    run: async () => {
      const open = queues();
      if (!open) return RELAY_POLL_MS;
      const work = await store.outbox.take(BATCH);
      await dispatch({ store, queues: open, turns, onTrouble }, work);
      return work.length === BATCH ? 0 : RELAY_POLL_MS;
    },
    onError: (error) => log.warn({ error: String(error) }, 'work could not be handed to Redis; it waits in Postgres'),
  });
};
