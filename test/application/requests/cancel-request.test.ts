import { afterAll, beforeAll, expect, test } from 'vitest';
import { startIncidentRig } from '../incidents/incident-rig.ts';
import type { IncidentRig } from '../incidents/incident-rig.ts';

let rig: IncidentRig;
beforeAll(async () => {
  rig = await startIncidentRig();
});
afterAll(() => rig.close());

const eventsOf = async (requestId: string) =>
  (await rig.pool.query('select type, grant_id from audit_events where request_id = $1 order by id', [requestId])).rows;
const waiting = () => rig.ask({ role: 'write', incidentChannelId: null });

test('a pending request is cancelled by its requester: state, event, message and version together', async () => {
  const { request } = await waiting();
  const { view } = await rig.useCases.cancel({ userId: 'U0ADA', requestId: request.id });
  expect(view.request).toMatchObject({ state: 'cancelled', cancelledBy: null, cancelReason: null });
  expect(view.request.version).toBeGreaterThan(request.version);
  expect((await eventsOf(request.id)).map(({ type }) => type)).toEqual(['request.created', 'request.cancelled']);
  expect((await rig.settle()).map(({ kind, subjectId }) => `${kind} ${subjectId}`)).toContain(`notify ${request.id}`);
});

test('another person may not, and that is recorded', async () => {
  const { request } = await waiting();
  const cancelled = rig.useCases.cancel({ userId: 'U0OLGA', requestId: request.id });
  await expect(cancelled).rejects.toMatchObject({ code: 'not_your_request' });
  expect((await eventsOf(request.id)).map(({ type }) => type)).toEqual(['request.created', 'request.cancel_refused']);
});

test('once it is decided or cancelled it is too late', async () => {
  const { request } = await waiting();
  await rig.useCases.cancel({ userId: 'U0ADA', requestId: request.id });
  const again = rig.useCases.cancel({ userId: 'U0ADA', requestId: request.id });
  await expect(again).rejects.toMatchObject({ code: 'already_cancelled' });
  const other = await waiting();
  await rig.useCases.vote({ userId: 'U0OLGA', requestId: other.request.id, kind: 'deny', reason: 'no' });
  const late = rig.useCases.cancel({ userId: 'U0ADA', requestId: other.request.id });
  await expect(late).rejects.toMatchObject({ code: 'already_decided' });
});

test('access that has not begun is ended by the id of its grant, and its decision stays', async () => {
  const start = { kind: 'after', afterMs: 3_600_000 } as const;
  const view = await rig.ask({ role: 'write', incidentChannelId: null, start });
  await rig.useCases.vote({ userId: 'U0OLGA', requestId: view.request.id, kind: 'approve', reason: null });
  const { id } = await rig.grantOf(view);
  await rig.useCases.cancel({ userId: 'U0ADA', requestId: id });
  expect(await rig.grantOf(view)).toMatchObject({ state: 'ending', endCause: 'cancelled', endedBy: 'T1:U0ADA' });
  const ending = (await eventsOf(view.request.id)).find(({ type }) => type === 'grant.ending');
  expect(ending).toMatchObject({ grant_id: id });
  await rig.settle();
  expect(await rig.grantOf(view)).toMatchObject({ state: 'removed' });
});
