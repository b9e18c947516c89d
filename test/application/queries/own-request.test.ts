/** A caller sees a request of their own; any other does not exist for them. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Caller } from '../../../src/application/identity/caller.ts';
import { CLIENT_SECTIONS, jobCaller } from '../../support/client-caller.ts';
import { policyOf, startIncidentRig } from '../incidents/incident-rig.ts';
import type { IncidentRig } from '../incidents/incident-rig.ts';

let rig: IncidentRig;
beforeAll(async () => {
  rig = await startIncidentRig();
  rig.setPolicy(
    policyOf(undefined, `rules:\n  - { name: An owner agrees, approvals: [{ from: owners }] }\n${CLIENT_SECTIONS}`),
  );
});
afterAll(() => rig.close());

const see = (caller: Caller, requestId: string) => rig.verbs.ownRequest({ caller, requestId });

test('a person sees their own, and neither that of another nor one that is not there', async () => {
  const { request } = await rig.ask({ incidentChannelId: null });
  expect((await rig.useCases.ownRequest({ userId: 'U0ADA', requestId: request.id })).request.id).toBe(request.id);
  for (const [userId, requestId] of [
    ['U0OLGA', request.id],
    ['U0ADA', `${request.id}'; --`],
    ['U0ADA', ''],
  ] as const)
    await expect(rig.useCases.ownRequest({ userId, requestId })).rejects.toMatchObject({
      code: 'request_not_found',
      facts: { id: requestId },
    });
});

test('a job sees its own, and neither that of another job of its client nor a person’s', async () => {
  const [job, other] = [jobCaller(), jobCaller({ key: 'another', run: '4712' })];
  const wanted = { target: 'orders-db', role: 'read', durationMs: null, reason: 'migrate the orders', ticket: null };
  const sent = await rig.verbs.createRequest({ ...wanted, caller: job, idempotencyKey: null });
  if (sent.outcome !== 'sent') throw new Error(sent.outcome);
  const { id } = sent.view.request;
  expect((await see(job, id)).request.id).toBe(id);
  await expect(see(other, id)).rejects.toMatchObject({ code: 'request_not_found' });
  const { request } = await rig.ask({ incidentChannelId: null });
  await expect(see(job, request.id)).rejects.toMatchObject({ code: 'request_not_found' });
  await expect(rig.useCases.ownRequest({ userId: 'U0OLGA', requestId: id })).rejects.toMatchObject({
    code: 'request_not_found',
  });
});

test('what waits for an opening of a window is seen by every job of the client until one takes it', async () => {
  const [job, other] = [jobCaller(), jobCaller({ key: 'another', run: '4712' })];
  const origin = { kind: 'window', id: 'w', window: 'night', from: '2026-11-30T00:00:00Z', to: '2126-11-30T00:00:00Z' };
  const wanted = { target: 'users-db', role: 'read', durationMs: null, reason: 'migrate the users', ticket: null };
  const sent = await rig.verbs.createRequest({
    ...wanted,
    caller: job,
    idempotencyKey: null,
    from: { origin: { ...origin, kind: 'window', isClaimed: false }, startedBy: [] },
  });
  if (sent.outcome !== 'sent') throw new Error(sent.outcome);
  const { id } = sent.view.request;
  expect((await see(other, id)).request.id).toBe(id);
  await rig.pool.query(`update requests set origin = jsonb_set(origin, '{isClaimed}', 'true') where id = $1`, [id]);
  await expect(see(other, id)).rejects.toMatchObject({ code: 'request_not_found' });
  expect((await see(job, id)).request.id).toBe(id);
});
