/** Who sees which grants to choose from: their own, those of targets they are in charge of, and auditors all. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRig } from '../../slack/rig.ts';
import type { Rig } from '../../slack/rig.ts';

let rig: Rig;
let grantId: string | undefined;
beforeAll(async () => {
  rig = await startRig();
  const wanted = { durationMs: null, ticket: null, start: null, incidentChannelId: null, alert: null };
  const to = { target: 'orders-db', role: 'read', reason: 'look at order 7', idempotencyKey: null };
  const sent = await rig.useCases.createRequest({ ...wanted, ...to, userId: 'U0ADA' });
  if (sent.outcome !== 'sent') throw new Error('not sent');
  const requestId = sent.view.request.id;
  await rig.useCases.vote({ userId: 'U0OLGA', requestId, kind: 'approve', reason: null });
  await rig.settle();
  grantId = (await rig.store.read.view(requestId))?.grant?.id;
});
afterAll(() => rig.stop());

it.each([
  ['the holder', 'U0ADA', 1],
  ['an owner', 'U0OLGA', 1],
  ['an admin', 'U0SAM', 1],
  ['another person', 'U0RITA', 0],
])('%s may end %#', async (_, userId, count) => {
  const found = await rig.useCases.revocable({ userId });
  expect(found.map(({ grant }) => grant?.id)).toEqual(count > 0 ? [grantId] : []);
});

it('auditors and admins see the newest, and others are refused', async () => {
  expect((await rig.useCases.recentGrants({ userId: 'U0SAM' })).map(({ grant }) => grant?.id)).toEqual([grantId]);
  await expect(rig.useCases.recentGrants({ userId: 'U0ADA' })).rejects.toMatchObject({ code: 'auditors_only' });
});
