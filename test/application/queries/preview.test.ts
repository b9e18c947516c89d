/** What would happen if a request were sent is what happens when it is; the preview itself leaves no trace. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { policyOf, startIncidentRig } from '../incidents/incident-rig.ts';
import type { IncidentRig } from '../incidents/incident-rig.ts';

let rig: IncidentRig;
beforeEach(async () => {
  rig = await startIncidentRig();
});
afterEach(() => rig.close());

type Changes = Partial<Parameters<IncidentRig['useCases']['preview']>[0]>;
const preview = (changes: Changes = {}) =>
  rig.useCases.preview({
    userId: 'U0ADA',
    target: 'orders-db',
    role: 'write',
    durationMs: null,
    reason: 'repair order 1183 by hand',
    ticket: null,
    ...changes,
  });
const limited = (limits: string) =>
  policyOf(undefined, 'rules:\n  - { name: An owner agrees, approvals: [{ from: owners }] }', limits);

test('it shows the rule, who would be asked, and the length that is usual', async () => {
  const { verdict, eligible, limit, alreadyHas, mayBreakGlass, allowedBy } = await preview();
  expect(verdict).toMatchObject({ decision: 'ask', rule: 'The rest needs an owner', problems: [] });
  expect(eligible.map(({ label, people }) => [label, people.map(({ name }) => name).toSorted()])).toEqual([
    ['owners', ['Olga', 'Sam']],
  ]);
  expect({ limit, alreadyHas, mayBreakGlass, allowedBy }).toEqual({
    limit: null,
    alreadyHas: null,
    mayBreakGlass: false,
    allowedBy: [],
  });
  expect((await preview({ userId: 'U0OSCAR' })).mayBreakGlass).toBe(true);
});

test.each([
  ['a reason that is missing', { reason: '  ' }, ['reason_missing']],
  ['too long a time', { durationMs: 86_400_000 }, ['duration_over_cap']],
  ['a role that is not there', { role: '__proto__' }, ['unknown_role']],
  ['a target that is not there', { target: 'constructor' }, ['unknown_target']],
])('%s is said before it is sent', async (_, changes, codes) => {
  const found = (await preview(changes)).verdict.problems.map(({ code }) => code);
  expect(found).toEqual(codes);
});

test('nothing is stored, sent or recorded', async () => {
  const counts = () =>
    Promise.all(
      ['requests', 'audit_events', 'outbox', 'people'].map(
        async (table) => (await rig.pool.query(`select count(*)::int as n from ${table}`)).rows[0].n,
      ),
    );
  const before = await counts();
  await Promise.all([preview(), preview({ reason: '' }), preview({ target: `x'; drop table requests; --` })]);
  expect(await counts()).toEqual(before);
});

test('in the channel of an open incident it is judged as part of it', async () => {
  await rig.note();
  expect((await preview({ role: 'read' })).verdict.decision).toBe('ask');
  const { verdict } = await preview({ role: 'read', incidentChannelId: 'C0INC' });
  const sent = await rig.ask({ role: 'read' });
  expect([verdict.decision, verdict.rule]).toEqual(['approve', sent.request.rule]);
});

test('a pre-approval is named, and what the person has already', async () => {
  const of = { personUserId: 'U0ADA', target: 'orders-db', role: 'write', forMs: 3_600_000 };
  await rig.useCases.preApprove({ userId: 'U0OLGA', ...of });
  expect((await preview()).allowedBy.map(({ name }) => name)).toEqual(['Olga']);
  const view = await rig.ask({ role: 'write', incidentChannelId: null });
  await rig.settle();
  const { id, expiresAt } = await rig.grantOf(view);
  expect((await preview()).alreadyHas).toEqual({ id, expiresAt });
  expect((await preview({ userId: 'U0RITA' })).alreadyHas).toBeNull();
});

test('who has as much as one person may have reads so before sending', async () => {
  rig.setPolicy(limited('{ open_requests: 1, live_grants: 1 }'));
  const view = await rig.ask({ role: 'write', incidentChannelId: null });
  expect((await preview()).limit).toMatchObject({ code: 'open_requests_reached', facts: { max: 1, count: 1 } });
  await rig.useCases.vote({ userId: 'U0OLGA', requestId: view.request.id, kind: 'approve', reason: null });
  expect(await preview()).toMatchObject({ limit: null, liveFull: 1 });
});

test('what is wrong with the target is told, and holds nothing up', async () => {
  rig.problems.set('orders-db', 'The server does not answer.');
  expect(await preview()).toMatchObject({ targetProblem: 'The server does not answer.', verdict: { problems: [] } });
  expect((await preview({ target: 'users-db', role: 'read' })).targetProblem).toBeNull();
});
