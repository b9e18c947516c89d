/** A decision is on what was judged and on what its approver was shown: whatever comes in between makes it none. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { requestOfJob } from '../../../src/application/requests/request-of-job.ts';
import type { ClientJob } from '../../../src/domain/principals/client.ts';
import { fingerprintOf } from '../../../src/domain/requests/fingerprint.ts';
import type { Request } from '../../../src/domain/requests/request.ts';
import { CLIENT_SECTIONS, jobCaller } from '../../support/client-caller.ts';
import { policyOf, startIncidentRig } from '../incidents/incident-rig.ts';
import type { IncidentRig } from '../incidents/incident-rig.ts';

const RULES = `windows: { day: { from: "00:00", to: "24:00" } }
${CLIENT_SECTIONS}accounts: { github: { "2001": olga@acme.test } }
rules:
  - name: Two agree
    approvals: [{ from: owners }, { from: sre }]`;

let rig: IncidentRig;
let members: IncidentRig['directory']['members'];
beforeAll(async () => {
  rig = await startIncidentRig();
  members = rig.directory.members;
  rig.setPolicy(policyOf('channels: ["inc-*"], warning: 1s', RULES));
});
afterEach(async () => {
  rig.directory.members = members;
  // The next test has the opening of the window for itself.
  await rig.pool.query(`update requests set state = 'cancelled', decided_at = now()`);
});
afterAll(() => rig.close());

/** What Olga and Rita may allow for any job of the client; Rita has. */
const prepared = async (): Promise<Request> => {
  const allowed = await rig.useCases.allowClient({
    userId: 'U0RITA',
    client: 'api-deploy',
    target: 'orders-db',
    role: 'write',
    durationMs: null,
    reason: 'repair the orders by hand',
    ticket: null,
    window: 'day',
  });
  if (allowed.outcome !== 'allowed') throw new Error(allowed.outcome);
  expect(allowed.view.request).toMatchObject({ state: 'pending', origin: { isClaimed: false } });
  return allowed.view.request;
};

let runs = 5000;
/** A job of the client takes over what was prepared. */
const claim = async (job: Partial<ClientJob>): Promise<void> => {
  runs += 1;
  const caller = jobCaller({ key: `456789/${runs}/1/migrate`, run: String(runs), ...job });
  const result = await requestOfJob(rig.deps, {
    caller,
    target: 'orders-db',
    role: 'write',
    durationMs: null,
    reason: 'from the job',
    ticket: null,
    window: null,
    plan: null,
    clientKey: null,
  });
  if (result.outcome !== 'sent') throw new Error(result.outcome);
};

const stateOf = async ({ id }: Request): Promise<string | undefined> => (await rig.store.read.view(id))?.request.state;
const now = async ({ id }: Request): Promise<Request> => {
  const view = await rig.store.read.view(id);
  if (!view) throw new Error('no request');
  return view.request;
};
const vote = (userId: string, { id: requestId }: Request, shown: string | null) =>
  rig.useCases.vote({ userId, requestId, kind: 'approve', reason: null, shown });

/** Once, while who may approve is looked up: after the request was read, and before it is locked. */
const duringTheLookUps = (work: () => Promise<void>): void => {
  rig.directory.members = async (...asked) => {
    rig.directory.members = members;
    await work();
    return members(...asked);
  };
};

const change = (request: Request) =>
  rig.useCases.approveWithChanges({
    userId: 'U0OLGA',
    requestId: request.id,
    role: 'read',
    durationMs: null,
    note: null,
    shown: fingerprintOf(request),
  });

test.each([
  ['a vote', (request: Request) => vote('U0OLGA', request, fingerprintOf(request))],
  [
    'a vote on a message from before buttons carried a fingerprint',
    (request: Request) => vote('U0OLGA', request, null),
  ],
  ['an approval with changes', change],
])('%s is none where a job of the voter took the request over during the look-ups', async (_, decide) => {
  const request = await prepared();
  duringTheLookUps(() => claim({ actorId: '2001', actor: 'olga-gh' }));
  await expect(decide(request)).rejects.toMatchObject({ code: 'request_changed' });
  expect(await now(request)).toMatchObject({ state: 'pending', role: 'write', job: { actorId: '2001' } });
  await expect(decide(await now(request))).rejects.toMatchObject({ code: 'own_request' });
});

test('whatever else of the request changes during the look-ups, the vote is none', async () => {
  const request = await prepared();
  duringTheLookUps(async () => {
    await rig.pool.query(`update requests set started_by = '["U0OLGA"]' where id = $1`, [request.id]);
  });
  await expect(vote('U0OLGA', request, null)).rejects.toMatchObject({ code: 'conflict' });
  expect(await stateOf(request)).toBe('pending');
});

test('a vote is for what was shown: what another job took over is read again first, and the message is refreshed', async () => {
  const request = await prepared();
  await claim({});
  await rig.settle();
  for (const shown of [fingerprintOf(request), null])
    await expect(vote('U0OLGA', request, shown)).rejects.toMatchObject({ code: 'request_changed' });
  const work = await rig.settle();
  expect(work).toContainEqual(expect.objectContaining({ kind: 'notify', subjectId: request.id }));
  expect(await vote('U0OLGA', request, fingerprintOf(await now(request)))).toMatchObject({ outcome: 'decided' });
});

test('what never changed is decided on a message from before buttons carried a fingerprint', async () => {
  const request = await prepared();
  expect(await vote('U0OLGA', request, null)).toMatchObject({ outcome: 'decided' });
  expect(await stateOf(request)).toBe('approved');
});

test('votes, reminders and a newer policy change no fingerprint: what was shown still is what is decided', async () => {
  const request = await prepared();
  const shown = fingerprintOf(request);
  await rig.useCases.discuss({ userId: 'U0SAM', requestId: request.id });
  await rig.pool.query('update requests set reminders = 3, escalated_at = now(), version = version + 5 where id = $1', [
    request.id,
  ]);
  expect(fingerprintOf(await now(request))).toBe(shown);
  expect(await vote('U0OLGA', request, shown)).toMatchObject({ outcome: 'decided' });
});
