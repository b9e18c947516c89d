/** Access that its target refuses until a person has fixed something waits, approved, and is set up when it is fixed. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { policyOf, startIncidentRig } from '../incidents/incident-rig.ts';
import type { IncidentRig } from '../incidents/incident-rig.ts';

const RULES = 'rules:\n  - { name: An owner agrees, approvals: [{ from: owners }] }\nadmins: [sre]';
const PROBLEM = 'The group app_read is missing. CREATE ROLE app_read;';

let rig: IncidentRig;
beforeEach(async () => {
  rig = await startIncidentRig();
  rig.setPolicy(policyOf(undefined, RULES));
});
afterEach(() => rig.close());

const breaks = (): void => {
  rig.refusal.is = { kind: 'misconfigured', message: PROBLEM, isRetried: false, isUntouched: true };
  rig.problems.set('orders-db', PROBLEM);
};
const isFixed = (): void => {
  rig.refusal.is = null;
  rig.problems.clear();
};
const held = async () => {
  breaks();
  const view = await rig.ask({ incidentChannelId: null });
  await rig.useCases.vote({ userId: 'U0OLGA', requestId: view.request.id, kind: 'approve', reason: null });
  await rig.settle();
  return { view, id: (await rig.grantOf(view)).id };
};
const tryAgain = (userId: string, grantId: string) => rig.useCases.tryAgain({ userId, grantId });
const typesOf = async (id: string): Promise<string[]> =>
  (
    await rig.pool.query<{ type: string }>('select type from audit_events where grant_id = $1 order by id', [id])
  ).rows.map(({ type }) => type);

test('it waits with nothing in the target, and is set up by a click once it is fixed', async () => {
  const { view, id } = await held();
  expect(await rig.grantOf(view)).toMatchObject({
    state: 'activating',
    lastErrorKind: 'misconfigured',
    lastError: PROBLEM,
  });
  expect([...rig.made]).toEqual([]);
  isFixed();
  expect(await tryAgain('U0ADA', id)).toEqual({ outcome: 'begun' });
  await rig.settle();
  expect(await rig.grantOf(view)).toMatchObject({ state: 'active' });
  expect((await typesOf(id)).slice(2)).toEqual(['grant.held', 'grant.retry_requested', 'grant.active']);
});

test('what is not fixed changes nothing: those in charge read why, the requester does not', async () => {
  const { view, id } = await held();
  const before = await typesOf(id);
  expect(await tryAgain('U0OLGA', id)).toEqual({ outcome: 'not_fixed', problem: PROBLEM });
  expect(await tryAgain('U0RITA', id)).toEqual({ outcome: 'not_fixed', problem: PROBLEM });
  expect(await tryAgain('U0ADA', id)).toEqual({ outcome: 'not_fixed', problem: null });
  expect(await typesOf(id)).toEqual(before);
  expect((await rig.grantOf(view)).state).toBe('activating');
});

test('nobody else may try, and the refusal is recorded', async () => {
  const { id } = await held();
  isFixed();
  await expect(tryAgain('U0MALLORY', id)).rejects.toMatchObject({
    code: 'not_a_helper',
    facts: { target: 'orders-db' },
  });
  expect((await typesOf(id)).at(-1)).toBe('grant.retry_refused');
});

test('two clicks at the same moment make it once', async () => {
  const { view, id } = await held();
  isFixed();
  await Promise.all([tryAgain('U0ADA', id), tryAgain('U0OLGA', id)]);
  await Promise.all([rig.useCases.activate({ grantId: id }), rig.other.activate({ grantId: id })]);
  await rig.settle();
  expect(await rig.grantOf(view)).toMatchObject({ state: 'active' });
  expect((await typesOf(id)).filter((type) => type === 'grant.active')).toHaveLength(1);
});

test('there is nothing to try where nothing waits', async () => {
  const view = await rig.ask({ incidentChannelId: null });
  await rig.useCases.vote({ userId: 'U0OLGA', requestId: view.request.id, kind: 'approve', reason: null });
  await rig.settle();
  const { id } = await rig.grantOf(view);
  await expect(tryAgain('U0ADA', id)).rejects.toMatchObject({ code: 'retry_needless', facts: { state: 'active' } });
  await expect(tryAgain('U0ADA', 'none')).rejects.toMatchObject({ code: 'grant_not_found' });
});

describe('without a click', () => {
  const due = () => rig.pool.query('update grants set next_attempt_at = clock_timestamp()');

  test('it is looked at again, and set up when it is fixed', async () => {
    const { view, id } = await held();
    await due();
    await rig.useCases.activate({ grantId: id });
    expect((await rig.grantOf(view)).state).toBe('activating');
    isFixed();
    await due();
    await rig.useCases.activate({ grantId: id });
    expect((await rig.grantOf(view)).state).toBe('active');
  });

  test('it is judged again: what the rules deny by then is not set up', async () => {
    const { view, id } = await held();
    isFixed();
    rig.setPolicy(policyOf(undefined, 'rules:\n  - { name: Freeze, deny: Not today. }\nadmins: [sre]'));
    await due();
    await rig.useCases.activate({ grantId: id });
    expect(await rig.grantOf(view)).toMatchObject({
      state: 'ending',
      endCause: 'not_started',
      endReason: 'Not today.',
    });
    expect([...rig.made]).toEqual([]);
  });

  test('it fails when the time of its approval is over', async () => {
    const { view, id } = await held();
    await rig.pool.query(`update grants set created_at = clock_timestamp() - interval '2 days'`);
    await due();
    await rig.useCases.activate({ grantId: id });
    expect(await rig.grantOf(view)).toMatchObject({ state: 'failed' });
    expect((await typesOf(id)).at(-1)).toBe('grant.failed');
  });
});
