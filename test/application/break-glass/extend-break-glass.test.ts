import { afterAll, beforeAll, expect, test } from 'vitest';
import { startIncidentRig } from '../incidents/incident-rig.ts';
import type { IncidentRig } from '../incidents/incident-rig.ts';

let rig: IncidentRig;
beforeAll(async () => {
  rig = await startIncidentRig();
});
afterAll(() => rig.close());

const MINUTE_MS = 60_000;
const taken = async () => {
  const result = await rig.useCases.breakGlass({
    userId: 'U0OSCAR',
    target: 'orders-db',
    role: 'write',
    durationMs: 15 * MINUTE_MS,
    reason: 'checkout is down and the job holds a lock',
    ticket: null,
    idempotencyKey: null,
  });
  if (result.outcome !== 'sent') throw new Error(result.outcome);
  await rig.settle();
  return rig.grantOf(result.view);
};
const extend = (userId: string, id: string, byMs: number) =>
  rig.useCases.extend({ userId, id, byMs, reason: null, deadline: null, idempotencyKey: null });

test('it is extended by the rules of break-glass, without a vote, and its events name the grant', async () => {
  const { id } = await taken();
  const result = await extend('U0OSCAR', id, 15 * MINUTE_MS);
  if (result.outcome !== 'sent') throw new Error(result.outcome);
  const { request, extension } = result.view;
  expect(request).toMatchObject({ state: 'approved', isBreakGlass: true, extendsGrantId: id });
  expect(extension).toMatchObject({ grantId: id, state: 'moving' });
  const { rows } = await rig.pool.query('select type, grant_id from audit_events where request_id = $1 order by id', [
    request.id,
  ]);
  expect(rows).toEqual(
    ['request.created', 'request.approved', 'grant.extending'].map((type) => ({ type, grant_id: id })),
  );
});

test('never beyond the cap', async () => {
  const { id } = await taken();
  await expect(extend('U0OSCAR', id, 90 * MINUTE_MS)).rejects.toMatchObject({ code: 'extend_over_cap' });
});

test('access of another person is not found', async () => {
  const { id } = await taken();
  await expect(extend('U0RITA', id, MINUTE_MS)).rejects.toMatchObject({ code: 'grant_not_found' });
});
