/** A request is judged by the policy of now, stored once with what it was judged by, and sent to those who may approve it. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CLIENT_SECTIONS, jobCaller } from '../../support/client-caller.ts';
import { policyOf, startIncidentRig } from '../incidents/incident-rig.ts';
import type { IncidentRig } from '../incidents/incident-rig.ts';

const RULES = `rules:
  - { name: Reads at once, match: { roles: ["users-db/read"] }, approve: true }
  - { name: Mallory never, match: { people: [mallory@acme.test] }, deny: Not you. }
  - { name: The rest needs an owner, require: { ticket: "^OPS-[0-9]+$" }, approvals: [{ from: owners }] }
${CLIENT_SECTIONS}`;

let rig: IncidentRig;
beforeEach(async () => {
  rig = await startIncidentRig();
  rig.setPolicy(policyOf(undefined, RULES));
});
afterEach(() => rig.close());

type Input = Parameters<IncidentRig['useCases']['createRequest']>[0];
const request = (changes: Partial<Input> = {}, verbs = rig.useCases) =>
  verbs.createRequest({
    userId: 'U0ADA',
    target: 'orders-db',
    role: 'write',
    durationMs: null,
    reason: 'repair order 1183 by hand',
    ticket: 'OPS-12',
    idempotencyKey: null,
    ...changes,
  });
const sent = async (changes: Partial<Input> = {}) => {
  const result = await request(changes);
  if (result.outcome !== 'sent') throw new Error(result.outcome);
  return result;
};
const requests = async (): Promise<number> => (await rig.pool.query('select 1 from requests')).rowCount ?? 0;
const lastEvent = async () => (await rig.events()).at(-1);

test('it waits for those whom its rule names, with the usual time, and the record says by which rule and policy', async () => {
  const { view, isRepeat } = await sent({ reason: '  repair <!channel> `order` 1183 ' });
  expect(isRepeat).toBe(false);
  expect(view.request).toMatchObject({
    state: 'pending',
    requesterId: 'T1:U0ADA',
    durationMs: 900_000,
    reason: 'repair <!channel> `order` 1183',
    rule: 'The rest needs an owner',
    policySha256: policyOf(undefined, RULES).sha256,
  });
  expect(view.request.requirements.map(({ label, count }) => [label, count])).toEqual([['owners', 1]]);
  expect(await lastEvent()).toMatchObject({ type: 'request.created', actor: { id: 'T1:U0ADA' } });
  expect((await rig.settle()).map(({ kind }) => kind)).toEqual(['notify']);
});

test('where a rule approves it the grant is opened in the same transaction', async () => {
  const { view } = await sent({ target: 'users-db', role: 'read', ticket: null });
  expect(view.request).toMatchObject({ state: 'approved', rule: 'Reads at once' });
  expect(view.grant).toMatchObject({ state: 'activating', granteeId: 'T1:U0ADA' });
  const types = (await rig.events()).map(({ type }) => type);
  expect(types).toEqual(['request.created', 'request.approved', 'grant.activating']);
});

describe('is stored by no rule', () => {
  test.each([
    ['without a reason', { reason: ' \n ' }, ['reason_missing']],
    ['without its ticket', { ticket: null }, ['ticket_missing']],
    ['with a ticket of another shape', { ticket: `OPS-1'; --` }, ['ticket_mismatch']],
    ['for too long', { durationMs: 7_200_000 }, ['duration_over_cap']],
    ['for less than nothing', { durationMs: -1 }, ['bad_duration']],
    ['for a role that is not there', { role: 'constructor' }, ['unknown_role']],
    ['for a target that is not there', { target: '__proto__' }, ['unknown_target']],
  ])('%s: it says what to fix, and the refusal is recorded', async (_, changes, codes) => {
    const result = await request(changes);
    expect(result).toMatchObject({ outcome: 'refused', problems: codes.map((code) => ({ code })) });
    expect(await requests()).toBe(0);
    expect(await lastEvent()).toMatchObject({ type: 'request.refused', data: { codes } });
  });

  test('a person whom a rule denies it', async () => {
    const result = await request({ userId: 'U0MALLORY' });
    expect(result).toMatchObject({ outcome: 'denied', verdict: { rule: 'Mallory never', message: 'Not you.' } });
    expect(await lastEvent()).toMatchObject({ data: { codes: ['denied_by_rule'], rule: 'Mallory never' } });
    expect(await requests()).toBe(0);
  });

  test('what no one could approve, and a look-up that fails is not taken for that', async () => {
    rig.setPolicy(policyOf(undefined, 'rules:\n  - { name: Ada alone, approvals: [{ from: ada@acme.test }] }'));
    await expect(request()).rejects.toMatchObject({ code: 'nobody_can_approve', facts: { isOnlyRequester: true } });
    expect(await lastEvent()).toMatchObject({ type: 'request.refused', data: { code: 'nobody_can_approve' } });
    rig.setPolicy(policyOf(undefined, RULES));
    rig.failing.add('dba');
    await expect(request()).rejects.toMatchObject({ code: 'lookup_failed' });
    expect(await requests()).toBe(0);
  });

  test('a deployment, which only its gate requests', async () => {
    await expect(request({ target: 'deployment:production', role: 'deploy' })).rejects.toMatchObject({
      code: 'unknown_target',
    });
  });

  test.each([
    ['in the past', { kind: 'at', at: new Date('2020-01-01T00:00:00Z') }, 'start_in_past'],
    ['too far ahead', { kind: 'after', afterMs: 400 * 86_400_000 }, 'start_too_far'],
  ] as const)('a start %s', async (_, start, code) => {
    await expect(request({ start })).rejects.toMatchObject({ code });
    expect(await requests()).toBe(0);
  });
});

test('one form delivered twice, to two processes, is one request', async () => {
  const form = { idempotencyKey: 'view:1' };
  const both = await Promise.all([request(form), request(form, rig.other)]);
  expect(both.filter((one) => one.outcome === 'sent' && one.isRepeat)).toHaveLength(1);
  expect(await requests()).toBe(1);
  expect((await rig.events()).filter(({ type }) => type === 'request.created')).toHaveLength(1);
  await sent();
  expect(await requests()).toBe(2);
});

test('no one has more open requests than one person may, however many come at the same moment', async () => {
  rig.setPolicy(policyOf(undefined, RULES, '{ open_requests: 2, live_grants: 9 }'));
  const all = await Promise.allSettled(
    Array.from({ length: 6 }, (_, at) => request({}, at % 2 ? rig.other : rig.useCases)),
  );
  expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
  for (const one of all) expect(one.status === 'fulfilled' || one.reason.code === 'open_requests_reached').toBe(true);
  expect(await requests()).toBe(2);
});

test('what the person has and awaits for the same role is said with it', async () => {
  const first = await sent();
  expect((await sent()).alreadyRequested).toMatchObject({ requestId: first.view.request.id });
  await rig.useCases.vote({ userId: 'U0OLGA', requestId: first.view.request.id, kind: 'approve', reason: null });
  await rig.settle();
  expect((await sent()).alreadyHas).toMatchObject({ id: (await rig.grantOf(first.view)).id });
});

test('a client requests as itself, with its job, and those who started the job never approve it', async () => {
  const caller = jobCaller({}, ['U0OLGA']);
  const wanted = { target: 'orders-db', role: 'read', durationMs: null, reason: 'migrate the orders', ticket: 'OPS-1' };
  const result = await rig.verbs.createRequest({ ...wanted, caller, idempotencyKey: null });
  if (result.outcome !== 'sent') throw new Error(result.outcome);
  const { request: made } = result.view;
  expect(made).toMatchObject({ requesterId: 'client:api-deploy', job: { run: '4711' }, state: 'pending' });
  expect(made.startedBy).toContain('U0OLGA');
  const vote = (userId: string) => rig.useCases.vote({ userId, requestId: made.id, kind: 'approve', reason: null });
  await expect(vote('U0OLGA')).rejects.toMatchObject({ code: 'own_request' });
  expect(await vote('U0SAM')).toMatchObject({ outcome: 'decided' });
});
