import { afterAll, beforeAll, expect, test } from 'vitest';
import { callerFromSession } from '../../../src/application/identity/caller.ts';
import { requestOfJob } from '../../../src/application/requests/request-of-job.ts';
import { allowedText } from '../../../src/slack/door/views/allow-client-form.ts';
import { jobCaller } from '../../support/client-caller.ts';
import { policyOf, startIncidentRig } from '../incidents/incident-rig.ts';
import type { IncidentRig } from '../incidents/incident-rig.ts';

/** Six hours from now, so that no job has it yet. */
const HOUR = String((new Date().getUTCHours() + 6) % 24).padStart(2, '0');
const RULES = `windows: { day: { from: "00:00", to: "24:00" }, later: { from: "${HOUR}:00", to: "${HOUR}:59" } }
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

const allow = (
  userId: string,
  changes: { client?: string; target?: string; role?: string; window?: string; durationMs?: number } = {},
) =>
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

const requestFor = (durationMs: number, role: string) => {
  const { client, job } = jobCaller();
  const caller = callerFromSession({
    client: { ...client, id: 'client:nightly', name: 'nightly' },
    job,
    startedBy: [],
  });
  return requestOfJob(rig.deps, {
    ...{ caller, target: 'orders-db', role, durationMs, window: 'later', plan: null, clientKey: null },
    reason: 'whatever a job writes here',
    ticket: null,
  });
};

test('what a job requested first for longer is not approved by that: it is decided as it is', async () => {
  const made = await requestFor(7_200_000, 'read');
  if (made.outcome !== 'sent') throw new Error(made.outcome);
  const { id } = made.view.request;
  const allowed = await allow('U0OLGA', { window: 'later', durationMs: 900_000 });
  expect(allowed).toMatchObject({ outcome: 'longer', allowedMs: 900_000, view: { request: { id, state: 'pending' } } });
  const answer = allowedText(rig.deps.policy(), allowed);
  expect(answer).toMatchObject({ isAllowed: false });
  expect(answer.text).toContain('for *2h once');
  expect(answer.text).toContain('nothing was approved');
  expect((await rig.store.read.view(id))?.votes).toEqual([]);
  expect(await allow('U0OLGA', { window: 'later', durationMs: 7_200_000 })).toMatchObject({ outcome: 'allowed' });
});

test('what a job requested first for as long, or shorter, is approved', async () => {
  expect(await requestFor(600_000, 'write')).toMatchObject({ outcome: 'sent' });
  const allowed = await allow('U0OLGA', { window: 'later', role: 'write', durationMs: 900_000 });
  expect(allowed).toMatchObject({ outcome: 'allowed', view: { request: { durationMs: 600_000 } } });
});
