/** What each source says about one occurrence, by its key: over real HTTP and a real database. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bearer, genericSigned, pagerDutyEvent, pagerDutySigned } from '../../support/alert-payloads.ts';
import { startAlertDoors } from '../../support/alert-doors.ts';
import type { AlertDoors } from '../../support/alert-doors.ts';

const TOKEN = 'a token of alertmanager';
const SECRET = 'a secret of pagerduty';
const SHARED = 'a secret of something else';
const ENTRIES = `alerts:
  - { name: pager, source: pagerduty, match: { service: Orders, severity: P1 }, role: orders-db/read, to: dba }
  - { name: prometheus, source: alertmanager, match: { labels: { alertname: OrdersDb* } }, role: orders-db/read, to: dba }
  - { name: backup, source: generic, match: { severity: high }, role: orders-db/read, to: dba }
`;

let doors: AlertDoors;
beforeAll(async () => {
  doors = await startAlertDoors({
    entries: ENTRIES,
    secrets: { alertmanager: TOKEN, pagerduty: SECRET, generic: SHARED },
  });
});
afterAll(() => doors.stop());
beforeEach(() => doors.reset(ENTRIES));

const ZERO = '0001-01-01T00:00:00Z';
const FIRED = {
  status: 'firing',
  labels: { alertname: 'OrdersDbDown' },
  startsAt: '2026-11-22T11:00:00Z',
  endsAt: ZERO,
  fingerprint: 'f1',
};
const OVER = { ...FIRED, status: 'resolved' };

const group = (alerts: unknown[], more: Record<string, unknown> = {}) => {
  const body = JSON.stringify({ version: '4', groupKey: '{}:{}', alerts, ...more });
  return doors.send('alertmanager', { body, headers: bearer(TOKEN) });
};
const say = (...alerts: Record<string, unknown>[]) => group(alerts);
const states = async (): Promise<string[]> => (await doors.alerts()).map(({ state }) => state);

describe('Alertmanager: what is resolved ends, whatever its times', () => {
  const without = (name: 'endsAt' | 'startsAt', one: Record<string, unknown> = OVER) =>
    Object.fromEntries(Object.entries(one).filter(([key]) => key !== name));
  it.each<[string, Record<string, unknown>]>([
    ['an end of year 1', OVER],
    ['an end of year 1 with an offset', { ...OVER, endsAt: '0001-01-01T00:00:00+00:00' }],
    ['no end', without('endsAt')],
    ['a null end', { ...OVER, endsAt: null }],
    ['an empty end', { ...OVER, endsAt: '' }],
    ['an end that is no time', { ...OVER, endsAt: 'soon' }],
    ['an end before the start', { ...OVER, endsAt: '2026-11-22T10:59:00Z' }],
    ['an end at the start', { ...OVER, endsAt: OVER.startsAt }],
    ['an end in the future', { ...OVER, endsAt: '2999-01-01T00:00:00Z' }],
    ['its start moved to its end', { ...OVER, startsAt: '2026-11-22T11:20:00Z', endsAt: '2026-11-22T11:20:00Z' }],
    ['its start moved, and no end', { ...OVER, startsAt: '2026-11-22T11:20:00Z' }],
    ['its start moved back', { ...OVER, startsAt: '2026-11-22T10:30:00Z', endsAt: '2026-11-22T11:20:00Z' }],
    ['no start', { ...without('startsAt'), endsAt: '2026-11-22T11:20:00Z' }],
    ['neither start nor end', { ...without('startsAt'), endsAt: null }],
    ['other annotations', { ...OVER, annotations: { summary: 'It is fine again', runbook_url: null } }],
  ])('with %s', async (_what, resolved) => {
    await say(FIRED);
    expect(await states()).toEqual(['firing']);
    expect((await say(resolved)).answer).toEqual({ received: 1, unreadable: 0, unmapped: 0 });
    expect(await states()).toEqual(['resolved']);
    await say(FIRED);
    expect(await states()).toEqual(['resolved']);
  });

  it('a newer start replaces the older: one occurrence, ended once', async () => {
    await say(FIRED);
    await say({ ...FIRED, startsAt: '2026-11-22T11:30:00Z' });
    expect(await states()).toEqual(['firing']);
    await say({ ...OVER, endsAt: '2026-11-22T11:10:00Z' });
    expect(await states()).toEqual(['firing']);
    await say({ ...OVER, startsAt: '2026-11-22T11:30:00Z', endsAt: '2026-11-22T11:40:00Z' });
    expect(await states()).toEqual(['resolved']);
    expect(await doors.sql('select key from alert_signals')).toEqual([{ key: 'f1' }]);
  });

  it('fires again with a newer start, after an end that had no time too', async () => {
    await say(FIRED);
    await say(OVER);
    await say({ ...FIRED, startsAt: '2026-11-22T11:30:00Z' });
    expect(await states()).toEqual(['firing']);
  });

  it.each([
    ['with an end', { ...OVER, endsAt: '2026-11-22T11:20:00Z' }],
    ['without one', OVER],
    ['with a start that moved', { ...OVER, startsAt: '2026-11-22T11:20:00Z', endsAt: '2026-11-22T11:20:00Z' }],
  ])('resolved %s and heard first: nothing fires', async (_what, resolved) => {
    await say(resolved);
    await say(FIRED);
    expect(await states()).toEqual([]);
  });

  it('both in one delivery, in either order: nothing fires', async () => {
    await say({ ...OVER, endsAt: '2026-11-22T11:20:00Z' }, FIRED);
    await say({ ...FIRED, fingerprint: 'f2' }, { ...OVER, fingerprint: 'f2' });
    expect(await states()).toEqual([]);
  });

  it('another group, receiver or silence of the same alert changes nothing about its end', async () => {
    await say(FIRED);
    await group([OVER], { groupKey: '{}/{severity="critical"}:{}', receiver: 'other', groupLabels: {} });
    expect(await states()).toEqual(['resolved']);
  });

  it('without a fingerprint, its labels name it, however long and in whatever script', async () => {
    const labels = { alertname: 'OrdersDbDown', note: '数据库'.repeat(2_000) };
    const { fingerprint: _none, ...fired } = { ...FIRED, labels };
    expect((await say(fired)).status).toBe(202);
    await say({ ...fired, status: 'resolved', labels: { note: labels.note, alertname: labels.alertname } });
    expect(await states()).toEqual(['resolved']);
  });
});

describe('what is known belongs to its alert', () => {
  it.each([
    ['deleted', 'alerts: []\n'],
    ['renamed', ENTRIES.replace('name: prometheus', 'name: renamed')],
    ['of another match', ENTRIES.replace('OrdersDb*', 'Coffee*')],
  ])('also when its entry is %s', async (_what, entries) => {
    await say(FIRED);
    doors.setEntries(entries);
    expect((await say(OVER)).answer).toMatchObject({ unmapped: 0 });
    expect(await states()).toEqual(['resolved']);
  });

  it('an entry that is deleted gives nothing to what fires anew', async () => {
    await say(FIRED);
    await say(OVER);
    doors.setEntries('alerts: []\n');
    expect((await say({ ...FIRED, startsAt: '2026-11-22T11:30:00Z' })).answer).toMatchObject({ unmapped: 1 });
    expect(await states()).toEqual(['resolved']);
  });
});

type Data = Record<string, unknown>;
let minute = 0;
const page = (type: string, data: Data = {}, minutes = (minute += 1)) => {
  const event = JSON.parse(pagerDutyEvent({ type, service: 'Orders' })) as {
    event: { occurred_at: string; data: Data };
  };
  event.event.occurred_at = new Date(Date.now() - 3_600_000 + minutes * 1_000).toISOString();
  event.event.data = { ...event.event.data, ...data };
  const body = JSON.stringify(event);
  return doors.send('pagerduty', { body, headers: pagerDutySigned(body, SECRET) });
};
const P3 = { priority: { summary: 'P3' } };

describe('PagerDuty: an incident is found by its id', () => {
  it.each<[string, Data]>([
    ['its priority is lowered', P3],
    ['it has no priority', { priority: null, urgency: 'low' }],
    ['its title changes', { title: 'Nothing of the kind' }],
    ['its service changes', { service: { summary: 'Billing' } }],
    [
      'what adorns it is odd',
      { title: 7, priority: 'P1', service: [], urgency: {}, html_url: 1, escalation_policy: 'x' },
    ],
  ])('and resolved when %s', async (_what, data) => {
    await page('incident.triggered');
    for (const type of ['incident.priority_updated', 'incident.acknowledged', 'incident.reassigned'])
      expect((await page(type, { ...data, status: 'acknowledged' })).answer).toMatchObject({
        received: 1,
        unmapped: 0,
      });
    expect(await states()).toEqual(['firing']);
    await page('incident.resolved', { ...data, status: 'resolved', resolve_reason: { type: 'merge_resolve_reason' } });
    expect(await states()).toEqual(['resolved']);
  });

  it('and reopened in the same alert, whatever it matches then', async () => {
    await page('incident.triggered');
    await page('incident.resolved', { status: 'resolved' });
    await page('incident.reopened', { ...P3, status: 'triggered' });
    expect(await states()).toEqual(['firing']);
    await page('incident.resolved', { ...P3, status: 'resolved' });
    expect(await states()).toEqual(['resolved']);
  });

  it('one that begins to match when its priority is raised fires then', async () => {
    expect((await page('incident.triggered', P3)).answer).toMatchObject({ unmapped: 1 });
    await page('incident.priority_updated');
    expect(await states()).toEqual(['firing']);
  });

  it('one whose end was heard first, when it matched nothing any more, never fires', async () => {
    await page('incident.resolved', { ...P3, status: 'resolved' }, minute + 5);
    await page('incident.triggered', {}, minute + 1);
    expect(await states()).toEqual([]);
  });

  it('an incident without an id is counted as unreadable', async () => {
    expect(await page('incident.triggered', { id: null })).toEqual({
      status: 202,
      answer: { received: 0, unreadable: 1, unmapped: 0 },
    });
  });
});

const generic = (more: Record<string, unknown>, secondsAgo = 0) => {
  const body = JSON.stringify({
    key: 'backup-7',
    status: 'firing',
    title: 'The backup failed',
    severity: 'high',
    ...more,
  });
  return doors.send('alert', { body, headers: genericSigned(body, SHARED, Date.now() - secondsAgo * 1_000) });
};

describe('any other source: an occurrence is found by its key', () => {
  it.each<[string, Record<string, unknown>]>([
    ['nothing else', {}],
    ['another severity, service and title', { severity: 'low', service: 'tea', title: 'It is fine' }],
    ['a time before it fired', { at: '2026-11-20T00:00:00Z' }],
    ['a time of year 1', { at: '0001-01-01T00:00:00Z' }],
    ['an empty time', { at: '' }],
    ['null where there is nothing', { at: null, url: null, service: null, severity: null, labels: null }],
  ])('and resolved with %s', async (_what, more) => {
    await generic({}, 60);
    expect((await generic({ ...more, status: 'resolved' })).answer).toMatchObject({ received: 1, unmapped: 0 });
    expect(await states()).toEqual(['resolved']);
  });

  it('takes a list, and one that cannot be read loses none of the others', async () => {
    const one = (key: unknown) => ({ key, status: 'firing', title: 'It failed', severity: 'high' });
    const body = JSON.stringify([one('a'), one(7), one('b'), one('c\u0000'), null]);
    const { status, answer } = await doors.send('alert', { body, headers: genericSigned(body, SHARED) });
    expect({ status, answer }).toEqual({ status: 202, answer: { received: 2, unreadable: 3, unmapped: 0 } });
    expect(await doors.sql('select key from alert_signals order by key')).toEqual([{ key: 'a' }, { key: 'b' }]);
  });
});

describe('one bad alert loses none of the others', () => {
  const { labels: _labels, ...withoutLabels } = FIRED;
  const bad: [string, unknown][] = [
    ['a null label', { ...FIRED, labels: { alertname: 'OrdersDbDown', pod: null } }],
    ['a label that is a number', { ...FIRED, labels: { alertname: 'OrdersDbDown', pod: 7 } }],
    ['null labels', { ...FIRED, labels: null }],
    ['no labels', withoutLabels],
    ['another status', { ...FIRED, status: 'burning' }],
    ['a fingerprint that is a number', { ...FIRED, fingerprint: 7 }],
    ['a fingerprint with NUL', { ...FIRED, fingerprint: 'a\u0000b' }],
    ['a fingerprint with half a character', { ...FIRED, fingerprint: '\ud800' }],
    ['a start that is none', { ...FIRED, startsAt: 'yesterday' }],
    ['null', null],
    ['a list', []],
    ['a text', 'firing'],
  ];
  it.each(bad)('with %s', async (_what, one) => {
    const good = (name: string) => ({ ...FIRED, fingerprint: name });
    expect(await group([good('g1'), one, good('g3')])).toEqual({
      status: 202,
      answer: { received: 2, unreadable: 1, unmapped: 0 },
    });
    expect(await doors.sql('select key from alert_signals order by key')).toEqual([{ key: 'g1' }, { key: 'g3' }]);
    const [warning, ...others] = doors.warnings();
    expect(others).toEqual([]);
    expect(warning).toMatchObject({ unreadable: 1, why: [expect.stringMatching(/^alerts\[1\]: \S/)] });
    expect(doors.counts()).toContainEqual({ source: 'alertmanager', outcome: 'unreadable', count: 1 });
  });

  it('among two hundred, and all of them when all are bad', async () => {
    const many = Array.from({ length: 200 }, (_, index) => ({ ...FIRED, fingerprint: `g${index}` }));
    const { answer } = await group(many.map((one, index) => (index === 77 ? { ...one, labels: { pod: null } } : one)));
    expect(answer).toEqual({ received: 199, unreadable: 1, unmapped: 0 });
    expect(await states()).toEqual(['firing']);
    expect((await group([null, 1])).answer).toEqual({ received: 0, unreadable: 2, unmapped: 0 });
  });
});

describe("Grafana's own webhook", () => {
  const grafana = (alerts: Record<string, unknown>[]) =>
    group(alerts, {
      version: '1',
      receiver: 'latchkey',
      orgId: 1,
      state: 'alerting',
      title: '[FIRING:1]',
      message: '**Firing**',
      appVersion: '12.0.0',
      truncatedAlerts: 0,
      externalURL: 'https://grafana.acme.test/',
    });
  const more = {
    values: null,
    valueString: '[no value]',
    silenceURL: 'https://grafana.acme.test/alerting/silence/new',
    dashboardURL: '',
    panelURL: '',
    imageURL: '',
    generatorURL: 'https://grafana.acme.test/alerting/grafana/abc/view?orgId=1',
    orgId: 1,
  };
  const fired = { ...FIRED, ...more, startsAt: '2026-11-22T16:30:03.157076123+05:30' };

  it('fires and is resolved, though its start moves', async () => {
    expect((await grafana([{ ...fired, values: { B: 44.2, C: 1 } }])).answer).toEqual({
      received: 1,
      unreadable: 0,
      unmapped: 0,
    });
    expect(await states()).toEqual(['firing']);
    const moved = '2026-11-22T11:20:00Z';
    await grafana([{ ...fired, status: 'resolved', startsAt: moved, endsAt: moved }]);
    expect(await states()).toEqual(['resolved']);
  });

  it('names the rule that has no data', async () => {
    doors.setEntries(ENTRIES.replace('alertname: OrdersDb*', 'rulename: Orders*'));
    const labels = { alertname: 'DatasourceNoData', rulename: 'OrdersDbDown', datasource_uid: 'u', ref_id: 'A' };
    await grafana([{ ...fired, labels }]);
    expect(await doors.alerts()).toMatchObject([{ state: 'firing', title: 'DatasourceNoData: OrdersDbDown' }]);
  });

  it('its Test button begins nothing, even where an entry matches everything', async () => {
    doors.setEntries(ENTRIES.replace('labels: { alertname: OrdersDb* }', 'title: "*test*"'));
    const labels = { alertname: 'TestAlert', instance: 'Grafana' };
    expect(await grafana([{ ...fired, labels, annotations: { summary: 'Notification test' } }])).toEqual({
      status: 202,
      answer: { ignored: "Grafana's test alert" },
    });
    expect(await states()).toEqual([]);
  });

  it('another version is refused with both that are read', async () => {
    const { status, answer } = await group([FIRED], { version: '2' });
    expect(status).toBe(400);
    expect(answer['message']).toContain('"4" (Alertmanager) and "1" (Grafana)');
  });
});
