import { afterAll, beforeAll, expect, test } from 'vitest';
import { startIncidentRig } from '../incidents/incident-rig.ts';
import type { IncidentRig } from '../incidents/incident-rig.ts';

let rig: IncidentRig;
beforeAll(async () => {
  rig = await startIncidentRig();
});
afterAll(() => rig.close());

test('access ends, pending requests are cancelled, votes and pre-approvals are void; a second time changes nothing', async () => {
  const given = await rig.ask({ role: 'write', incidentChannelId: null });
  await rig.useCases.vote({ userId: 'U0OLGA', requestId: given.request.id, kind: 'approve', reason: null });
  await rig.settle();
  const pending = await rig.ask({ role: 'write', incidentChannelId: null });
  const { preApproval } = await rig.useCases.preApprove({
    userId: 'U0OLGA',
    personUserId: 'U0ADA',
    target: 'users-db',
    role: 'read',
    forMs: 3_600_000,
  });
  await rig.useCases.personLeft({ personId: 'T1:U0ADA' });
  expect(await rig.grantOf(given)).toMatchObject({ state: 'ending', endCause: 'revoked', endedBy: null });
  const request = await rig.store.read.request(pending.request.id);
  expect(request).toMatchObject({
    state: 'cancelled',
    cancelledBy: null,
    cancelReason: 'The Slack account was deactivated.',
  });
  expect((await rig.store.read.preApprovals({ personId: 'T1:U0ADA' }, 10)).map(({ id }) => id)).not.toContain(
    preApproval.id,
  );
  await rig.settle();
  expect(await rig.grantOf(given)).toMatchObject({ state: 'removed' });
  const before = (await rig.events()).length;
  await rig.useCases.personLeft({ personId: 'T1:U0ADA' });
  expect((await rig.events()).length).toBe(before);
});
