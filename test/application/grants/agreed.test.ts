/** What was agreed to is what is given: no longer, no wider, not by another word, and not beyond what others looked at. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Policy } from '../../../src/domain/policy/types.ts';
import { policyOf, startIncidentRig } from '../incidents/incident-rig.ts';
import type { IncidentRig } from '../incidents/incident-rig.ts';

const INCIDENTS = 'channels: ["inc-*"], warning: 1s';
const HOUR_MS = 3_600_000;

let rig: IncidentRig;
beforeEach(async () => {
  rig = await startIncidentRig();
  await rig.note();
});
afterEach(() => rig.close());

const typesOf = async (type: string): Promise<Record<string, unknown>[]> =>
  (await rig.events()).filter((event) => event.type === type).map(({ data }) => data);

describe('access that is kept beyond its incident', () => {
  const rules = (more: string): string => `rules:
  - name: Long reads in an incident
    match: { roles: ["*/read"] }
    when: incident.open
    approve: true
  - name: Reads at once
    match: { roles: ["*/read"] }
    ${more}
    approve: true
  - name: The rest needs an owner
    approvals: [{ from: owners }]`;

  it.each([
    ['so long', 'max: 30m'],
    ['without a ticket', 'require: { ticket: "^OPS-[0-9]+$" }'],
    ['for so short a reason', 'require: { reason: 60 }'],
  ])('is none that the rules would not give %s', async (_, more) => {
    rig.setPolicy(policyOf(INCIDENTS, rules(more)));
    const view = await rig.ask({ durationMs: 4 * HOUR_MS });
    await rig.settle();
    await rig.useCases.closeIncident({ userId: 'U0OSCAR', channelId: 'C0INC' });
    const kept = rig.useCases.keepGrant({ userId: 'U0ADA', grantId: (await rig.grantOf(view)).id });
    await expect(kept).rejects.toMatchObject({ code: 'keep_denied', facts: { rule: 'Reads at once' } });
    await rig.warningIsOver();
    await rig.endIncidents();
    expect(await rig.grantOf(view)).toMatchObject({ state: 'removed' });
  });

  it('is what they give as it is', async () => {
    rig.setPolicy(policyOf(INCIDENTS, rules('max: 4h')));
    const view = await rig.ask({ durationMs: 4 * HOUR_MS });
    await rig.settle();
    await rig.useCases.closeIncident({ userId: 'U0OSCAR', channelId: 'C0INC' });
    const grantId = (await rig.grantOf(view)).id;
    expect(await rig.useCases.keepGrant({ userId: 'U0ADA', grantId })).toMatchObject({ isRepeat: false });
  });
});

describe('an approval ahead of time', () => {
  const later = (afterMs: number) => rig.ask({ role: 'write', start: { kind: 'after', afterMs } });
  const allow = () =>
    rig.useCases.preApprove({
      userId: 'U0OLGA',
      personUserId: 'U0ADA',
      target: 'orders-db',
      role: 'write',
      forMs: HOUR_MS,
    });

  it('is none for access that begins when it is over', async () => {
    await allow();
    expect((await later(2 * HOUR_MS)).request.state).toBe('pending');
    expect((await later(HOUR_MS / 2)).request.state).toBe('approved');
    expect((await rig.ask({ role: 'write' })).request.state).toBe('approved');
  });

  it('is no vote on such a request either', async () => {
    const two = `rules:
  - name: Two owners
    approvals: [{ from: owners, count: 2 }]`;
    rig.setPolicy(policyOf(INCIDENTS, two));
    await allow();
    const [waits, soon] = [await later(2 * HOUR_MS), await later(HOUR_MS / 2)];
    const vote = ({ request }: typeof waits) =>
      rig.useCases.vote({ userId: 'U0SAM', requestId: request.id, kind: 'approve', reason: null });
    expect(await vote(waits)).toMatchObject({ outcome: 'counted' });
    expect(await vote(soon)).toMatchObject({ outcome: 'decided' });
  });

  it('is not shown as one', async () => {
    await allow();
    const look = (afterMs: number) =>
      rig.useCases.preview({
        userId: 'U0ADA',
        target: 'orders-db',
        role: 'write',
        durationMs: null,
        reason: 'checkout errors since two',
        ticket: null,
        start: { kind: 'after', afterMs },
      });
    expect((await look(2 * HOUR_MS)).allowedBy).toEqual([]);
    expect((await look(HOUR_MS / 2)).allowedBy).toHaveLength(1);
  });
});

describe('break-glass access that is extended', () => {
  const take = async () => {
    const taken = await rig.useCases.breakGlass({
      userId: 'U0OSCAR',
      target: 'orders-db',
      role: 'write',
      durationMs: HOUR_MS / 4,
      reason: 'checkout is down and the job holds a lock',
      ticket: null,
      idempotencyKey: null,
    });
    if (taken.outcome !== 'sent') throw new Error(JSON.stringify(taken));
    await rig.settle();
    return (await rig.grantOf(taken.view)).id;
  };
  const extend = (id: string) =>
    rig.useCases.extend({
      userId: 'U0OSCAR',
      id,
      byMs: HOUR_MS / 2,
      reason: null,
      deadline: null,
      idempotencyKey: null,
    });
  const reviewOf = async (grantId: string) => {
    const { rows } = await rig.pool.query('select state, outcome, reviewer_id from reviews where grant_id = $1', [
      grantId,
    ]);
    return rows;
  };
  const close = (grantId: string) =>
    rig.useCases.closeReview({ userId: 'U0OLGA', grantId, outcome: 'justified', note: null });

  it('is reviewed again where it was reviewed before', async () => {
    const grantId = await take();
    await close(grantId);
    await extend(grantId);
    expect(await reviewOf(grantId)).toEqual([{ state: 'open', outcome: null, reviewer_id: null }]);
    expect(await typesOf('follow_up.opened')).toHaveLength(2);
    await close(grantId);
    expect(await reviewOf(grantId)).toMatchObject([{ state: 'closed', outcome: 'justified' }]);
    expect(await typesOf('follow_up.closed')).toHaveLength(2);
  });

  it('has one review where that waits', async () => {
    const grantId = await take();
    await extend(grantId);
    expect(await reviewOf(grantId)).toMatchObject([{ state: 'open' }]);
    expect(await typesOf('follow_up.opened')).toHaveLength(1);
  });
});

describe('the end of access that somebody else has', () => {
  it.each([
    ['an admin', 'admins: [mallory@acme.test]'],
    ['an admin by Slack id', 'admins: [U0MALLORY]'],
    ['an admin by group', 'admins: [dba]'],
  ])('is ordered by %s whom the policy names', async (_, admins) => {
    rig.setPolicy(policyOf(INCIDENTS, `rules:\n  - { name: All, approve: true }\n${admins}`));
    const id = (await rig.grantOf(await rig.ask())).id;
    const end = (userId: string) => rig.useCases.end({ userId, id, cause: 'revoked', reason: null });
    await expect(end('U0RITA')).rejects.toMatchObject({ code: 'not_an_admin' });
    await end(admins.includes('dba') ? 'U0SAM' : 'U0MALLORY');
    expect(await typesOf('grant.ending')).toHaveLength(1);
  });
});

/** Approved, and its target needs a fix. */
const hold = async (grantId: string): Promise<void> =>
  void (await rig.pool.query(
    `update grants set last_error_kind = 'misconfigured', last_error = 'no group', next_attempt_at = null where id = $1`,
    [grantId],
  ));

const rescoped = (policy: Policy): Policy => {
  const target = policy.targets['orders-db'];
  const role = target?.roles['write'];
  if (!target || !role) throw new Error('no role');
  const write = { ...role, scope: { member_of: ['app_write', 'app_pii'] } };
  return { ...policy, targets: { ...policy.targets, 'orders-db': { ...target, roles: { ...target.roles, write } } } };
};

describe('access that waits for a fix of its target', () => {
  const agreed = async () => {
    const view = await rig.ask({ role: 'write' });
    await rig.useCases.vote({ userId: 'U0OLGA', requestId: view.request.id, kind: 'approve', reason: null });
    await hold((await rig.grantOf(view)).id);
    return view;
  };
  const other = `rules:
  - name: The rest needs an owner
    approvals: [{ from: owners }, { from: sre }]`;

  it('is not set up as another role than the one agreed to', async () => {
    const view = await agreed();
    rig.setPolicy(rescoped(policyOf(INCIDENTS, other)));
    await rig.settle();
    expect(await rig.grantOf(view)).toMatchObject({ state: 'removed', endCause: 'not_started' });
    expect(rig.made).toEqual(new Set());
    expect(await typesOf('grant.rescoped')).toEqual([]);
  });

  it('is set up as it was agreed to, whoever is asked by now', async () => {
    const view = await agreed();
    rig.setPolicy(policyOf(INCIDENTS, other));
    await rig.useCases.activate({ grantId: (await rig.grantOf(view)).id });
    expect(await rig.grantOf(view)).toMatchObject({ state: 'active', scope: { member_of: ['app_write'] } });
  });

  const taken = async () => {
    const result = await rig.useCases.breakGlass({
      userId: 'U0OSCAR',
      target: 'orders-db',
      role: 'write',
      durationMs: null,
      reason: 'checkout is down and the job holds a lock',
      ticket: null,
      idempotencyKey: null,
    });
    if (result.outcome !== 'sent') throw new Error(JSON.stringify(result));
    await hold((await rig.grantOf(result.view)).id);
    return result.view;
  };

  it('overrides by break-glass what it overrode when it was taken', async () => {
    rig.setPolicy(policyOf(INCIDENTS, 'rules:\n  - { name: Freeze, deny: Not before Christmas. }'));
    const view = await taken();
    await rig.settle();
    expect(await rig.grantOf(view)).toMatchObject({ state: 'active' });
  });

  it('is not theirs who may not break glass any more', async () => {
    const view = await taken();
    const policy = policyOf();
    const { breakGlass } = policy;
    rig.setPolicy({ ...policy, breakGlass: breakGlass && { ...breakGlass, who: ['sre'] } });
    await rig.settle();
    expect(await rig.grantOf(view)).toMatchObject({ state: 'removed', endCause: 'not_started' });
    expect(rig.made).toEqual(new Set());
  });
});
