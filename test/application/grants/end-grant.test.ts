import { afterAll, beforeAll, expect, test } from 'vitest';
import { startIncidentRig } from '../incidents/incident-rig.ts';
import type { IncidentRig } from '../incidents/incident-rig.ts';

let rig: IncidentRig;
beforeAll(async () => {
  rig = await startIncidentRig();
});
afterAll(() => rig.close());

const active = async () => {
  const view = await rig.ask({ role: 'write', incidentChannelId: null });
  await rig.useCases.vote({ userId: 'U0OLGA', requestId: view.request.id, kind: 'approve', reason: null });
  await rig.settle();
  return { view, id: (await rig.grantOf(view)).id };
};
const end = (userId: string, id: string, cause: 'done' | 'revoked') =>
  rig.useCases.end({ userId, id, cause, reason: cause === 'done' ? null : 'no longer needed' });
const eventsOf = async (grantId: string) =>
  (await rig.pool.query('select type, actor, data from audit_events where grant_id = $1 order by id', [grantId])).rows;

test('its holder returns it, and it is gone from the target', async () => {
  const { view, id } = await active();
  await end('U0ADA', id, 'done');
  expect(await rig.grantOf(view)).toMatchObject({ state: 'ending', endCause: 'done', endedBy: 'T1:U0ADA' });
  await rig.settle();
  expect(await rig.grantOf(view)).toMatchObject({ state: 'removed', endOutcome: 'removed' });
  expect(rig.made.has(id)).toBe(false);
});

test('an owner of the target revokes it, with the reason', async () => {
  const { view, id } = await active();
  await end('U0OLGA', id, 'revoked');
  const ending = { state: 'ending', endCause: 'revoked', endedBy: 'T1:U0OLGA', endReason: 'no longer needed' };
  expect(await rig.grantOf(view)).toMatchObject(ending);
  const event = (await eventsOf(id)).find(({ type }) => type === 'grant.ending');
  expect(JSON.parse(event.data)).toEqual({ cause: 'revoked', reason: 'no longer needed' });
  expect(JSON.parse(event.actor)).toMatchObject({ id: 'T1:U0OLGA' });
});

test.each([
  ['return', 'done', 'grant_not_found'],
  ['revoke', 'revoked', 'not_an_admin'],
] as const)('a stranger to it cannot %s it', async (_, cause, code) => {
  const { view, id } = await active();
  await expect(end('U0MALLORY', id, cause)).rejects.toMatchObject({ code });
  expect(await rig.grantOf(view)).toMatchObject({ state: 'active' });
});

test('a second click changes nothing, and what is over is over', async () => {
  const { id } = await active();
  await Promise.all([end('U0ADA', id, 'done'), end('U0OLGA', id, 'revoked')]);
  expect((await eventsOf(id)).filter(({ type }) => type === 'grant.ending')).toHaveLength(1);
  await rig.settle();
  await expect(end('U0OLGA', id, 'revoked')).rejects.toMatchObject({ code: 'grant_not_live' });
});
