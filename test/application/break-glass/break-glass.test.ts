import { afterAll, beforeAll, expect, test } from 'vitest';
import { startIncidentRig } from '../incidents/incident-rig.ts';
import type { IncidentRig } from '../incidents/incident-rig.ts';

let rig: IncidentRig;
beforeAll(async () => {
  rig = await startIncidentRig();
});
afterAll(() => rig.close());

const take = (userId: string, changes: { reason?: string; idempotencyKey?: string } = {}) =>
  rig.useCases.breakGlass({
    userId,
    target: 'orders-db',
    role: 'write',
    durationMs: 900_000,
    reason: 'checkout is down and the job holds a lock',
    ticket: null,
    idempotencyKey: null,
    ...changes,
  });
const typesOf = async (requestId: string): Promise<string[]> =>
  (await rig.pool.query('select type from audit_events where request_id = $1 order by id', [requestId])).rows.map(
    ({ type }) => type,
  );

test('who is named takes access at once; request, grant and follow-up are one transaction', async () => {
  const taken = await take('U0OSCAR');
  if (taken.outcome !== 'sent') throw new Error(taken.outcome);
  const { request, grant, review } = taken.view;
  expect(request).toMatchObject({ state: 'approved', isBreakGlass: true });
  expect(grant).toMatchObject({ state: 'activating', granteeId: 'T1:U0OSCAR' });
  expect(review).toMatchObject({ state: 'open', grantId: grant?.id });
  const events = ['request.created', 'request.approved', 'grant.activating', 'follow_up.opened'];
  expect(await typesOf(request.id)).toEqual(events);
  await rig.settle();
  expect(await rig.grantOf(taken.view)).toMatchObject({ state: 'active' });
});

test('who is not named takes nothing, and that is recorded', async () => {
  await expect(take('U0MALLORY')).rejects.toMatchObject({ code: 'break_glass_who' });
  const last = (await rig.events()).at(-1);
  expect(last).toMatchObject({ type: 'break_glass.refused', data: { code: 'break_glass_who' } });
});

test('without a reason that others can judge nothing is taken', async () => {
  expect(await take('U0OSCAR', { reason: 'down' })).toMatchObject({ outcome: 'refused' });
  expect((await rig.events()).at(-1)).toMatchObject({ type: 'break_glass.refused' });
});

test('one click delivered twice is one grant', async () => {
  const [one, two] = await Promise.all([
    take('U0OSCAR', { idempotencyKey: 'view:1' }),
    take('U0OSCAR', { idempotencyKey: 'view:1' }),
  ]);
  if (one.outcome !== 'sent' || two.outcome !== 'sent') throw new Error('not sent');
  expect(two.view.request.id).toBe(one.view.request.id);
  expect([one, two].filter(({ isRepeat }) => isRepeat)).toHaveLength(1);
});
