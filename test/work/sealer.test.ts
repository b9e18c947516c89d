/** A process that stops in order leaves nothing unchained, and a database that does not answer holds no stop up. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createPool, createStore } from '../../src/store/client.ts';
import { startSealer } from '../../src/work/timers.ts';
import { createLog } from '../../src/lib/log.ts';
import type { Log } from '../../src/lib/log.ts';
import type { Loop } from '../../src/lib/loop.ts';
import { freePort } from '../../sandbox/src/embedded/port.ts';
import { waitUntil } from '../../sandbox/src/embedded/wait.ts';
import { openTestStore, someEvent } from '../store/fixtures.ts';
import type { TestStore } from '../store/fixtures.ts';

/** Whoever seals holds it; `src/store/audit/seal.ts`. */
const SEAL_LOCK = 7_215_002;

let opened: TestStore;
let sealer: Loop;
beforeEach(async () => {
  opened = await openTestStore();
  sealer = startSealer({ store: opened.store, log: createLog('silent') });
  await write();
  await waitUntil(async () => (await unsealed()) === 0, { timeoutMs: 60_000, what: 'the first event to be chained' });
});
afterEach(() => opened.close());

const write = (): Promise<void> => opened.store.transaction((tx) => tx.audit.append(someEvent()));
const unsealed = async (): Promise<number> => (await opened.store.read.counts()).unsealed;

const stopMs = async (): Promise<number> => {
  const startedAt = performance.now();
  await sealer.stop();
  return performance.now() - startedAt;
};

/** Another process seals, or hangs in it, until the work is done. */
const whileAnotherSeals = async <T>(work: () => Promise<T>): Promise<T> => {
  const other = await opened.pool.connect();
  try {
    await other.query('begin');
    await other.query('select pg_advisory_xact_lock($1)', [SEAL_LOCK]);
    return await work();
  } finally {
    await other.query('rollback');
    other.release();
  }
};

test('what is written last is chained at the stop', async () => {
  // Sealed a moment ago: the next pass would be some time off.
  await write();
  await sealer.stop();
  expect(await unsealed()).toBe(0);
});

test('while another process seals, it waits for its turn', async () => {
  const stopped = await whileAnotherSeals(async () => {
    await write();
    const stopping = sealer.stop();
    await delay(300);
    return { stopping };
  });
  await stopped.stopping;
  expect(await unsealed()).toBe(0);
});

test('one that seals for ever holds it up for two seconds', async () => {
  const tookMs = await whileAnotherSeals(async () => {
    await write();
    return stopMs();
  });
  expect(tookMs).toBeGreaterThan(1_500);
  expect(tookMs).toBeLessThan(30_000);
  expect(await unsealed()).toBe(1);
});

test('a database that is away holds nothing up, and it is said that events may be left', async () => {
  const log = createLog('silent');
  const pool = createPool({ url: `postgres://127.0.0.1:${await freePort()}/gone`, log, max: 2 });
  const store = createStore({ pool, log, onWork: () => undefined });
  const warn = vi.fn<Log['warn']>();
  await startSealer({ store, log: { ...log, warn } }).stop();
  await store.close();
  await sealer.stop();
  expect(warn.mock.calls.map(([, said]) => said)).toEqual([
    'audit events were left that are not chained yet; the next process chains them',
  ]);
});
