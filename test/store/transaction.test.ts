import { afterAll, beforeAll, expect, test } from 'vitest';
import { createStore } from '../../src/store/client.ts';
import { createLog } from '../../src/lib/log.ts';
import { waitUntil } from '../../sandbox/src/embedded/wait.ts';
import type { Store } from '../../src/application/deps.ts';
import type { Written } from '../../src/application/record/outbox.ts';
import { openTestStore, someEvent, storeRequest } from './fixtures.ts';
import type { TestStore } from './fixtures.ts';

let opened: TestStore;
let store: Store;

beforeAll(async () => {
  opened = await openTestStore();
  store = opened.store;
});

afterAll(() => opened.close());

const countOf = async (table: string): Promise<number> => {
  const { rows } = await opened.pool.query(`select count(*)::int as count from ${table}`);
  return rows[0].count;
};

test('work is announced once per transaction that has any, and only when it is committed', async () => {
  const before = opened.workCalls();
  await store.transaction(async (tx) => {
    await tx.outbox.add('notify', 'r1');
    await tx.outbox.add('activate', 'g1');
    expect(opened.workCalls()).toBe(before);
    expect(await store.outbox.take(10)).toEqual([]);
  });
  expect(opened.workCalls()).toBe(before + 1);
  await store.transaction((tx) => tx.audit.append(someEvent()));
  expect(opened.workCalls()).toBe(before + 1);
  for (const { id } of await store.outbox.take(10)) await store.outbox.done(id);
});

test('a transaction that throws leaves nothing: no state, no event, no work', async () => {
  const tables = ['people', 'requests', 'audit_events', 'audit_unsealed', 'outbox'];
  const { id } = await storeRequest(store);
  const before = await Promise.all(tables.map(countOf));
  const calls = opened.workCalls();
  const failing = store.transaction(async (tx) => {
    await tx.requests.setState(id, 'approved');
    await tx.audit.append(someEvent());
    await tx.outbox.add('notify', id);
    throw new Error('on purpose');
  });
  await expect(failing).rejects.toThrow('on purpose');
  expect(await Promise.all(tables.map(countOf))).toEqual(before);
  expect(await store.read.request(id)).toMatchObject({ state: 'pending' });
  expect(opened.workCalls()).toBe(calls);
  // The next transaction on the same connection does not inherit what the failed one had gathered.
  await store.transaction((tx) => tx.requests.touch(id));
  expect(await Promise.all(tables.map(countOf))).toEqual(before);
});

test('a failure that was caught inside is not mistaken for a commit', async () => {
  const { id } = await storeRequest(store);
  const swallowing = store.transaction(async (tx) => {
    await tx.requests.touch(id);
    await tx.people.listByIds(['\u0000']).catch(() => 'ignored');
  });
  await expect(swallowing).rejects.toThrow('nothing was stored');
  expect(await store.read.request(id)).toMatchObject({ version: 1 });
});

test('a write that was sent along and failed fails its transaction with its own error, whatever came after it', async () => {
  const { id } = await storeRequest(store);
  const unseen = store.transaction(async (tx) => {
    await tx.requests.touch(id);
    await tx.secrets.destroy(['\u0000']);
  });
  await expect(unseen).rejects.toThrow('invalid byte sequence');
  const followed = store.transaction(async (tx) => {
    await tx.requests.touch(id);
    await tx.secrets.destroy(['\u0000']);
    await tx.requests.lock(id);
  });
  await expect(followed).rejects.toThrow('invalid byte sequence');
  expect(await store.read.request(id)).toMatchObject({ version: 1 });
});

test('a deadlock is run again and both transactions are stored', async () => {
  const [one, two] = [await storeRequest(store), await storeRequest(store)];
  let runs = 0;
  let release = (): void => {};
  const isReleased = new Promise<void>((resolve) => (release = resolve));
  let holders = 0;
  const lockBoth = (first: string, second: string) =>
    store.transaction(async (tx) => {
      runs += 1;
      await tx.requests.lock(first);
      holders += 1;
      if (holders === 2) release();
      await isReleased;
      await tx.requests.touch(second);
    });
  await Promise.all([lockBoth(one.id, two.id), lockBoth(two.id, one.id)]);
  expect(runs).toBe(3);
  expect(await store.read.request(one.id)).toMatchObject({ version: 2 });
  expect(await store.read.request(two.id)).toMatchObject({ version: 2 });
});

test("an error's message does not carry the values of the statement", async () => {
  const failing = store.transaction((tx) =>
    tx.votes.put({ requestId: 'none', voterId: 'none', kind: 'deny', reason: 'very private' }),
  );
  const error: unknown = await failing.catch((failure: unknown) => failure);
  expect(error).toMatchObject({ code: '23503' });
  expect(String(error)).not.toContain('very private');
});

test('taken work is not taken again until it is put back, done work is gone, postponed work waits', async () => {
  await store.transaction(async (tx) => {
    await tx.outbox.add('notify', 'r1');
    await tx.outbox.add('end', 'g1', 60_000);
    await tx.outbox.add('activate', 'g2');
  });
  const taken = await store.outbox.take(2);
  expect(taken).toEqual([
    { id: expect.any(String), kind: 'notify', subjectId: 'r1', delayMs: 0, dispatches: 1 },
    { id: expect.any(String), kind: 'end', subjectId: 'g1', delayMs: expect.any(Number), dispatches: 1 },
  ]);
  expect(taken[1]?.delayMs).toBeGreaterThan(59_000);
  const [third] = await store.outbox.take(10);
  expect(third).toMatchObject({ subjectId: 'g2' });
  expect(await store.outbox.take(10)).toEqual([]);
  await store.outbox.postpone(third?.id ?? '', 'redis is away', 30_000);
  expect(await store.outbox.take(10)).toMatchObject([{ subjectId: 'g2', dispatches: 2 }]);
  await store.outbox.done(taken[0]?.id ?? '');
  expect(await store.outbox.putBack(60_000)).toBe(0);
  expect(await store.outbox.putBack(0)).toBe(2);
  expect(await store.outbox.take(10)).toMatchObject([{ subjectId: 'g1' }, { subjectId: 'g2', dispatches: 3 }]);
  await opened.pool.query(`update outbox set dispatched_at = now() - interval '1 hour' where subject_id = 'g2'`);
  await opened.pool.query(`update outbox set available_at = now() - interval '1 hour' where subject_id = 'g2'`);
  expect(await store.outbox.putBack(60_000)).toBe(1);
  expect(await store.outbox.take(10)).toMatchObject([{ subjectId: 'g2' }]);
});

test('many relays at once hand each piece of work out once', async () => {
  for (let batch = 0; batch < 5; batch += 1)
    await store.transaction(async (tx) => {
      for (let n = 0; n < 20; n += 1) await tx.outbox.add('notify', `many-${batch}-${n}`);
    });
  const taken = (await Promise.all(Array.from({ length: 8 }, () => store.outbox.take(25)))).flat();
  const rest = await store.outbox.take(1000);
  const subjects = [...taken, ...rest].map(({ subjectId }) => subjectId).filter((id) => id.startsWith('many-'));
  expect(subjects).toHaveLength(100);
  expect(new Set(subjects).size).toBe(100);
});

test('work that a process keeps is nobody else’s for ten seconds, and is put back after that', async () => {
  const { pool } = opened;
  const log = createLog('silent');
  const written: Written[] = [];
  const keeping = createStore({
    pool,
    log,
    onWork: (work) => written.push(work),
    room: (kind) => (kind === 'notify' ? 2 : 0),
  });
  await keeping.transaction(async (tx) => {
    for (const id of ['k1', 'k2', 'k3']) await tx.outbox.add('notify', id);
    await tx.outbox.add('notify', 'k4', 60_000);
    await tx.outbox.add('activate', 'g', 500);
  });
  expect(written).toMatchObject([{ kept: [{ subjectId: 'k1' }, { subjectId: 'k2' }], othersInMs: 0 }]);
  const others = await store.outbox.take(100);
  expect(others.map(({ subjectId }) => subjectId)).toEqual(['k3', 'k4', 'g']);
  expect(await store.outbox.putBack(60_000)).toBe(0);
  await pool.query(
    `update outbox set dispatched_at = dispatched_at - interval '11 s', available_at = available_at - interval '11 s'`,
  );
  expect(await store.outbox.putBack(60_000)).toBe(2);
  expect(await store.outbox.take(100)).toMatchObject([{ subjectId: 'k1', dispatches: 1 }, { subjectId: 'k2' }]);
});

test('a connection that is cut between two statements fails its transaction, and only that', async () => {
  const { id } = await storeRequest(store);
  const cut = store.transaction(async (tx) => {
    await tx.requests.lock(id);
    const { rows } = await opened.pool.query<{ pid: number }>(
      `select pid, pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and state = 'idle in transaction'`,
    );
    const pids = rows.map(({ pid }) => pid);
    expect(pids).toHaveLength(1);
    // Not a statement of the transaction: its connection is idle when the word of its end comes.
    await waitUntil(
      async () =>
        (await opened.pool.query('select 1 from pg_stat_activity where pid = any($1)', [pids])).rows.length === 0,
      { timeoutMs: 5_000, what: 'the end of the session' },
    );
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    await tx.requests.setState(id, 'approved');
  });
  await expect(cut).rejects.toThrow(/terminat|connection|queryable/i);
  expect(await store.read.request(id)).toMatchObject({ state: 'pending' });
});
