/** Which targets are asked whether their access is used, and what is noted once however many see it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Tx } from '../../src/application/deps.ts';
import { newId } from '../../src/lib/ids.ts';
import { recordUse } from '../../src/application/grants/record-usage.ts';
import { openTestStore, storeActiveGrant } from './fixtures.ts';
import type { TestStore } from './fixtures.ts';

const HALF_HOUR_MS = 1_800_000;
const LONG_MS = 3_600_000;

let opened: TestStore;
beforeAll(async () => {
  opened = await openTestStore();
});
afterAll(() => opened.close());

const sql = async <Row>(text: string, values: unknown[]): Promise<Row[]> =>
  (await opened.pool.query(text, values)).rows as Row[];
const inTarget = async (target: string): Promise<string> => {
  const id = await storeActiveGrant(opened.store, HALF_HOUR_MS, target);
  await sql('update grants set is_use_told = true where id = $1', [id]);
  return id;
};
const someTarget = (): string => `target-${newId()}`;
const take = (targets: string[], everyMs = LONG_MS): Promise<string[]> =>
  opened.store.read.takeTargetsToSee(targets, everyMs);
const seen = (grantId: string, forMs = 0) => opened.store.transaction((tx) => recordUse(tx, [{ grantId, forMs }]));
const firstUsedAt = async (id: string) => (await opened.store.read.grant(id))?.firstUsedAt;
const eventsOf = (id: string) =>
  sql<{ type: string; actor: string; data: string }>(
    `select type, actor, data from audit_events where grant_id = $1 and type = 'grant.used'`,
    [id],
  );

test('ten processes that see one access in use at the same moment write one event and one time', async () => {
  const id = await inTarget(someTarget());
  await Promise.all(Array.from({ length: 10 }, (_, n) => seen(id, n * 1_000)));
  const at = await firstUsedAt(id);
  expect(at).toBeInstanceOf(Date);
  await seen(id, 60_000);
  expect(await firstUsedAt(id)).toEqual(at);
  const [event, ...more] = await eventsOf(id);
  expect(more).toEqual([]);
  const grant = await opened.store.read.grant(id);
  expect(JSON.parse(event?.data ?? '')).toEqual({ person: grant?.granteeId, since: at?.toISOString() });
});

test('it began as long ago as the target says, by our clock, and of several ages the greatest counts', async () => {
  const id = await inTarget(someTarget());
  const before = (await opened.store.read.now()).getTime();
  const ages = [5_000, 90_000, 0].map((forMs) => ({ grantId: id, forMs }));
  await opened.store.transaction((tx) => recordUse(tx, ages));
  const after = (await opened.store.read.now()).getTime();
  const at = (await firstUsedAt(id))?.getTime() ?? 0;
  expect(at).toBeGreaterThanOrEqual(before - 90_000);
  expect(at).toBeLessThanOrEqual(after - 90_000);
  expect(await eventsOf(id)).toHaveLength(1);
});

test('what has ended, is not begun, or is of no grant of this ledger is not noted', async () => {
  const ended = await inTarget(someTarget());
  await opened.store.transaction(async (tx) => {
    await tx.grants.setEnding(ended, { cause: 'done', by: null, reason: null });
    await tx.grants.setClosedMany([ended], null);
  });
  await seen(ended);
  await seen(newId());
  expect(await firstUsedAt(ended)).toBeNull();
  expect(await eventsOf(ended)).toEqual([]);
});

test('an access whose end has begun is noted all the same', async () => {
  const ending = await inTarget(someTarget());
  await opened.store.transaction((tx) => tx.grants.setEnding(ending, { cause: 'done', by: null, reason: null }));
  await seen(ending);
  expect(await firstUsedAt(ending)).toBeInstanceOf(Date);
});

/** Holds the rows of a grant until it is let go, as whoever ends it does. */
const holding = async (id: string): Promise<() => Promise<void>> => {
  let letGo = (): void => undefined;
  const held = new Promise<void>((resolve) => (letGo = resolve));
  let isHeld = (): void => undefined;
  const reached = new Promise<void>((resolve) => (isHeld = resolve));
  const work = opened.store.transaction(async (tx: Tx) => {
    await tx.grants.lock(id);
    isHeld();
    await held;
  });
  await reached;
  return async () => {
    letGo();
    await work;
  };
};

test('what somebody is working on is left for the next look, and the rest is noted without waiting', async () => {
  const [held, free] = [await inTarget(someTarget()), await inTarget(someTarget())];
  const letGo = await holding(held);
  const both = [held, free].map((grantId) => ({ grantId, forMs: 0 }));
  await opened.store.transaction((tx) => recordUse(tx, both));
  expect([await firstUsedAt(held), await firstUsedAt(free)]).toEqual([null, expect.any(Date)]);
  await letGo();
  await opened.store.transaction((tx) => recordUse(tx, both));
  expect(await firstUsedAt(held)).toBeInstanceOf(Date);
  expect([await eventsOf(held), await eventsOf(free)]).toMatchObject([{ length: 1 }, { length: 1 }]);
});

test('a target is asked while active access in it tells of use and was not seen in use, and otherwise not', async () => {
  const [unseen, used, silent, empty] = [someTarget(), someTarget(), someTarget(), someTarget()];
  await inTarget(unseen);
  await seen(await inTarget(used));
  await storeActiveGrant(opened.store, HALF_HOUR_MS, silent);
  expect(await take([unseen, used, silent, empty], 0)).toEqual([unseen]);
  await inTarget(used);
  expect((await take([used, unseen, silent, empty], 0)).sort()).toEqual([unseen, used].sort());
  expect(await take([], 0)).toEqual([]);
});

test('of many processes one looks, and nobody before the pause is over', async () => {
  const targets = Array.from({ length: 8 }, someTarget);
  await Promise.all(targets.map(inTarget));
  const looks = async (): Promise<string[]> => {
    const taken = await Promise.all(Array.from({ length: 10 }, (_, n) => take(n % 2 ? targets : targets.toReversed())));
    return taken.flat().sort();
  };
  expect(await looks()).toEqual(targets.toSorted());
  expect(await looks()).toEqual([]);
  await sql('update use_looks set next_at = clock_timestamp() where target = any($1)', [targets]);
  expect(await looks()).toEqual(targets.toSorted());
});
