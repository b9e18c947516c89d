/** Much work of one person does not stand before the single piece of another: on the real outbox and the real queue. */
import { afterEach, expect, test } from 'vitest';
import { waitUntil } from '../../sandbox/src/embedded/wait.ts';
import { somePerson, storeActiveGrant, storeRequest } from '../store/fixtures.ts';
import { createTurns } from '../../src/work/turns.ts';
import { startQueueRig } from './queue-rig.ts';
import type { QueueRig } from './queue-rig.ts';

let rig: QueueRig | null = null;
afterEach(async () => {
  await rig?.close();
  rig = null;
});

const PIECES = 200;
const WORK_MS = 25;

/** How many pieces of the flood were done before the one of somebody else, which was written last. */
const aheadOf = async (kind: 'notify' | 'end', flood: string[], other: string): Promise<number> => {
  if (!rig) throw new Error('there is no rig');
  const { store, done, add } = rig;
  await store.transaction(async (tx) => {
    for (let at = 0; at < PIECES; at += 1) await tx.outbox.add(kind, flood[at % flood.length] ?? '');
  });
  await add(kind, flood[0] ?? '');
  await waitUntil(() => done.length > 0, { timeoutMs: 60_000, what: 'the flood to begin' });
  const before = done.length;
  await add(kind, other);
  await waitUntil(() => done.includes(`${kind} ${other}`), { timeoutMs: 60_000, what: 'the piece of somebody else' });
  return done.indexOf(`${kind} ${other}`) - before;
};

test('a request of somebody else is announced while hundreds of pieces of one person wait', async () => {
  rig = await startQueueRig({ workMs: WORK_MS, hasLateWork: false });
  const { store } = rig;
  const flooder = somePerson('Flo');
  await store.transaction((tx) => tx.principals.upsert(flooder));
  const flood: string[] = [];
  for (let at = 0; at < 5; at += 1) flood.push((await storeRequest(store, { requesterId: flooder.id })).id);
  const ahead = await aheadOf('notify', flood, (await storeRequest(store)).id);
  expect(ahead).toBeLessThan(PIECES / 4);
});

test('an end of somebody else is made while hundreds of pieces of one person wait', async () => {
  rig = await startQueueRig({ workMs: WORK_MS, hasLateWork: false });
  const [flood, other] = [await storeActiveGrant(rig.store), await storeActiveGrant(rig.store)];
  expect(await aheadOf('end', [flood], other)).toBeLessThan(PIECES / 4);
});

test('whoever has one piece at a time never waits, and each piece of a flood stands further back', () => {
  let at = 0;
  const turnOf = createTurns(() => at);
  expect(Array.from({ length: 4 }, () => turnOf('flo'))).toEqual([0, 1, 2, 3]);
  expect([turnOf('ada'), turnOf(null), turnOf(null)]).toEqual([0, 0, 0]);
  at += 10_000;
  expect([turnOf('flo'), turnOf('ada')]).toEqual([0, 0]);
});
