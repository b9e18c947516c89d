/** Outbox, relay, workers and the look for late work, on a real Postgres and a real Redis; only what the work does is made up. */
import { setTimeout as delay } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { createDroppedJobs } from '../../src/work/dropped-jobs.ts';
import type { DropReason } from '../../src/work/dropped-jobs.ts';
import type { Handled, Handler } from '../../src/work/handlers.ts';
import { startLateWork } from '../../src/work/late-work.ts';
import { createLocal } from '../../src/work/local.ts';
import { WITHOUT_INFO, connectForDispatch, connectForWork } from '../../src/work/redis.ts';
import { startRelay } from '../../src/work/relay.ts';
import type { JobData, Queues } from '../../src/work/relay.ts';
import { startWorkers } from '../../src/work/workers.ts';
import { createLog } from '../../src/lib/log.ts';
import { waitUntil } from '../../sandbox/src/embedded/wait.ts';
import { WORK_KINDS } from '../../src/application/record/outbox.ts';
import type { Store } from '../../src/application/deps.ts';
import type { WorkKind } from '../../src/application/record/outbox.ts';
import { openTestStore } from '../store/fixtures.ts';
import { testRedis } from '../support/services.ts';

export type QueueRig = {
  redis: Redis;
  prefix: string;
  store: Store;
  sql<Row>(text: string, values?: unknown[]): Promise<Row[]>;
  /** What handlers were given, as "kind subject". */
  done: string[];
  dropped: DropReason[];
  /** Lines of the log, as JSON. */
  lines: string[];
  add(kind: WorkKind, subjectId: string, availableInMs?: number): Promise<void>;
  queue(kind: WorkKind): Queue;
  /** Hands out nothing any more. */
  stopRelay(): Promise<void>;
  close(): Promise<void>;
};

/** Late after this long, so that tests need not wait half a minute. */
const LATE = { handedOutMs: 1_500, waitingMs: 1_500 };

const recordingHandlers = (done: string[], workMs: number): Record<WorkKind, Handler> => {
  const handle =
    (kind: WorkKind) =>
    async (subjectId: string): Promise<Handled> => {
      if (workMs > 0) await delay(workMs);
      done.push(`${kind} ${subjectId}`);
      return { outcome: 'done' };
    };
  return Object.fromEntries(WORK_KINDS.map((kind) => [kind, { concurrency: 4, handle: handle(kind) }])) as Record<
    WorkKind,
    Handler
  >;
};

export const startQueueRig = async ({
  hasLateWork = true,
  userUrl,
  workMs = 0,
}: { hasLateWork?: boolean; userUrl?: string; workMs?: number } = {}): Promise<QueueRig> => {
  const { url: adminUrl, prefix } = testRedis();
  const url = userUrl ?? adminUrl;
  const { store, pool, close } = await openTestStore();
  const lines: string[] = [];
  const log = createLog('info', { write: (line) => void lines.push(line) });
  const [redis, connection, own] = [
    connectForDispatch({ url, ca: null }, () => undefined).redis,
    connectForWork({ url, ca: null }, () => undefined).redis,
    new Redis(adminUrl),
  ];
  await waitUntil(() => redis.status === 'ready', { timeoutMs: 60_000, what: 'Redis' });
  const open = (kind: WorkKind): Queue => new Queue(kind, { connection: redis, prefix, ...WITHOUT_INFO });
  const queues = Object.fromEntries(WORK_KINDS.map((kind) => [kind, open(kind)])) as Record<WorkKind, Queue>;
  for (const queue of Object.values(queues)) queue.on('error', () => undefined);
  const [done, dropped]: [string[], DropReason[]] = [[], []];
  const doing = { store, handlers: recordingHandlers(done, workMs), log, onPostponed: () => undefined };
  const jobs = createDroppedJobs(log, (reason) => dropped.push(reason));
  const relay = startRelay({
    store,
    queues: () => queues as Record<WorkKind, Queue<JobData>> as Queues,
    onTrouble: () => undefined,
    log,
  });
  const workers = startWorkers({ ...doing, connection, prefix, dropped: jobs, onTrouble: () => undefined });
  const local = createLocal(doing);
  const late = hasLateWork ? startLateWork({ store, local, isRedisUsable: () => true, byRedis: LATE, log }) : null;
  return {
    redis: own,
    prefix,
    store,
    sql: async <Row>(text: string, values: unknown[] = []) => (await pool.query(text, values)).rows as Row[],
    done,
    dropped,
    lines,
    add: async (kind, subjectId, availableInMs) => {
      await store.transaction((tx) => tx.outbox.add(kind, subjectId, availableInMs));
      relay.poke();
    },
    queue: (kind) => queues[kind],
    stopRelay: relay.stop,
    close: async () => {
      await relay.stop();
      await late?.stop();
      await workers.stop();
      await local.stop();
      await Promise.all(Object.values(queues).map((queue) => queue.close()));
      for (const one of [redis, connection, own]) one.disconnect();
      await close();
    },
  };
};
