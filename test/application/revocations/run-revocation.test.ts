import { afterAll, beforeAll, expect, test } from 'vitest';
import { startIncidentRig } from '../incidents/incident-rig.ts';
import type { IncidentRig } from '../incidents/incident-rig.ts';

let rig: IncidentRig;
beforeAll(async () => {
  rig = await startIncidentRig();
});
afterAll(() => rig.close());

const ordered = async () => {
  const view = await rig.ask({ role: 'write', incidentChannelId: null });
  await rig.useCases.vote({ userId: 'U0OLGA', requestId: view.request.id, kind: 'approve', reason: null });
  await rig.settle();
  const what = { kind: 'target', target: 'orders-db' } as const;
  const { id } = await rig.useCases.revokeAll({ userId: 'U0OLGA', what, reason: null });
  return { view, id };
};
const endings = async (grantId: string): Promise<number> => {
  const counted = `select from audit_events where grant_id = $1 and type = 'grant.ending'`;
  return (await rig.pool.query(counted, [grantId])).rowCount ?? 0;
};

test('two processes at once end each grant once', async () => {
  const { view, id } = await ordered();
  await Promise.all([rig.useCases.runRevocation({ id }), rig.other.runRevocation({ id })]);
  const grant = await rig.grantOf(view);
  expect(grant).toMatchObject({ state: 'closed' });
  expect(await endings(grant.id)).toBe(1);
});

test('another process goes on with what one did not finish', async () => {
  const { view } = await ordered();
  await rig.other.runRevocations();
  expect(await rig.grantOf(view)).toMatchObject({ state: 'closed' });
});

test('run again it changes nothing', async () => {
  const { view, id } = await ordered();
  await rig.useCases.runRevocation({ id });
  const before = (await rig.events()).length;
  await rig.useCases.runRevocation({ id });
  expect((await rig.events()).length).toBe(before);
  expect(await rig.grantOf(view)).toMatchObject({ state: 'closed' });
});
