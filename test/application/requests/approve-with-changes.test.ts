/** An approver agrees to less than was requested: shorter, or a smaller role of the same target, and never to more. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fingerprintOf } from '../../../src/domain/requests/fingerprint.ts';
import { policyOf, startIncidentRig } from '../incidents/incident-rig.ts';
import type { IncidentRig } from '../incidents/incident-rig.ts';

const HOUR_MS = 3_600_000;
const [WRITES, REST] = ['Writes need an owner and an SRE', 'The rest needs an owner'];
const RULES = `rules:
  - { name: ${WRITES}, match: { roles: ["*/write"] }, approvals: [{ from: owners }, { from: sre }] }
  - { name: ${REST}, approvals: [{ from: owners }] }`;

let rig: IncidentRig;
beforeEach(async () => {
  rig = await startIncidentRig();
  rig.setPolicy(policyOf(undefined, RULES));
});
afterEach(() => rig.close());

const waiting = async (role = 'write', durationMs = HOUR_MS) =>
  (await rig.ask({ role, durationMs, incidentChannelId: null })).request.id;
type Change = Partial<Parameters<IncidentRig['useCases']['approveWithChanges']>[0]>;
const change = (requestId: string, changes: Change, verbs = rig.useCases) =>
  verbs.approveWithChanges({ userId: 'U0OLGA', requestId, role: null, durationMs: null, note: null, ...changes });
const vote = (userId: string, requestId: string, shown: string | null = null) =>
  rig.useCases.vote({ userId, requestId, kind: 'approve', reason: null, shown });
const viewOf = async (id: string) => {
  const view = await rig.store.read.view(id);
  if (!view) throw new Error('there is no request');
  return view;
};

test('less is judged by its own rule, given at once where that is filled, and both terms are kept', async () => {
  const id = await waiting();
  const note = 'the replica lags, <@U0SAM> knows';
  expect(await change(id, { role: 'read', durationMs: 1_800_000, note })).toMatchObject({ outcome: 'decided' });
  const { request, grant } = await viewOf(id);
  expect(request).toMatchObject({ state: 'approved', role: 'read', durationMs: 1_800_000, rule: REST });
  expect(grant).toMatchObject({ role: 'read', durationMs: 1_800_000 });
  const terms = { before: { role: 'write', durationMs: HOUR_MS }, after: { role: 'read', durationMs: 1_800_000 } };
  expect(request.changes).toMatchObject([{ byPersonId: 'T1:U0OLGA', ...terms, note }]);
  expect((await rig.events()).find(({ type }) => type === 'request.changed')?.data).toMatchObject({ ...terms, note });
});

test('it counts as an approval, and earlier ones count for less too', async () => {
  const id = await waiting();
  expect(await change(id, { durationMs: 600_000 })).toMatchObject({ outcome: 'counted' });
  expect(await vote('U0RITA', id, fingerprintOf((await viewOf(id)).request))).toMatchObject({ outcome: 'decided' });
  const other = await waiting();
  await vote('U0RITA', other);
  expect(await change(other, { durationMs: 600_000 })).toMatchObject({ outcome: 'decided' });
  expect((await viewOf(other)).grant).toMatchObject({ role: 'write', durationMs: 600_000 });
});

describe('is refused', () => {
  test.each([
    ['a longer time', { durationMs: 2 * HOUR_MS }, 'change_longer'],
    ['what was requested', { durationMs: HOUR_MS }, 'change_nothing'],
    ['no time at all', { durationMs: 0 }, 'bad_duration'],
    ['time that is no number', { durationMs: Number.NaN }, 'bad_duration'],
    ['a role that is not there', { role: 'admin', durationMs: 60_000 }, 'unknown_role'],
    ['a role that every object has', { role: 'constructor', durationMs: 60_000 }, 'unknown_role'],
  ])('%s', async (_, changes, code) => {
    const id = await waiting();
    await expect(change(id, changes)).rejects.toMatchObject({ code });
    expect(await viewOf(id)).toMatchObject({ votes: [], request: { role: 'write', durationMs: HOUR_MS, changes: [] } });
  });

  test('a role that is sensitive, where what was requested is not', async () => {
    const id = await waiting('read', 600_000);
    await expect(change(id, { role: 'write' })).rejects.toMatchObject({ code: 'change_sensitive' });
  });

  test('by the requester, and by who may not approve what it becomes', async () => {
    const id = await waiting();
    await expect(change(id, { userId: 'U0ADA', durationMs: 60_000 })).rejects.toMatchObject({ code: 'own_request' });
    // Rita may approve the write, and not the read.
    await expect(change(id, { userId: 'U0RITA', role: 'read' })).rejects.toMatchObject({ code: 'not_an_approver' });
    await expect(change(id, { userId: 'U0MALLORY', durationMs: 60_000 })).rejects.toMatchObject({
      code: 'not_an_approver',
    });
    expect((await viewOf(id)).request.role).toBe('write');
    expect((await rig.events()).filter(({ type }) => type === 'vote.refused')).toHaveLength(3);
  });

  test('a role whose rule needs more people, or denies it', async () => {
    const rules = (effect: string) => `rules:
  - { name: Reads, match: { roles: ["*/read"] }, ${effect} }
  - { name: ${REST}, approvals: [{ from: owners }] }`;
    rig.setPolicy(policyOf(undefined, rules('approvals: [{ from: owners, count: 2 }]')));
    const id = await waiting();
    await expect(change(id, { role: 'read' })).rejects.toMatchObject({
      code: 'change_more_people',
      facts: { before: 1, after: 2, rule: 'Reads' },
    });
    rig.setPolicy(policyOf(undefined, rules('deny: Nobody reads.')));
    await expect(change(id, { role: 'read' })).rejects.toMatchObject({
      code: 'change_denied',
      facts: { message: 'Nobody reads.' },
    });
  });

  test('more time for a grant: that is approved or denied as it is', async () => {
    const first = await waiting('read', 600_000);
    await vote('U0OLGA', first);
    await rig.settle();
    const more = { userId: 'U0ADA', id: null, byMs: 600_000, reason: null, deadline: null, idempotencyKey: null };
    const sent = await rig.useCases.extend(more);
    if (sent.outcome !== 'sent') throw new Error(sent.outcome);
    await expect(change(sent.view.request.id, { durationMs: 60_000 })).rejects.toMatchObject({
      code: 'change_extension',
    });
  });
});

test('of two changes at the same moment one counts, and the other is refused without a trace', async () => {
  const id = await waiting();
  const both = await Promise.allSettled([
    change(id, { durationMs: 600_000 }),
    change(id, { userId: 'U0SAM', durationMs: 1_200_000 }, rig.other),
  ]);
  expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  expect(both.find((one) => one.status === 'rejected')?.reason).toMatchObject({ code: 'request_changed' });
  const { request, votes } = await viewOf(id);
  expect([request.changes.length, votes.length]).toEqual([1, 1]);
  expect(votes[0]?.voterId).toBe(request.changes[0]?.byPersonId);
});

test('what is decided or withdrawn is changed no more', async () => {
  const [decided, withdrawn] = [await waiting('read'), await waiting()];
  await vote('U0OLGA', decided);
  await rig.useCases.cancel({ userId: 'U0ADA', requestId: withdrawn });
  await expect(change(decided, { durationMs: 60_000 })).rejects.toMatchObject({ code: 'already_decided' });
  await expect(change(withdrawn, { durationMs: 60_000 })).rejects.toMatchObject({ code: 'already_cancelled' });
  await expect(change('none', { durationMs: 60_000 })).rejects.toMatchObject({ code: 'request_not_found' });
});
