import { afterEach, beforeEach, expect, test } from 'vitest';
import { startIncidentRig } from '../incidents/incident-rig.ts';
import type { IncidentRig } from '../incidents/incident-rig.ts';

let rig: IncidentRig;
beforeEach(async () => {
  rig = await startIncidentRig();
});
afterEach(() => rig.close());

const ADA = { kind: 'person', userId: 'U0ADA' } as const;
const revoke = (userId: string, what: Parameters<typeof rig.useCases.revokeAll>[0]['what']) =>
  rig.useCases.revokeAll({ userId, what, reason: 'her laptop was lost' });
const active = async (userId: string) => {
  const view = await rig.ask({ userId, role: 'write', incidentChannelId: null });
  await rig.useCases.vote({ userId: 'U0OLGA', requestId: view.request.id, kind: 'approve', reason: null });
  await rig.settle();
  return view;
};

test('an owner revokes all of a person: what is active ends, what is pending is cancelled, of nobody else', async () => {
  const [hers, his] = [await active('U0ADA'), await active('U0RITA')];
  const pending = await rig.ask({ role: 'write', incidentChannelId: null });
  const { id } = await revoke('U0OLGA', ADA);
  await rig.useCases.runRevocation({ id });
  expect(await rig.grantOf(hers)).toMatchObject({ state: 'closed', endCause: 'revoked', endedBy: 'T1:U0OLGA' });
  expect(await rig.grantOf(his)).toMatchObject({ state: 'active' });
  expect(await rig.store.read.request(pending.request.id)).toMatchObject({
    state: 'cancelled',
    cancelledBy: 'T1:U0OLGA',
    cancelReason: 'her laptop was lost',
  });
  const events = await rig.events();
  const ending = events.find(({ type }) => type === 'grant.ending');
  expect(ending).toMatchObject({ actor: { id: 'T1:U0OLGA' }, data: { cause: 'revoked', revocation: id } });
  expect(events.find(({ type }) => type === 'request.cancelled')?.data).toMatchObject({ revocation: id });
  expect(events.map(({ type }) => type)).toContain('revocation.finished');
});

test('a person revokes their own without being an owner', async () => {
  const view = await active('U0ADA');
  const { id } = await revoke('U0ADA', ADA);
  await rig.useCases.runRevocation({ id });
  expect(await rig.grantOf(view)).toMatchObject({ state: 'closed' });
});

test('another person may not, and that is recorded', async () => {
  const view = await active('U0ADA');
  await expect(revoke('U0MALLORY', ADA)).rejects.toMatchObject({ code: 'not_a_revoker' });
  expect(await rig.grantOf(view)).toMatchObject({ state: 'active' });
  expect((await rig.events()).at(-1)).toMatchObject({ type: 'revocation.refused', data: { what: 'person' } });
});

test('where there is nothing it says so', async () => {
  const { request } = await rig.ask({ role: 'write', incidentChannelId: null });
  await rig.useCases.cancel({ userId: 'U0ADA', requestId: request.id });
  await expect(revoke('U0ADA', ADA)).rejects.toMatchObject({ code: 'nothing_to_revoke' });
});
