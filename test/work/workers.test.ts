/** Workers are stopped: what is in hand is finished, and a Redis that is away holds nobody up. */
import { setTimeout as delay } from 'node:timers/promises';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Handled, Handler } from '../../src/work/handlers.ts';
import { connectForWork } from '../../src/work/redis.ts';
import { startWorkers } from '../../src/work/workers.ts';
import { createLog } from '../../src/lib/log.ts';
import { withinMs } from '../../src/lib/timeout.ts';
import { waitUntil } from '../../sandbox/src/embedded/wait.ts';
import { WORK_KINDS } from '../../src/application/record/outbox.ts';
import type { Store } from '../../src/application/deps.ts';
import type { WorkKind } from '../../src/application/record/outbox.ts';
import { startPrivateRedis } from '../support/services.ts';

const log = createLog('silent');
const PREFIX = 'workers-test';

type Outbox = Pick<Store['outbox'], 'find' | 'done' | 'postpone'>;

type Rig = {
  redis: Awaited<ReturnType<typeof startPrivateRedis>>;
  connection: Redis;
  workers: { stop(): Promise<void> };
  begun: string[];
  settled: string[];
  finish: (handled: Handled) => void;
};

let rig: Rig;

beforeEach(async () => {
  const redis = await startPrivateRedis();
  const connection = connectForWork({ url: redis.url, ca: null }, () => undefined).redis;
  const begun: string[] = [];
  const settled: string[] = [];
  const handle = (subjectId: string): Promise<Handled> => {
    begun.push(subjectId);
    return new Promise((resolve) => {
      rig.finish = resolve;
    });
  };
  const handlers = Object.fromEntries(WORK_KINDS.map((kind) => [kind, { concurrency: 2, handle }])) as Record<
    WorkKind,
    Handler
  >;
  const outbox: Outbox = {
    find: ({ id, kind, dispatches }) => Promise.resolve({ id, kind, dispatches, subjectId: `r${id}`, delayMs: 0 }),
    done: ({ id }) => Promise.resolve(void settled.push(id)),
    postpone: () => Promise.resolve(),
  };
  const workers = startWorkers({
    store: { outbox },
    handlers,
    connection,
    prefix: PREFIX,
    log,
    onPostponed: () => undefined,
    dropped: { add: () => undefined },
    onTrouble: () => undefined,
  });
  rig = { redis, connection, workers, begun, settled, finish: () => undefined };
  await waitUntil(() => connection.status === 'ready', { timeoutMs: 60_000, what: 'the connection' });
});

afterEach(async () => {
  rig.connection.disconnect();
  await rig.redis.remove();
});

const handOut = async (workId: string): Promise<void> => {
  const queue = new Queue('notify', { connection: { url: rig.redis.url }, prefix: PREFIX });
  await queue.add('notify', { workId, dispatch: 1 });
  await queue.close();
  await waitUntil(() => rig.begun.includes(`r${workId}`), { timeoutMs: 60_000, what: 'the work' });
};

const isPending = async (work: Promise<unknown>): Promise<boolean> => !(await withinMs(work, 3_000)).isThere;

test('a stop waits for what is in hand, however long it takes, and it is settled', async () => {
  await handOut('1');
  const stopped = rig.workers.stop();
  expect(await isPending(stopped)).toBe(true);
  rig.finish({ outcome: 'done' });
  await stopped;
  expect(rig.settled).toEqual(['1']);
});

test('a stop right after Redis is back ends, though connections are still to be made again', async () => {
  await delay(500);
  await rig.redis.kill();
  await waitUntil(() => rig.connection.status === 'reconnecting', { timeoutMs: 60_000, what: 'the loss' });
  // Long enough that the pauses between two attempts are their longest.
  await delay(3_000);
  await rig.redis.start();
  await rig.workers.stop();
});

test('a stop while Redis is away ends once what is in hand is finished', async () => {
  await handOut('2');
  await rig.redis.kill();
  await waitUntil(() => rig.connection.status === 'reconnecting', { timeoutMs: 60_000, what: 'the loss' });
  const stopped = rig.workers.stop();
  expect(await isPending(stopped)).toBe(true);
  rig.finish({ outcome: 'done' });
  await stopped;
  expect(rig.settled).toEqual(['2']);
});
