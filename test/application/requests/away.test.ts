import { afterAll, beforeAll, expect, test } from 'vitest';
import { startIncidentRig } from '../incidents/incident-rig.ts';
import type { IncidentRig } from '../incidents/incident-rig.ts';

let rig: IncidentRig;
beforeAll(async () => {
  rig = await startIncidentRig();
});
afterAll(() => rig.close());

const setAway = (userId: string, delegateUserId: string | null, when = '3d') =>
  rig.useCases.setAway({ userId, when, delegateUserId });

test('a delegate votes on behalf of an approver who is away, and no longer once they are back', async () => {
  await setAway('U0OLGA', 'U0MALLORY');
  const vote = (requestId: string) =>
    rig.useCases.vote({ userId: 'U0MALLORY', requestId, kind: 'approve', reason: null });
  const first = await rig.ask({ role: 'write', incidentChannelId: null });
  expect(await vote(first.request.id)).toMatchObject({ outcome: 'decided' });
  const cast = (await rig.events()).findLast(({ type }) => type === 'vote.cast');
  expect(cast).toMatchObject({ actor: { id: 'T1:U0MALLORY' }, data: { onBehalfOf: 'T1:U0OLGA' } });
  await rig.useCases.endAway({ userId: 'U0OLGA' });
  const second = await rig.ask({ role: 'write', incidentChannelId: null });
  await expect(vote(second.request.id)).rejects.toMatchObject({ code: 'not_an_approver' });
});

test('it is shown, recorded, and refreshes what is pending', async () => {
  const { request } = await rig.ask({ role: 'write', incidentChannelId: null });
  await rig.settle();
  const { until } = await setAway('U0SAM', null);
  expect(await rig.useCases.showAway({ userId: 'U0SAM' })).toMatchObject({ until, delegate: null });
  expect((await rig.events()).at(-1)).toMatchObject({ type: 'absence.set', data: { until: until.toISOString() } });
  expect((await rig.settle()).map(({ kind, subjectId }) => `${kind} ${subjectId}`)).toContain(`notify ${request.id}`);
  await rig.useCases.endAway({ userId: 'U0SAM' });
  expect(await rig.useCases.showAway({ userId: 'U0SAM' })).toBeNull();
  expect((await rig.events()).at(-1)).toMatchObject({ type: 'absence.ended' });
});

test.each([
  { what: 'a time that cannot be read', when: 'whenever', delegate: null, code: 'absence_unreadable' },
  { what: 'themself as delegate', when: '3d', delegate: 'U0RITA', code: 'delegate_self' },
  { what: 'a delegate whom nobody knows', when: '3d', delegate: 'U0GHOST', code: 'delegate_unfit' },
])('$what is refused', async ({ when, delegate, code }) => {
  await expect(setAway('U0RITA', delegate, when)).rejects.toMatchObject({ code });
  expect(await rig.useCases.showAway({ userId: 'U0RITA' })).toBeNull();
});

test('who is not away cannot come back', async () => {
  await expect(rig.useCases.endAway({ userId: 'U0ADA' })).rejects.toMatchObject({ code: 'absence_none' });
});
