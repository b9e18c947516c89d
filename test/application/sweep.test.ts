/** One pass finds whatever time has come for and whatever was left lying; what fails in it holds up nothing else. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { policyOf, startIncidentRig } from './incidents/incident-rig.ts';
import type { IncidentRig } from './incidents/incident-rig.ts';
import { alertPolicy, alertsIn, fire, resolved } from './alerts/some-alert.ts';

let rig: IncidentRig;
beforeEach(async () => {
  rig = await startIncidentRig();
});
afterEach(() => rig.close());

const waiting = async (role = 'write') => rig.ask({ role, incidentChannelId: null });
const approved = async () => {
  const view = await waiting();
  await rig.useCases.vote({ userId: 'U0OLGA', requestId: view.request.id, kind: 'approve', reason: null });
  return view;
};
const typesOf = async (requestId: string): Promise<string[]> =>
  (
    await rig.pool.query<{ type: string }>('select type from audit_events where request_id = $1 order by id', [
      requestId,
    ])
  ).rows.map(({ type }) => type);
const stateOf = async (id: string) => (await rig.store.read.request(id))?.state;

test('a request that no one answered in time lapses, in one of several processes, and no other does', async () => {
  const [due, other] = [await waiting(), await waiting()];
  await rig.pool.query('update requests set lapses_at = clock_timestamp() where id = $1', [due.request.id]);
  const swept = await Promise.all([rig.useCases.sweep(), rig.other.sweep(), rig.useCases.sweep()]);
  expect(swept.reduce((sum, { lapsed }) => sum + lapsed, 0)).toBe(1);
  expect([await stateOf(due.request.id), await stateOf(other.request.id)]).toEqual(['lapsed', 'pending']);
  expect(await typesOf(due.request.id)).toEqual(['request.created', 'request.lapsed']);
});

test('more time that was requested for access which has ended lapses with it', async () => {
  const view = await approved();
  await rig.settle();
  const { id } = await rig.grantOf(view);
  const more = { userId: 'U0ADA', id, byMs: 60_000, reason: null, deadline: null, idempotencyKey: null };
  const sent = await rig.useCases.extend(more);
  if (sent.outcome !== 'sent') throw new Error(sent.outcome);
  expect((await rig.useCases.sweep()).lapsed).toBe(0);
  await rig.useCases.end({ userId: 'U0ADA', id, cause: 'done', reason: null });
  await rig.settle();
  expect((await rig.useCases.sweep()).lapsed).toBe(1);
  expect(await stateOf(sent.view.request.id)).toBe('lapsed');
});

test('grants that no process works on are listed by what is to be done with them, those held are not', async () => {
  const [first, second, held] = [await approved(), await approved(), await approved()];
  const ids = await Promise.all([first, second, held].map(async (view) => (await rig.grantOf(view)).id));
  const [activating, ending, leased] = ids as [string, string, string];
  await rig.store.transaction(async (tx) => {
    await tx.grants.setEnding(ending, { cause: 'revoked', by: null, reason: null });
    await tx.grants.claim(leased, 60_000, 60_000);
  });
  expect(await rig.useCases.sweep()).toMatchObject({ activating: [activating], ending: [ending], extending: [] });
});

test('approvers who have not answered are reminded, once for each time that it is due', async () => {
  rig.setPolicy(policyOf(undefined, 'rules:\n  - { name: Slow, approvals: [{ from: owners }] }\nremind: 1h'));
  const { request } = await waiting();
  await rig.useCases.sweep();
  expect(await typesOf(request.id)).toEqual(['request.created']);
  await rig.pool.query('update requests set next_reminder_at = clock_timestamp()');
  await Promise.all([rig.useCases.sweep(), rig.other.sweep()]);
  await rig.useCases.sweep();
  expect(await typesOf(request.id)).toEqual(['request.created', 'request.reminded']);
});

test('a reminder that cannot be written holds up neither the other reminders nor what was left lying', async () => {
  rig.setPolicy(policyOf(undefined, 'rules:\n  - { name: Slow, approvals: [{ from: owners }] }\nremind: 1h'));
  const { request } = await waiting();
  const due = await waiting();
  await rig.pool.query('update requests set next_reminder_at = clock_timestamp() where id = $1', [request.id]);
  await rig.pool.query('update requests set lapses_at = clock_timestamp() where id = $1', [due.request.id]);
  await rig.pool.query('alter table reviews rename to hidden');
  expect(await rig.useCases.sweep()).toMatchObject({ lapsed: 1 });
  expect(await typesOf(request.id)).toEqual(['request.created', 'request.reminded']);
});

test('an alert that was resolved a month ago and led to nothing is forgotten; one with a request is kept', async () => {
  rig.setPolicy(alertPolicy());
  const asked = await fire(rig);
  await rig.useCases.requestForAlert({ userId: 'U0OSCAR', alertId: asked, isAutomatic: false, idempotencyKey: null });
  await fire(rig, { key: 'disk-1', title: 'disk full' });
  await rig.useCases.receiveAlerts({ signals: [resolved(), resolved({ key: 'disk-1' })] });
  const resolvedFor = (days: number) =>
    rig.pool.query(`update alerts set resolved_at = clock_timestamp() - interval '${days} days'`);
  await resolvedFor(29);
  await rig.useCases.sweep();
  expect(await alertsIn(rig)).toHaveLength(2);
  await resolvedFor(31);
  await rig.useCases.sweep();
  expect((await alertsIn(rig)).map(({ id }) => id)).toEqual([asked]);
});
