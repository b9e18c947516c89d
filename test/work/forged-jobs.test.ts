/** Whoever can write to Redis can delay work, and never decide it, silence it or lose it. */
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { readJobData } from '../../src/work/workers.ts';
import { waitUntil } from '../../sandbox/src/embedded/wait.ts';
import { WORK_KINDS } from '../../src/application/record/outbox.ts';
import type { WorkKind } from '../../src/application/record/outbox.ts';
import { startQueueRig } from './queue-rig.ts';
import type { QueueRig } from './queue-rig.ts';

let rig: QueueRig;
afterEach(() => rig.close());

const WAIT = { timeoutMs: 60_000 };
const HOUR_MS = 3_600_000;
const rowIds = async (): Promise<string[]> =>
  (await rig.sql<{ id: string }>('select id::text from outbox order by id')).map(({ id }) => id);
const forge = (kind: WorkKind, data: unknown, options = {}) => rig.queue(kind).add('forged', data, options);
const isDone = (work: string): Promise<void> => waitUntil(() => rig.done.includes(work), { ...WAIT, what: work });
const isQuiet = (count: number): Promise<void> =>
  waitUntil(() => rig.dropped.length >= count, { ...WAIT, what: `${count} dropped jobs` });

test('a job that names a waiting row of another kind, subject or hand-over settles nothing', async () => {
  rig = await startQueueRig({ hasLateWork: false });
  await rig.add('announce', 'an alarm', HOUR_MS);
  await waitUntil(async () => (await rig.sql('select 1 from outbox where dispatches = 1')).length === 1, {
    ...WAIT,
    what: 'the hand-over',
  });
  const [workId] = await rowIds();
  // As it was forged in the review, and as somebody would forge it today.
  await forge('notify', { workId, subjectId: 'nothing', attempt: 1 });
  await forge('announce', { workId, subjectId: 'nothing', attempt: 1 });
  for (const kind of WORK_KINDS) await forge(kind, { workId, dispatch: 1 });
  for (const dispatch of [0, 2, 3, -1]) await forge('announce', { workId, dispatch });
  await isQuiet(WORK_KINDS.length + 6);
  expect(await rowIds()).toEqual([workId]);
  expect(rig.done).toEqual([]);
  // Its own job, before its time: one of each kind was forged above.
  expect(rig.dropped.filter((reason) => reason === 'early')).toHaveLength(1);
  expect(rig.lines.filter((line) => line.includes('fit no waiting work'))).toHaveLength(1);
});

const jobData = fc.oneof(
  fc.anything(),
  fc.record({ workId: fc.anything(), dispatch: fc.anything() }, { requiredKeys: [] }),
  fc.record({
    workId: fc.oneof(
      fc.integer(),
      fc.bigInt().map(String),
      fc.constantFrom('1', '01', '1e3', ' 1', '1;', '-1', '9'.repeat(40), '__proto__'),
    ),
    dispatch: fc.oneof(fc.double(), fc.integer(), fc.constantFrom('1', null, [1], { valueOf: 1 })),
  }),
);

test('nothing but a row number and a hand-over is read from a job', async () => {
  rig = await startQueueRig({ hasLateWork: false });
  fc.assert(
    fc.property(jobData, (data) => {
      const read = readJobData(data);
      if (read === null) return;
      expect(Object.keys(read)).toEqual(['workId', 'dispatch']);
      expect(Number.isSafeInteger(Number(read.workId)) && String(Number(read.workId)) === read.workId).toBe(true);
      expect(Number.isSafeInteger(read.dispatch) && read.dispatch > 0).toBe(true);
    }),
    { numRuns: 20_000 },
  );
  for (const data of [
    null,
    [],
    ['1', 1],
    'x',
    7,
    {},
    { workId: ['1'], dispatch: 1 },
    JSON.parse('{"__proto__":{"workId":"1","dispatch":1}}'),
  ])
    expect(readJobData(data)).toBeNull();
});

test('forged jobs of any queue and any form do nothing, and the work that waits is done once', async () => {
  rig = await startQueueRig({ hasLateWork: false });
  for (const kind of WORK_KINDS) await rig.add(kind, `s-${kind}`, HOUR_MS);
  const ids = await rowIds();
  const forgeries = fc.sample(
    fc.record({
      kind: fc.constantFrom(...WORK_KINDS),
      data: fc.oneof(
        jobData,
        fc.record({ workId: fc.constantFrom(...ids), dispatch: fc.integer({ min: -3, max: 3 }) }),
      ),
    }),
    600,
  );
  const json = forgeries.map(({ kind, data }) => ({ kind, text: safeJson(data) }));
  // Written as somebody would who has only a Redis client: not even JSON need it be.
  for (const [index, { kind, text }] of json.entries())
    await rawJob(kind, `forged-${index}`, index % 10 === 0 ? `{${text}` : text);
  await waitUntil(async () => (await waitingJobs()) === 0, { timeoutMs: 60_000, what: 'the forged jobs to be gone' });
  expect(rig.done).toEqual([]);
  expect(await rowIds()).toEqual(ids);
  await rig.sql('update outbox set available_at = clock_timestamp(), dispatched_at = null');
  for (const kind of WORK_KINDS) await isDone(`${kind} s-${kind}`);
  await waitUntil(async () => (await rowIds()).length === 0, { ...WAIT, what: 'the rows to be settled' });
  expect(rig.done).toHaveLength(WORK_KINDS.length);
  expect(rig.lines.filter((line) => line.includes('fit no waiting work')).length).toBeLessThanOrEqual(2);
});

const safeJson = (data: unknown): string => {
  try {
    return JSON.stringify(data) ?? 'null';
  } catch {
    return '"not to be written as JSON"';
  }
};

/** What BullMQ writes for a job, with any data. */
const rawJob = async (kind: WorkKind, id: string, data: string): Promise<void> => {
  const key = `${rig.prefix}:${kind}`;
  await rig.redis.hset(
    `${key}:${id}`,
    'name',
    'x',
    'data',
    data,
    'opts',
    '{}',
    'timestamp',
    '1',
    'delay',
    '0',
    'priority',
    '0',
  );
  await rig.redis.lpush(`${key}:wait`, id);
  await rig.redis.zadd(`${key}:marker`, 0, '0');
};

const waitingJobs = async (): Promise<number> => {
  const counts = await Promise.all(WORK_KINDS.map((kind) => rig.redis.llen(`${rig.prefix}:${kind}:wait`)));
  return counts.reduce((sum, count) => sum + count, 0);
};

test('a job that is played again after its work was done does nothing', async () => {
  rig = await startQueueRig({ hasLateWork: false });
  await rig.add('notify', 'r1');
  const [workId] = await rowIds();
  await isDone('notify r1');
  await waitUntil(async () => (await rowIds()).length === 0, { ...WAIT, what: 'the row to be settled' });
  for (let times = 0; times < 5; times += 1) await forge('notify', { workId, dispatch: 1 });
  await isQuiet(5);
  expect(rig.done).toEqual(['notify r1']);
  expect(rig.dropped).toEqual(Array(5).fill('unknown'));
});

const key = (kind: WorkKind, type: string): string => `${rig.prefix}:${kind}:${type}`;
const KEY_TYPES = [
  'wait',
  'active',
  'paused',
  'delayed',
  'prioritized',
  'marker',
  'meta',
  'id',
  'events',
  'limiter',
  'stalled',
  'stalled-check',
  'pc',
  'completed',
  'failed',
];

/** Each is done to the queue of notifications before and after there is work, again and again. */
const ATTACKS: Record<string, () => Promise<unknown>> = {
  'the queue is paused': () => rig.queue('notify').pause(),
  'the queue is obliterated': () => rig.queue('notify').obliterate({ force: true }),
  'its jobs are taken away': () => rig.redis.del(key('notify', 'wait'), key('notify', 'marker')),
  'delayed jobs are moved to the far future': async () => {
    for (const id of await rig.redis.lrange(key('notify', 'wait'), 0, -1)) {
      await rig.redis.lrem(key('notify', 'wait'), 0, id);
      await rig.redis.zadd(key('notify', 'delayed'), String(2 ** 52), id);
    }
    await rig.redis.hset(key('notify', 'meta'), 'paused', '1');
  },
  'the rate limiter is full': () => rig.redis.set(key('notify', 'limiter'), '999999999', 'PX', HOUR_MS),
  'the meta says that nothing may run': () =>
    rig.redis.hset(key('notify', 'meta'), 'concurrency', '0', 'max', '1', 'duration', '999999999', 'paused', '1'),
  'every key is of another type': async () => {
    for (const type of KEY_TYPES) {
      await rig.redis.del(key('notify', type));
      await (type === 'meta' || type === 'limiter'
        ? rig.redis.lpush(key('notify', type), 'x')
        : rig.redis.set(key('notify', type), 'x'));
    }
  },
  'the mark of lost data is taken away': async () => {
    await rig.redis.del(`${rig.prefix}:mark`);
    await rig.queue('notify').pause();
    await rig.store.outbox.putBack();
  },
  'a scheduler makes a job every millisecond': async () => {
    await rig
      .queue('notify')
      .upsertJobScheduler('poison', { every: 1 }, { name: 'x', data: { workId: '1', dispatch: 1 } });
    await rig.queue('notify').pause();
  },
  'locks are stolen and jobs are active for ever': async () => {
    for (const id of await rig.redis.lrange(key('notify', 'wait'), 0, -1)) {
      await rig.redis.set(`${key('notify', id)}:lock`, 'another', 'PX', HOUR_MS);
      await rig.redis.rpoplpush(key('notify', 'wait'), key('notify', 'active'));
    }
    await rig.queue('notify').pause();
  },
  'forged events say that all is completed': async () => {
    await rig.redis.xadd(key('notify', 'events'), '*', 'event', 'completed', 'jobId', '1-1', 'returnvalue', '{}');
    await rig.redis.del(key('notify', 'wait'), key('notify', 'marker'));
  },
};

test.each(Object.keys(ATTACKS))(
  '%s: the work is done all the same, and that of other queues at once',
  async (name) => {
    rig = await startQueueRig();
    const attack = async (): Promise<unknown> => ATTACKS[name]?.();
    await attack();
    let isOver = false;
    const attacking = (async () => {
      // What cannot be done to a queue in that state is another way of failing.
      while (!isOver) await attack().catch(() => undefined);
    })();
    try {
      await rig.add('notify', 'an alarm');
      await rig.add('announce', 'elsewhere');
      await isDone('announce elsewhere');
      await isDone('notify an alarm');
      await waitUntil(async () => (await rowIds()).length === 0, { ...WAIT, what: 'the rows to be settled' });
    } finally {
      isOver = true;
      await attacking;
    }
  },
  60_000,
);

test('a queue that is flooded with ten thousand junk jobs keeps no work waiting', async () => {
  rig = await startQueueRig();
  for (let batch = 0; batch < 10; batch += 1)
    await rig
      .queue('notify')
      .addBulk(
        Array.from({ length: 1_000 }, (_, n) => ({ name: 'junk', data: { workId: String(1_000 + n), dispatch: 1 } })),
      );
  const startedAt = performance.now();
  await rig.add('notify', 'an alarm');
  await rig.add('announce', 'elsewhere');
  await isDone('announce elsewhere');
  await isDone('notify an alarm');
  expect(performance.now() - startedAt).toBeLessThan(60_000);
  expect(rig.lines.filter((line) => line.includes('fit no waiting work')).length).toBeLessThanOrEqual(1);
});
