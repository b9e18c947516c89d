import { afterAll, beforeAll, expect, test } from 'vitest';
import { createStore } from '../../src/store/client.ts';
import { createLog } from '../../src/lib/log.ts';
import { waitUntil } from '../../sandbox/src/embedded/wait.ts';
import type { AuditEntry } from '../../src/domain/audit/events.ts';
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
  for (const work of await store.outbox.take(10)) await store.outbox.done(work);
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

test('a wrong event keeps its transaction from being stored, also where somebody catches that', async () => {
  const { id } = await storeRequest(store);
  const before = await Promise.all(['audit_events', 'outbox'].map(countOf));
  const wrong = { ...someEvent(), data: { reason: 7 } } as unknown as AuditEntry;
  const swallowing = store.transaction(async (tx) => {
    await tx.requests.setState(id, 'approved');
    await tx.outbox.add('notify', id);
    await tx.audit.append(wrong).catch(() => undefined);
  });
  await expect(swallowing).rejects.toThrow(/request\.cancelled is wrong[^]*reason/);
  expect(await store.read.request(id)).toMatchObject({ state: 'pending' });
  expect(await Promise.all(['audit_events', 'outbox'].map(countOf))).toEqual(before);
});

test('a failure that was caught inside is not mistaken for a commit', async () => {
  const { id } = await storeRequest(store);
  const swallowing = store.transaction(async (tx) => {
    await tx.requests.touch(id);
    await tx.principals.listByIds(['\u0000']).catch(() => 'ignored');
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
    { id: expect.any(String), kind: 'notify', subjectId: 'r1', delayMs: 0, dispatches: 1, principalId: null },
    {
      id: expect.any(String),
      kind: 'end',
      subjectId: 'g1',
      delayMs: expect.any(Number),
      dispatches: 1,
      principalId: null,
    },
  ]);
  expect(taken[1]?.delayMs).toBeGreaterThan(59_000);
  const [third] = await store.outbox.take(10);
  if (!taken[0] || !third) throw new Error('nothing was taken');
  expect(third).toMatchObject({ subjectId: 'g2' });
  expect(await store.outbox.take(10)).toEqual([]);
  await store.outbox.postpone(third, 'redis is away', 30_000);
  expect(await store.outbox.take(10)).toMatchObject([{ subjectId: 'g2', dispatches: 2 }]);
  await store.outbox.done(taken[0]);
  expect(await store.outbox.putBack()).toBe(2);
  expect(await store.outbox.take(10)).toMatchObject([{ subjectId: 'g1' }, { subjectId: 'g2', dispatches: 3 }]);
});

test('a row is settled only by whoever says what it is, and has it', async () => {
  await store.transaction((tx) => tx.outbox.add('announce', 'a1'));
  const [row] = (await store.outbox.take(100)).filter(({ subjectId }) => subjectId === 'a1');
  if (!row) throw new Error('nothing was taken');
  const { principalId: _whose, ...found } = row;
  const others = [
    { ...row, subjectId: 'nothing' },
    { ...row, kind: 'notify' as const },
    { ...row, dispatches: 2 },
    { ...row, dispatches: 0 },
    { ...row, id: String(Number(row.id) + 1) },
  ];
  for (const other of others) {
    await store.outbox.done(other);
    await store.outbox.postpone(other, 'forged', 3_600_000);
    await store.outbox.release([other], 'forged');
    expect(await store.outbox.find(other)).toEqual(other.subjectId === 'nothing' ? found : null);
  }
  const { rows } = await opened.pool.query(
    `select dispatches, last_error from outbox where subject_id = 'a1' and dispatched_at is not null`,
  );
  expect(rows).toEqual([{ dispatches: 1, last_error: null }]);
  await store.outbox.done(row);
  expect(await store.outbox.find(row)).toBeNull();
});

test('late work is taken by who looks for it, however often it was handed out since it was due, and by nobody else then', async () => {
  await store.transaction(async (tx) => {
    await tx.outbox.add('alert', 'late');
    await tx.outbox.add('alert', 'later', 60_000);
    await tx.outbox.add('pre_approval', 'never handed out');
  });
  const late = { handedOutMs: 30_000, waitingMs: 30_000 };
  await opened.pool.query(
    `update outbox set available_at = available_at - interval '31 s' where kind in ('alert', 'pre_approval')`,
  );
  const [handed] = await store.outbox.take(1);
  await store.outbox.take(1);
  expect((await store.outbox.lateKinds(late)).toSorted()).toEqual(['alert', 'pre_approval']);
  expect(await store.outbox.keepLate('notify', { ...late, limit: 10 })).toEqual([]);
  const [kept] = await store.outbox.keepLate('alert', { ...late, limit: 10 });
  expect(kept).toMatchObject({ subjectId: 'late', dispatches: -2 });
  expect(await store.outbox.keepLate('alert', { ...late, limit: 10 })).toEqual([]);
  expect(await store.outbox.keepLate('pre_approval', { ...late, limit: 10 })).toMatchObject([
    { subjectId: 'never handed out' },
  ]);
  // The job that Redis may still bring names nothing any more, and settles nothing.
  if (!handed || !kept) throw new Error('nothing was taken');
  expect(await store.outbox.find(handed)).toBeNull();
  await store.outbox.done(handed);
  await store.outbox.putBack();
  // A process that died with it: ten seconds later it is the next one's.
  await opened.pool.query(
    `update outbox set dispatched_at = dispatched_at - interval '11 s' where subject_id = 'late'`,
  );
  expect(await store.outbox.keepLate('alert', { ...late, limit: 10 })).toMatchObject([{ id: kept.id, dispatches: -3 }]);
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

test('work that a process keeps is nobody else’s for ten seconds, and is taken by another after that', async () => {
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
  const late = { handedOutMs: 30_000, waitingMs: 0, limit: 10 };
  expect(await store.outbox.keepLate('notify', late)).toEqual([]);
  await pool.query(
    `update outbox set dispatched_at = dispatched_at - interval '11 s', available_at = available_at - interval '11 s'`,
  );
  expect(await store.outbox.keepLate('notify', late)).toMatchObject([
    { subjectId: 'k1', dispatches: -1 },
    { subjectId: 'k2' },
  ]);
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
      { timeoutMs: 60_000, what: 'the end of the session' },
    );
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    await tx.requests.setState(id, 'approved');
  });
  await expect(cut).rejects.toThrow(/terminat|connection|queryable/i);
  expect(await store.read.request(id)).toMatchObject({ state: 'pending' });
});
