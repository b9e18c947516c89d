import { afterAll, beforeAll, expect, test } from 'vitest';
import { startIncidentRig } from '../incidents/incident-rig.ts';
import type { IncidentRig } from '../incidents/incident-rig.ts';

let rig: IncidentRig;
beforeAll(async () => {
  rig = await startIncidentRig();
});
afterAll(() => rig.close());

const HOUR_MS = 3_600_000;
const allow = (userId: string, personUserId: string, forMs = HOUR_MS) =>
  rig.useCases.preApprove({ userId, personUserId, target: 'orders-db', role: 'write', forMs });
const ask = (userId: string) => rig.ask({ userId, role: 'write', incidentChannelId: null });

test('whom an approver approved before the request is let in at once, and the decision says by what', async () => {
  const { preApproval, missing } = await allow('U0OLGA', 'U0ADA');
  expect(missing).toEqual([]);
  const { request } = await ask('U0ADA');
  expect(request.state).toBe('approved');
  const approved = (await rig.events()).findLast(({ type }) => type === 'request.approved');
  expect(approved?.data).toMatchObject({ preApprovals: [preApproval.id], votes: ['T1:U0OLGA'] });
});

test('withdrawn, it lets nobody in', async () => {
  const { preApproval } = await allow('U0OLGA', 'U0RITA');
  await rig.useCases.withdrawPreApproval({ userId: 'U0OLGA', id: preApproval.id });
  const event = (await rig.events()).at(-1);
  expect(event).toMatchObject({ type: 'pre_approval.withdrawn', data: { preApproval: preApproval.id } });
  expect((await ask('U0RITA')).request.state).toBe('pending');
  const again = rig.useCases.withdrawPreApproval({ userId: 'U0OLGA', id: preApproval.id });
  await expect(again).rejects.toMatchObject({ code: 'pre_approval_not_found' });
});

test('a person who neither gave it nor has it cannot withdraw it', async () => {
  const { preApproval } = await allow('U0OLGA', 'U0OSCAR');
  const taken = rig.useCases.withdrawPreApproval({ userId: 'U0MALLORY', id: preApproval.id });
  await expect(taken).rejects.toMatchObject({ code: 'not_your_pre_approval' });
  expect((await ask('U0OSCAR')).request.state).toBe('approved');
});

test.each([
  { what: 'for themself', by: 'U0OLGA', to: 'U0OLGA', forMs: HOUR_MS, code: 'own_pre_approval' },
  { what: 'by a person who is no approver', by: 'U0MALLORY', to: 'U0ADA', forMs: HOUR_MS, code: 'not_an_approver' },
  { what: 'for too long', by: 'U0OLGA', to: 'U0ADA', forMs: 31 * 24 * HOUR_MS, code: 'pre_approval_too_long' },
  { what: 'for no time', by: 'U0OLGA', to: 'U0ADA', forMs: 0, code: 'pre_approval_too_long' },
])('$what it is refused', async ({ by, to, forMs, code }) => {
  await expect(allow(by, to, forMs)).rejects.toMatchObject({ code });
});
