/** A job takes over what was prepared for its client: once, however many call at once, and never where its own person decided. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { requestOfJob } from '../../../src/application/requests/request-of-job.ts';
import type { CreateRequestResult } from '../../../src/application/requests/request-types.ts';
import type { ClientJob } from '../../../src/domain/principals/client.ts';
import { CLIENT_SECTIONS, jobCaller } from '../../support/client-caller.ts';
import { policyOf, startIncidentRig } from '../incidents/incident-rig.ts';
import type { IncidentRig } from '../incidents/incident-rig.ts';

const INCIDENTS = 'channels: ["inc-*"], warning: 1s';
const WINDOW = `windows: { day: { from: "00:00", to: "24:00" } }
${CLIENT_SECTIONS}rules: [{ name: An owner, approvals: [{ from: owners }] }]`;
const freeze = (
  more = '',
): string => `freezes: { peak: { from: 2020-01-01, to: 2099-01-04, why: Peak season, override: [on-call] } }
${more}${CLIENT_SECTIONS}accounts: { github: { "3003": oscar@acme.test, "4004": mallory@acme.test } }
rules:
  - { name: Not at peak, match: { clients: [api-deploy] }, when: '"peak" in freezes', deny: Peak season. }
  - { name: Else at once, match: { clients: [api-deploy] }, approve: true }`;

let rig: IncidentRig;
afterEach(() => rig.close());

const requestBy = (job: Partial<ClientJob>): Promise<CreateRequestResult> =>
  requestOfJob(rig.deps, {
    caller: jobCaller(job),
    target: 'orders-db',
    role: 'read',
    durationMs: null,
    reason: 'repair the orders by hand',
    ticket: null,
    window: null,
    plan: null,
    clientKey: null,
  });

describe('with few connections', () => {
  const JOBS = 11;
  const allowed = async () => {
    const result = await rig.useCases.allowClient({
      userId: 'U0OLGA',
      client: 'api-deploy',
      target: 'orders-db',
      role: 'read',
      durationMs: null,
      reason: 'nightly report of orders',
      ticket: null,
      window: 'day',
    });
    if (result.outcome !== 'allowed') throw new Error(result.outcome);
    expect(result.view).toMatchObject({ request: { state: 'approved' }, grant: { state: 'activating' } });
    return result.view.request;
  };

  test.each([1, 2, 10])(
    'many jobs at once wait for no connection that another of them holds: of %i',
    async (connections) => {
      rig = await startIncidentRig(connections);
      rig.setPolicy(policyOf(INCIDENTS, WINDOW));
      const { id } = await allowed();
      const jobs = Array.from({ length: JOBS }, (_, at) => ({ key: `job ${at}`, run: String(at) }));
      const results = await Promise.all(jobs.map(requestBy));
      const ids = results.map((result) => (result.outcome === 'sent' ? result.view.request.id : result.outcome));
      expect(ids.filter((one) => one === id)).toHaveLength(1);
      expect(new Set(ids).size).toBe(JOBS);
      const claims = (await rig.events()).filter(({ type }) => type === 'request.claimed');
      expect(claims).toHaveLength(1);
    },
  );

  test('no verb reads by another connection than that of its transaction', async () => {
    rig = await startIncidentRig(1);
    await rig.note();
    const view = await rig.ask({ role: 'write' });
    const { id: requestId } = view.request;
    await rig.useCases.vote({ userId: 'U0OLGA', requestId, kind: 'approve', reason: null });
    await rig.settle();
    await rig.useCases.extend({
      ...{ userId: 'U0ADA', id: null, byMs: 600_000, reason: null, deadline: null, idempotencyKey: null },
    });
    const waiting = await rig.ask({ role: 'write', durationMs: 600_000 });
    await rig.useCases.approveWithChanges({
      ...{ userId: 'U0OLGA', requestId: waiting.request.id, role: 'read', durationMs: null, note: null },
    });
    await rig.settle();
    await rig.ask({ role: 'write' });
    const order = await rig.useCases.revokeAll({
      userId: 'U0OLGA',
      what: { kind: 'target', target: 'orders-db' },
      reason: 'the table is being rebuilt',
    });
    await rig.useCases.runRevocation({ id: order.id });
    const left = await rig.pool.query(`select 1 from requests where state = 'pending'`);
    expect(left.rows).toEqual([]);
    expect((await rig.grantOf(view)).state).not.toBe('active');
  });
});

describe('what a person overrode a freeze for', () => {
  const RUN = { key: 'run 1', actorId: '4004', actor: 'mallory-gh' };
  const denied = async (job: Partial<ClientJob> = RUN): Promise<string> => {
    const result = await requestBy(job);
    if (result.outcome !== 'denied' || !result.override) throw new Error(result.outcome);
    return result.override.id;
  };
  const override = async (id: string) => {
    const { shown } = await rig.useCases.overrideChoices({ userId: 'U0OSCAR', id });
    const because = { kind: 'incident', id: (await rig.incident()).id } as const;
    return rig.useCases.overrideFreeze({ userId: 'U0OSCAR', id, shown, because, reason: 'the payout is blocked' });
  };
  beforeEach(async () => {
    rig = await startIncidentRig();
    rig.setPolicy(policyOf(INCIDENTS, freeze()));
    await rig.note();
  });

  test('is not for a job that they start again themselves, and is for that of another', async () => {
    const overridden = await override(await denied());
    if (overridden.outcome !== 'sent') throw new Error(overridden.outcome);
    const { id } = overridden.view.request;
    const own = { ...RUN, key: 'run 1 again', attempt: 2, ranAgainBy: 'oscar-gh', actorId: '3003', actor: 'oscar-gh' };
    await expect(requestBy(own)).rejects.toMatchObject({ code: 'overrider_started_job' });
    expect((await rig.store.read.view(id))?.request.origin).toMatchObject({ isClaimed: false });
    const again = { ...RUN, key: 'run 1 by its starter', attempt: 2, ranAgainBy: 'mallory-gh' };
    expect(await requestBy(again)).toMatchObject({ outcome: 'sent', view: { request: { id } } });
  });

  test('is not overridden by who may have started it, where accounts must be known', async () => {
    rig.setPolicy(policyOf(INCIDENTS, freeze('unlinked_accounts: restrict\n')));
    const id = await denied({ ...RUN, actorId: '9999', actor: 'nobody-knows' });
    await expect(override(id)).resolves.toMatchObject({ outcome: 'sent' });
    rig.setPolicy(
      policyOf(INCIDENTS, freeze('unlinked_accounts: restrict\n').replace('"3003": oscar@acme.test, ', '')),
    );
    const other = await denied({ ...RUN, key: 'run 2', run: '2', actorId: '9999', actor: 'nobody-knows' });
    await expect(override(other)).rejects.toMatchObject({ code: 'override_unlinked' });
    expect((await rig.events()).at(-1)).toMatchObject({ type: 'freeze.override_refused' });
  });
});
