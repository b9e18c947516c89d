/** What a source says of one occurrence becomes one alert, however often and in whatever order it arrives. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { policyOf, startIncidentRig } from '../incidents/incident-rig.ts';
import type { IncidentRig } from '../incidents/incident-rig.ts';
import { alertPolicy, alertsIn, firing, resolved } from './some-alert.ts';

let rig: IncidentRig;
beforeEach(async () => {
  rig = await startIncidentRig();
  rig.setPolicy(alertPolicy());
});
afterEach(() => rig.close());

const receive = (...signals: Parameters<IncidentRig['useCases']['receiveAlerts']>[0]['signals']) =>
  rig.useCases.receiveAlerts({ signals });
const eventTypes = async (): Promise<string[]> => (await rig.events()).map(({ type }) => type);
const refreshed = async (): Promise<number> => (await rig.settle()).filter(({ kind }) => kind === 'alert').length;
const count = async (where: string): Promise<number> =>
  (await rig.pool.query<{ n: number }>(`select count(*)::int as n from ${where}`)).rows[0]?.n ?? -1;

test('what the policy maps is kept, recorded and handed on; the same delivery again changes nothing', async () => {
  const title = `lag'); drop table alerts; -- <!channel> {{x}}`;
  expect(await receive(firing({ title }))).toEqual({ unmapped: 0 });
  expect(await alertsIn(rig)).toMatchObject([{ mapping: 'lag', state: 'firing', title }]);
  const [event] = await rig.events();
  expect(event).toMatchObject({
    type: 'alert.fired',
    data: { mapping: 'lag', source: 'generic', key: 'lag-1', title },
  });
  expect(await refreshed()).toBe(1);
  await receive(firing({ title }), firing({ title }));
  expect(await eventTypes()).toEqual(['alert.fired']);
  expect(await refreshed()).toBe(0);
});

test('of two processes that get a delivery at the same moment, one makes the alert', async () => {
  const signals = [firing(), firing({ key: 'lag-2' })];
  await Promise.all([rig.useCases, rig.other].map((verbs) => verbs.receiveAlerts({ signals })));
  expect(await alertsIn(rig)).toHaveLength(1);
  expect(await eventTypes()).toEqual(['alert.fired']);
});

test('what the policy does not map is counted, and nothing is kept of it', async () => {
  expect(await receive(firing({ title: 'certificate' }), firing({ key: 'lag-2' }))).toEqual({ unmapped: 1 });
  expect(await receive(firing({ source: 'pagerduty', key: 'Q1' }))).toEqual({ unmapped: 1 });
  expect(await alertsIn(rig)).toMatchObject([{ mapping: 'lag' }]);
  expect(await count('alert_signals')).toBe(1);
});

test('an alert is over when nothing of it fires any more', async () => {
  await receive(firing(), firing({ key: 'lag-2' }));
  await receive(resolved());
  expect(await alertsIn(rig)).toMatchObject([{ state: 'firing' }]);
  await receive(resolved({ key: 'lag-2' }));
  expect(await alertsIn(rig)).toMatchObject([{ state: 'resolved' }]);
  expect(await eventTypes()).toEqual(['alert.fired', 'alert.resolved']);
});

test('a beginning that comes after its end is old, and opens nothing', async () => {
  await receive(resolved());
  await receive(firing());
  expect(await alertsIn(rig)).toEqual([]);
  expect(await eventTypes()).toEqual([]);
});

test('what comes back within ten minutes is the same alert, and later it is another', async () => {
  const overFor = (minutes: number) =>
    rig.pool.query(`update alerts set resolved_at = clock_timestamp() - interval '${minutes} minutes'`);
  await receive(firing());
  await receive(resolved());
  await overFor(9);
  await receive(firing({ key: 'lag-2', minute: 14, title: 'lag, worse' }));
  expect(await alertsIn(rig)).toMatchObject([{ state: 'firing', title: 'lag, worse' }]);
  await receive(resolved({ key: 'lag-2', minute: 15 }));
  await overFor(11);
  await receive(firing({ key: 'lag-3', minute: 26 }));
  expect((await alertsIn(rig)).map(({ state }) => state)).toEqual(['resolved', 'firing']);
  expect((await eventTypes()).filter((type) => type !== 'alert.resolved')).toEqual([
    'alert.fired',
    'alert.reopened',
    'alert.fired',
  ]);
});

test('an alert whose entry left the policy still ends', async () => {
  await receive(firing());
  rig.setPolicy(policyOf());
  expect(await receive(resolved())).toEqual({ unmapped: 0 });
  expect(await alertsIn(rig)).toMatchObject([{ state: 'resolved' }]);
  expect((await rig.events()).at(-1)).toMatchObject({ type: 'alert.resolved', data: { mapping: 'lag' } });
});
