/** A click on an alert requests what the policy maps it to; without a click only a rule that names the alert gives it. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { policyOf, startIncidentRig } from '../incidents/incident-rig.ts';
import type { IncidentRig } from '../incidents/incident-rig.ts';
import { alertPolicy, fire, resolved } from './some-alert.ts';

let rig: IncidentRig;
beforeEach(async () => {
  rig = await startIncidentRig();
  rig.setPolicy(alertPolicy());
});
afterEach(() => rig.close());

const request = async (alertId: string, changes: { userId?: string; isAutomatic?: boolean } = {}) => {
  const { userId = 'U0OSCAR', isAutomatic = false } = changes;
  const input = { userId, alertId, isAutomatic, idempotencyKey: isAutomatic ? null : `trigger:${userId}` };
  const result = await rig.useCases.requestForAlert(input);
  if (result.outcome !== 'sent') throw new Error(result.outcome);
  return result;
};
const requests = async (): Promise<number> => (await rig.pool.query('select 1 from requests')).rowCount ?? 0;

test('a click requests the role and the time of the entry, with the words of the alert as the reason', async () => {
  const id = await fire(rig, { key: 'disk-1', title: 'disk full', url: 'https://graphs.acme.test/1' });
  const { view } = await request(id);
  expect(view.request).toMatchObject({
    requesterId: 'T1:U0OSCAR',
    role: 'write',
    durationMs: 600_000,
    reason: 'Alert disk: disk full https://graphs.acme.test/1',
    state: 'pending',
  });
  expect((await rig.events()).at(-1)?.data['alert']).toEqual({ id, mapping: 'disk', source: 'generic' });
  expect((await rig.store.read.alertView(id))?.askedBy).toMatchObject([
    { requestId: view.request.id, isAutomatic: false },
  ]);
});

test('an alert that is over, is unknown or left the policy gives nothing', async () => {
  const id = await fire(rig);
  await expect(request('none')).rejects.toMatchObject({ code: 'alert_not_found' });
  await rig.useCases.receiveAlerts({ signals: [resolved()] });
  await expect(request(id)).rejects.toMatchObject({ code: 'alert_resolved', facts: { title: 'replica lag' } });
  rig.setPolicy(policyOf());
  await expect(request(id)).rejects.toMatchObject({ code: 'alert_not_found' });
  expect(await requests()).toBe(0);
});

describe('without a click', () => {
  test('a rule that names the alert gives access to who is on call for it, once', async () => {
    const id = await fire(rig);
    const both = await Promise.all([request(id, { isAutomatic: true }), request(id, { isAutomatic: true })]);
    expect(both.filter(({ isRepeat }) => isRepeat)).toHaveLength(1);
    expect(both[0]?.view.request).toMatchObject({ state: 'approved', rule: 'The lag lets those on call read' });
    expect(await requests()).toBe(1);
  });

  test.each([
    ['a person who is not on call', 'lag', 'U0ADA'],
    ['an alert that no rule names', 'disk', 'U0OSCAR'],
  ])('%s gets nothing', async (_, title, userId) => {
    const id = await fire(rig, { title });
    await expect(request(id, { userId, isAutomatic: true })).rejects.toMatchObject({ code: 'alert_not_automatic' });
    expect(await requests()).toBe(0);
  });

  test('a rule that approves and does not name the alert is no reason to give it', async () => {
    rig.setPolicy(alertPolicy({ rules: 'rules:\n  - { name: Everybody, approve: true }' }));
    const id = await fire(rig);
    await expect(request(id, { isAutomatic: true })).rejects.toMatchObject({
      code: 'alert_not_automatic',
      facts: { rule: 'Everybody' },
    });
    expect((await request(id)).view.request.state).toBe('approved');
  });
});

describe('for the client that an alert names', () => {
  const CLIENT = `issuers: { ci: { kind: github, url: "http://127.0.0.1:1" } }
clients:
  repair: { issuer: ci, audience: "https://latchkey.acme.test", repository: { id: "456789", name: acme/api }, environment: production, refs: [refs/heads/main] }
`;
  const ENTRY =
    '  - { name: lag, source: generic, match: { title: "*lag*" }, role: orders-db/read, client: repair, to: on-call }';
  const OWNERS = 'rules:\n  - { name: An owner agrees, approvals: [{ from: owners }] }';
  beforeEach(() => rig.setPolicy(alertPolicy({ rules: OWNERS, entries: ENTRY, rest: CLIENT })));

  test('one request waits for its job, however many people click at the same moment', async () => {
    const id = await fire(rig);
    const results = await Promise.all(['U0SAM', 'U0OSCAR', 'U0SAM'].map((userId) => request(id, { userId })));
    expect(results.filter(({ isRepeat }) => !isRepeat)).toHaveLength(1);
    expect(await requests()).toBe(1);
    const { request: stored } = results[0]?.view ?? {};
    expect(stored).toMatchObject({ requesterId: 'client:repair', state: 'pending' });
    expect(stored?.origin).toMatchObject({ kind: 'alert', id, isClaimed: false, alert: 'lag' });
  });

  test('the person who clicked never approves it, and another owner does', async () => {
    const { view } = await request(await fire(rig), { userId: 'U0SAM' });
    const vote = (userId: string) =>
      rig.useCases.vote({ userId, requestId: view.request.id, kind: 'approve', reason: null });
    await expect(vote('U0SAM')).rejects.toMatchObject({ code: 'own_request' });
    expect(await vote('U0OLGA')).toMatchObject({ outcome: 'decided' });
    expect((await rig.grantOf(view)).state).toBe('activating');
  });

  test('what was denied leaves the alert to another request', async () => {
    const id = await fire(rig);
    const { view } = await request(id, { userId: 'U0OSCAR' });
    await rig.useCases.vote({ userId: 'U0OLGA', requestId: view.request.id, kind: 'deny', reason: 'not now' });
    const next = await request(id, { userId: 'U0OSCAR' });
    expect(next).toMatchObject({ isRepeat: false });
    expect(next.view.request.id).not.toBe(view.request.id);
  });
});
