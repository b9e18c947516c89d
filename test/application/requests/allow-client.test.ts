import { afterAll, beforeAll, expect, test } from 'vitest';
import { policyOf, startIncidentRig } from '../incidents/incident-rig.ts';
import type { IncidentRig } from '../incidents/incident-rig.ts';

const RULES = `windows: { day: { from: "00:00", to: "24:00" } }
issuers: { ci: { kind: github } }
clients:
  nightly: { issuer: ci, audience: latchkey, repository: { id: "456789", name: acme/api }, environment: production, refs: [refs/heads/main] }
rules:
  - name: Both agree to writes
    match: { clients: [nightly], roles: ["*/write"] }
    approvals: [{ from: owners }, { from: sre }]
  - name: Users are for people
    match: { clients: [nightly], targets: [users-db] }
    deny: Not for a job.
  - name: The rest needs an owner
    approvals: [{ from: owners }]`;

let rig: IncidentRig;
beforeAll(async () => {
  rig = await startIncidentRig();
  rig.setPolicy(policyOf('channels: ["inc-*"], warning: 1s', RULES));
});
afterAll(() => rig.close());

const allow = (userId: string, changes: { client?: string; target?: string; role?: string; window?: string } = {}) =>
  rig.useCases.allowClient({
    userId,
    client: 'nightly',
    target: 'orders-db',
    role: 'read',
    durationMs: null,
    reason: 'nightly report of orders',
    ticket: null,
    window: 'day',
    ...changes,
  });

test('one approval that is enough: the access waits for a job, in the window, and says who allowed it', async () => {
  const allowed = await allow('U0OLGA');
  if (allowed.outcome !== 'allowed') throw new Error(allowed.outcome);
  const { request, grant } = allowed.view;
  expect(request).toMatchObject({ state: 'approved', requesterId: 'client:nightly', job: { run: '', sha: '' } });
  expect(request.origin).toMatchObject({ kind: 'window', window: 'day', isClaimed: false, allowedBy: 'Olga' });
  await rig.settle();
  expect(await rig.grantOf(allowed.view)).toMatchObject({ id: grant?.id, state: 'activating' });
  const created = (await rig.events()).find(({ type }) => type === 'request.created');
  expect(created?.data).toMatchObject({ window: { name: 'day' }, allowedBy: 'Olga' });
  expect(await allow('U0SAM')).toMatchObject({ outcome: 'allowed', view: { request: { id: request.id } } });
});

test('one of two approvals counts, and the other is waited for', async () => {
  const first = await allow('U0OLGA', { role: 'write' });
  expect(first).toMatchObject({ outcome: 'allowed', view: { request: { state: 'pending' } } });
  expect(await allow('U0OLGA', { role: 'write' })).toMatchObject({ view: { request: { state: 'pending' } } });
  expect(await allow('U0RITA', { role: 'write' })).toMatchObject({ view: { request: { state: 'approved' } } });
});

test.each([
  { what: 'by who is no approver', by: 'U0MALLORY', changes: {}, code: 'not_an_approver' },
  { what: 'a client that is none', by: 'U0OLGA', changes: { client: 'daily' }, code: 'unknown_client' },
  { what: 'a window that is none', by: 'U0OLGA', changes: { window: 'noon' }, code: 'unknown_window' },
])('$what is refused', async ({ by, changes, code }) => {
  await expect(allow(by, changes)).rejects.toMatchObject({ code });
});

test('what a rule denies is denied', async () => {
  expect(await allow('U0OLGA', { target: 'users-db' })).toMatchObject({
    outcome: 'denied',
    rule: 'Users are for people',
  });
});
