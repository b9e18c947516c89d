/** More time for access that one has is judged as a request for the whole of it, by the policy of now. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { policyOf, startIncidentRig } from '../incidents/incident-rig.ts';
import type { IncidentRig } from '../incidents/incident-rig.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const RULES = `rules:
  - { name: Reads at once, match: { roles: ["*/read"] }, approve: true }
  - { name: The rest needs an owner, approvals: [{ from: owners }] }`;

let rig: IncidentRig;
beforeEach(async () => {
  rig = await startIncidentRig();
  rig.setPolicy(policyOf(undefined, RULES));
});
afterEach(() => rig.close());

const active = async (role = 'read', durationMs = HOUR_MS) => {
  const view = await rig.ask({ role, durationMs, incidentChannelId: null });
  if (view.request.state === 'pending')
    await rig.useCases.vote({ userId: 'U0OLGA', requestId: view.request.id, kind: 'approve', reason: null });
  await rig.settle();
  return rig.grantOf(view);
};
type Changes = Partial<Parameters<IncidentRig['useCases']['extend']>[0]>;
const extend = (changes: Changes = {}, verbs = rig.useCases) =>
  verbs.extend({
    userId: 'U0ADA',
    id: null,
    byMs: null,
    reason: null,
    deadline: null,
    idempotencyKey: null,
    ...changes,
  });
const sent = async (changes: Changes = {}) => {
  const result = await extend(changes);
  if (result.outcome !== 'sent') throw new Error(result.outcome);
  return result;
};
const endOf = async (id: string): Promise<number> => (await rig.store.read.grant(id))?.expiresAt.getTime() ?? 0;

test('where a rule approves the whole time the end moves by as much, and not before the target confirms it', async () => {
  const { id, expiresAt } = await active();
  const { view } = await sent({ byMs: 20 * MINUTE_MS });
  expect(view.request).toMatchObject({
    state: 'approved',
    rule: 'Reads at once',
    durationMs: HOUR_MS + 20 * MINUTE_MS,
  });
  expect(await endOf(id)).toBe(expiresAt.getTime());
  await rig.useCases.finishExtension({ requestId: view.request.id });
  expect(await endOf(id)).toBe(expiresAt.getTime() + 20 * MINUTE_MS);
});

test('where a rule needs approvers the request waits for them, and the end stays until they agree', async () => {
  const { id, expiresAt } = await active('write', 30 * MINUTE_MS);
  const { view } = await sent({ byMs: 10 * MINUTE_MS, reason: ' still repairing ' });
  expect(view.request).toMatchObject({ state: 'pending', extendsGrantId: id, reason: 'still repairing' });
  // It waits until the access ends, and not for the four hours of the policy.
  expect(view.request.lapsesAt.getTime()).toBeLessThan(expiresAt.getTime() + MINUTE_MS);
  await expect(
    rig.useCases.vote({ userId: 'U0ADA', requestId: view.request.id, kind: 'approve', reason: null }),
  ).rejects.toMatchObject({ code: 'own_request' });
  await rig.useCases.vote({ userId: 'U0OLGA', requestId: view.request.id, kind: 'approve', reason: null });
  await rig.useCases.finishExtension({ requestId: view.request.id });
  expect(await endOf(id)).toBe(expiresAt.getTime() + 10 * MINUTE_MS);
});

test('half an hour is usual, and what the cap leaves where that is less', async () => {
  await active('write', 40 * MINUTE_MS);
  expect((await sent()).view.request.extendsByMs).toBe(20 * MINUTE_MS);
});

test('who is behind the first request approves no more time of it either', async () => {
  const { requestId } = await active('write', 30 * MINUTE_MS);
  await rig.pool.query(`update requests set started_by = '["U0SAM"]' where id = $1`, [requestId]);
  const { view } = await sent({ byMs: 10 * MINUTE_MS });
  const vote = (userId: string) =>
    rig.useCases.vote({ userId, requestId: view.request.id, kind: 'approve', reason: null });
  await expect(vote('U0SAM')).rejects.toMatchObject({ code: 'own_request' });
  expect(await vote('U0OLGA')).toMatchObject({ outcome: 'decided' });
});

describe('is refused', () => {
  test('for access of another person, and where it is not clear which', async () => {
    const { id } = await active();
    await expect(extend({ userId: 'U0OLGA', id })).rejects.toMatchObject({ code: 'grant_not_found' });
    await expect(extend({ userId: 'U0OLGA' })).rejects.toMatchObject({ code: 'grant_not_found' });
    await expect(extend({ id: `%' or '1'='1` })).rejects.toMatchObject({ code: 'grant_not_found' });
    const other = await active('write', 10 * MINUTE_MS);
    await expect(extend()).rejects.toMatchObject({
      code: 'ambiguous_id',
      facts: { ids: expect.arrayContaining([id, other.id]) },
    });
  });

  test.each([
    ['beyond the cap', 3 * HOUR_MS + MINUTE_MS, 'extend_over_cap'],
    ['by nothing', 0, 'bad_duration'],
    ['backwards', -MINUTE_MS, 'bad_duration'],
    ['by what is no number', Number.NaN, 'bad_duration'],
  ])('%s', async (_, byMs, code) => {
    const { id, expiresAt } = await active();
    await expect(extend({ byMs })).rejects.toMatchObject({ code });
    expect(await endOf(id)).toBe(expiresAt.getTime());
  });

  test('at the cap, by whatever small steps it came there', async () => {
    await active('write', 50 * MINUTE_MS);
    const { view } = await sent({ byMs: 10 * MINUTE_MS });
    await rig.useCases.vote({ userId: 'U0OLGA', requestId: view.request.id, kind: 'approve', reason: null });
    await rig.useCases.finishExtension({ requestId: view.request.id });
    await expect(extend()).rejects.toMatchObject({ code: 'extend_at_cap', facts: { capMs: HOUR_MS } });
    await expect(extend({ byMs: 1 })).rejects.toMatchObject({ code: 'extend_at_cap' });
  });

  test('once it has ended or is due', async () => {
    const { id } = await active();
    await rig.pool.query('update grants set expires_at = clock_timestamp() where id = $1', [id]);
    await expect(extend({ id })).rejects.toMatchObject({ code: 'extend_ended' });
    await rig.useCases.end({ userId: 'U0ADA', id, cause: 'done', reason: null });
    await rig.settle();
    await expect(extend({ id })).rejects.toMatchObject({ code: 'extend_ended' });
  });

  test('where a rule denies it by now: nothing moves, and the refusal is recorded with the grant', async () => {
    const { id, expiresAt } = await active();
    rig.setPolicy(policyOf(undefined, 'rules:\n  - { name: Freeze, deny: Not today. }'));
    expect(await extend()).toMatchObject({ outcome: 'denied', verdict: { message: 'Not today.' } });
    expect(await endOf(id)).toBe(expiresAt.getTime());
    const refused = (await rig.events()).at(-1);
    expect(refused).toMatchObject({ type: 'request.refused', data: { codes: ['denied_by_rule'], extends: id } });
  });

  test('where no one could approve it', async () => {
    await active('write', 10 * MINUTE_MS);
    rig.setPolicy(policyOf(undefined, 'rules:\n  - { name: Ada alone, approvals: [{ from: ada@acme.test }] }'));
    await expect(extend()).rejects.toMatchObject({ code: 'nobody_can_approve', facts: { isOnlyRequester: true } });
  });

  test('where it ends with its incident, since a later end of its own would change nothing', async () => {
    await rig.note();
    const view = await rig.ask({ role: 'read' });
    await rig.settle();
    await rig.useCases.closeIncident({ userId: 'U0OSCAR', channelId: 'C0INC' });
    await expect(extend({ id: (await rig.grantOf(view)).id })).rejects.toMatchObject({ code: 'extend_with_incident' });
  });
});

describe('a second click', () => {
  test('on the end that was shown before is too late, and moves nothing', async () => {
    const { id, expiresAt } = await active();
    const { view } = await sent({ deadline: 0, byMs: MINUTE_MS });
    await expect(extend({ deadline: 0 })).rejects.toMatchObject({ code: 'extend_pending' });
    await rig.useCases.finishExtension({ requestId: view.request.id });
    await expect(extend({ deadline: 0 })).rejects.toMatchObject({ code: 'extend_stale' });
    expect(await endOf(id)).toBe(expiresAt.getTime() + MINUTE_MS);
  });

  test('at the same moment, in another process, is not a second extension', async () => {
    await active();
    const both = await Promise.allSettled([extend(), extend({}, rig.other)]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(both.find((one) => one.status === 'rejected')?.reason).toMatchObject({ code: 'extend_pending' });
  });

  test('that is one delivered twice is one request', async () => {
    await active();
    const [one, two] = await Promise.all([sent({ idempotencyKey: 'action:1' }), sent({ idempotencyKey: 'action:1' })]);
    expect(two.view.request.id).toBe(one.view.request.id);
    expect([one, two].filter(({ isRepeat }) => isRepeat)).toHaveLength(1);
  });

  test.each(['waits', 'is done'])(
    'that is delivered again when the first %s is answered as the first',
    async (when) => {
      const { id } = await active();
      const one = await sent({ byMs: MINUTE_MS, idempotencyKey: 'action:1', deadline: 0 });
      if (when === 'is done') await rig.useCases.finishExtension({ requestId: one.view.request.id });
      const end = await endOf(id);
      const two = await sent({ byMs: MINUTE_MS, idempotencyKey: 'action:1', deadline: 0 });
      expect([two.view.request.id, two.isRepeat]).toEqual([one.view.request.id, true]);
      expect(await endOf(id)).toBe(end);
    },
  );
});
