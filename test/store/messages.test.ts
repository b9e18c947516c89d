/** Where a request is shown: leased to one caller, and kept once for each audience. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Store } from '../../src/application/deps.ts';
import { openTestStore, storeRequest } from './fixtures.ts';
import type { TestStore } from './fixtures.ts';

let opened: TestStore;
let store: Store;

beforeAll(async () => {
  opened = await openTestStore();
  store = opened.store;
});

afterAll(() => opened.close());

test('one caller at a time brings the messages of a request up to date', async () => {
  const { id } = await storeRequest(store);
  const opened = await Promise.all(Array.from({ length: 5 }, () => store.messages.open(id, 60_000)));
  expect(opened.filter(Boolean)).toMatchObject([{ view: { request: { id, version: 1 } }, copies: [] }]);
  await store.transaction((tx) => tx.requests.touch(id));
  expect(await store.messages.release(id)).toEqual({ version: 2 });
  expect(await store.messages.open(id, 0)).toMatchObject({ view: { request: { version: 2 } } });
  expect(await store.messages.open(id, 0)).toMatchObject({ view: { request: { version: 2 } } });
});

test('many are released together, each with its own version', async () => {
  const ids = await Promise.all(Array.from({ length: 5 }, async () => (await storeRequest(store)).id));
  await Promise.all(ids.map((id) => store.messages.open(id, 60_000)));
  await store.transaction((tx) => tx.requests.touch(ids[3] ?? ''));
  const versions = await Promise.all(ids.map((id) => store.messages.release(id)));
  expect(versions.map(({ version }) => version)).toEqual([1, 1, 1, 2, 1]);
  expect(await Promise.all(ids.map((id) => store.messages.open(id, 0)))).not.toContain(null);
});

test('a copy is kept once per kind and audience, as it was saved last', async () => {
  const { id: requestId } = await storeRequest(store);
  const nowhere = { channel: null, ts: null, drawnVersion: 0, failure: null };
  const copy = { requestId, kind: 'approval', audience: 'C1', part: 0, ...nowhere } as const;
  await Promise.all([
    store.messages.save({ ...copy, failure: 'ratelimited' }),
    store.messages.save({ ...copy, audience: 'U2', failure: 'user_not_found' }),
  ]);
  await store.messages.save({ ...copy, channel: 'C1', ts: '1.2', drawnVersion: 1 });
  await store.messages.save({ ...copy, channel: 'C1', ts: '1.2', drawnVersion: 2 });
  const opened = await store.messages.open(requestId, 0);
  expect(opened?.copies.toSorted((a, b) => a.audience.localeCompare(b.audience))).toEqual([
    { ...copy, channel: 'C1', ts: '1.2', drawnVersion: 2 },
    { ...copy, audience: 'U2', failure: 'user_not_found' },
  ]);
});

test('a copy that cannot be saved harms none of those saved with it', async () => {
  const { id: requestId } = await storeRequest(store);
  const copy = {
    requestId,
    kind: 'approval',
    part: 0,
    channel: 'C1',
    ts: '1.2',
    drawnVersion: 1,
    failure: null,
  } as const;
  const audiences = ['U1', 'a NUL \u0000 is no text', 'U3'];
  const saved = await Promise.allSettled(audiences.map((audience) => store.messages.save({ ...copy, audience })));
  expect(saved.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect((await store.messages.open(requestId, 0))?.copies).toHaveLength(2);
});
