import { afterAll, beforeAll, expect, test } from 'vitest';
import { policyOf, startIncidentRig } from '../incidents/incident-rig.ts';
import type { IncidentRig } from '../incidents/incident-rig.ts';

let rig: IncidentRig;
beforeAll(async () => {
  rig = await startIncidentRig();
  rig.setPolicy(policyOf(undefined, 'rules:\n  - { name: Both, approvals: [{ from: owners }, { from: sre }] }'));
});
afterAll(() => rig.close());

const approve = (userId: string, requestId: string) =>
  rig.useCases.vote({ userId, requestId, kind: 'approve', reason: null });
const withdraw = (userId: string, requestId: string) => rig.useCases.withdrawVote({ userId, requestId });

test('an approval that decided nothing counts no more, is recorded, and may be given again', async () => {
  const { request } = await rig.ask({ role: 'write', incidentChannelId: null });
  expect(await approve('U0OLGA', request.id)).toMatchObject({ outcome: 'counted' });
  const { view } = await withdraw('U0OLGA', request.id);
  expect(view).toMatchObject({ request: { state: 'pending' }, votes: [] });
  const { rows } = await rig.pool.query('select type from audit_events where request_id = $1 order by id', [
    request.id,
  ]);
  expect(rows.map(({ type }) => type)).toEqual(['request.created', 'vote.cast', 'vote.voided']);
  expect(await approve('U0RITA', request.id)).toMatchObject({ outcome: 'counted' });
  expect(await approve('U0OLGA', request.id)).toMatchObject({ outcome: 'decided' });
});

test('there is none to withdraw where none was given, nor where it has decided', async () => {
  const { request } = await rig.ask({ role: 'write', incidentChannelId: null });
  await expect(withdraw('U0OLGA', request.id)).rejects.toMatchObject({ code: 'no_vote' });
  await approve('U0OLGA', request.id);
  await approve('U0RITA', request.id);
  await expect(withdraw('U0RITA', request.id)).rejects.toMatchObject({ code: 'already_decided' });
  await expect(withdraw('U0RITA', 'none')).rejects.toMatchObject({ code: 'request_not_found' });
});
