/** Who is notified of an alert is decided once; there is always a person, and the reason where it is not who is on call. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startIncidentRig } from '../incidents/incident-rig.ts';
import type { IncidentRig } from '../incidents/incident-rig.ts';
import { alertPolicy, fire, resolved } from './some-alert.ts';

let rig: IncidentRig;
beforeEach(async () => {
  rig = await startIncidentRig();
  rig.setPolicy(alertPolicy());
});
afterEach(() => rig.close());

const route = (alertId: string) => rig.useCases.routeAlert({ alertId });
const routed = async (alertId: string) => {
  const alert = await rig.store.read.alert(alertId);
  return { route: alert?.route, told: alert?.notified.toSorted() };
};
const notified = async () => (await rig.events()).filter(({ type }) => type === 'alert.notified');
const requests = async () => (await rig.pool.query('select requester_id as by, state from requests')).rows;
const entry = (changes: string) =>
  alertPolicy({
    entries: `  - { name: lag, source: generic, match: { title: "*lag*" }, role: orders-db/read, ${changes} }`,
  });

test('of several processes one decides, and those on call are notified and recorded', async () => {
  const alertId = await fire(rig, { title: 'disk full' });
  await Promise.all([rig.useCases, rig.other, rig.useCases].map((verbs) => verbs.routeAlert({ alertId })));
  expect(await routed(alertId)).toEqual({ route: 'on_call', told: ['U0OSCAR'] });
  const data = { alert: alertId, mapping: 'disk', route: 'on_call', notified: ['T1:U0OSCAR'] };
  expect((await notified()).map((event) => event.data)).toEqual([data]);
  expect(await requests()).toEqual([]);
});

test('where there is nobody on call the owners are notified, and it says so', async () => {
  rig.setPolicy(entry('to: ghost@acme.test'));
  const alertId = await fire(rig);
  await route(alertId);
  expect(await routed(alertId)).toEqual({ route: 'nobody', told: ['U0OLGA', 'U0SAM'] });
});

test('where the group on call cannot be read the owners are notified, and the admins where those cannot either', async () => {
  rig.failing.add('on-call');
  const first = await fire(rig, { title: 'disk full' });
  await route(first);
  expect(await routed(first)).toEqual({ route: 'unknown', told: ['U0OLGA', 'U0SAM'] });
  rig.failing.add('dba');
  const second = await fire(rig, { key: 'lag-2' });
  await route(second);
  expect(await routed(second)).toEqual({ route: 'unknown', told: ['U0RITA'] });
});

test('where no person at all can be found nothing is decided, and a later attempt decides', async () => {
  for (const group of ['on-call', 'dba', 'sre']) rig.failing.add(group);
  const alertId = await fire(rig);
  await expect(route(alertId)).rejects.toMatchObject({ code: 'lookup_failed' });
  expect(await routed(alertId)).toEqual({ route: null, told: [] });
  rig.failing.clear();
  await route(alertId);
  expect(await routed(alertId)).toMatchObject({ route: 'on_call' });
});

test('what is over meanwhile, or is unknown, notifies nobody', async () => {
  const alertId = await fire(rig);
  await rig.useCases.receiveAlerts({ signals: [resolved()] });
  await route(alertId);
  await route('none');
  expect(await routed(alertId)).toEqual({ route: null, told: [] });
  expect(await notified()).toEqual([]);
});

test('an entry for the incident goes to the channel of an open incident about its target', async () => {
  const planned = async (alertId: string) =>
    (await rig.pool.query(`select audience from messages where subject_kind = 'alert' and subject_id = $1`, [alertId]))
      .rows;
  await rig.note({ name: 'inc-orders-db' });
  const alertId = await fire(rig);
  await route(alertId);
  expect(await planned(alertId)).toEqual([{ audience: 'C0INC' }]);
  const other = await fire(rig, { key: 'disk-1', title: 'disk full' });
  await route(other);
  expect(await planned(other)).toEqual([{ audience: 'U0OSCAR' }]);
});

describe('access without a click', () => {
  test('is requested where a rule names the alert and one person is on call', async () => {
    await route(await fire(rig));
    expect(await requests()).toEqual([{ by: 'T1:U0OSCAR', state: 'approved' }]);
  });

  test.each([
    ['more than one person is on call', () => rig.setPolicy(entry('to: dba'))],
    ['who is on call is not known', () => rig.failing.add('on-call')],
    ['another rule decides', () => rig.setPolicy(alertPolicy({ rules: OTHER }))],
  ])('is not where %s, and people are notified all the same', async (_, change) => {
    change();
    const alertId = await fire(rig);
    await route(alertId);
    expect(await requests()).toEqual([]);
    expect((await routed(alertId)).told).not.toEqual([]);
  });
});

const OTHER = `rules:
  - { name: An owner agrees, match: { roles: ["*/read"] }, approvals: [{ from: owners }] }
  - { name: The lag lets those on call in, match: { alerts: [lag] }, approve: true }`;
