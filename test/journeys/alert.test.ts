/** An alert becomes an ask before whoever is on call, a click makes it a request, and all of it is told truly until it is over. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { App } from '../../src/compose/app.ts';
import type { Message } from '../../sandbox/src/slack/types.ts';
import { alertmanagerMessage, bearer, pagerDutyEvent, pagerDutySigned, send } from '../support/alert-payloads.ts';
import { forgetFacts } from '../support/facts.ts';
import { storyOf, until } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import { seen, startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const TOKEN = 'alertmanager-token-of-this-test';
const SECRET = 'pagerduty-secret-of-this-test';

const RULES = `
rules:
  - name: The replica lag gives reading by itself
    match: { roles: ["*/read"], alerts: [replica-lag] }
    approve: true
  - name: A critical backlog gives reading by itself
    match: { roles: ["*/read"], alerts: [orders-backlog] }
    when: alert.source == "alertmanager" && alert.severity == "critical"
    approve: true
  - name: Everything else needs one owner
    approvals: [{ from: owners }]
alerts:
  - name: orders-db-down
    source: alertmanager
    match: { labels: { alertname: OrdersDb*, severity: critical } }
    role: orders-db/read
    for: 30m
    to: on-call
  - name: orders-backlog
    source: alertmanager
    match: { labels: { alertname: OrdersBacklog } }
    role: orders-db/read
    for: 15m
    to: on-call
  - name: replica-lag
    source: pagerduty
    match: { service: Orders, title: "*replica lag*" }
    role: orders-db/read
    for: 15m
    to: on-call
  - name: orders-writes
    source: pagerduty
    match: { service: Orders, title: "*writes fail*" }
    role: orders-db/read
    to: on-call
  - name: orders-disk
    source: pagerduty
    match: { service: Orders, title: "*disk*" }
    role: orders-db/read
    to: on-call
    channel: incident
incidents: { channels: ["inc-*"] }
limits: { open_requests: 100, live_grants: 100 }
admins: [security]
`;

let world: World;
let story: Story;
let app: App;

beforeAll(async () => {
  world = await startWorld({ rules: RULES, groups: '  on-call: { slack_usergroup: on-call }\n' });
  world.env['ALERTMANAGER_TOKEN'] = TOKEN;
  world.env['PAGERDUTY_WEBHOOK_SECRET'] = SECRET;
  story = storyOf(world);
  app = await world.start();
});
afterAll(() => world.stop());

const prometheus = (...alerts: Parameters<typeof alertmanagerMessage>) =>
  send(app.port, 'alertmanager', { body: alertmanagerMessage(...alerts), headers: bearer(TOKEN) });
const pager = (event: Parameters<typeof pagerDutyEvent>[0]) => {
  const body = pagerDutyEvent(event);
  return send(app.port, 'pagerduty', { body, headers: pagerDutySigned(body, SECRET) });
};

const dmsOf = (who: string, text: string): Message[] =>
  world.slack
    .as(who)
    .dmsWithApp()
    .filter((message) => seen(message).includes(text));
const settled = (): Promise<unknown> =>
  until(async () => {
    const [row] = await world.sql<{ open: string }>(`select count(*) as open from outbox where kind = 'alert'`);
    return row?.open === '0';
  }, 'the work on alerts');
/** What was resolved just now would be drawn again and not posted. */
const longAgo = () =>
  world.sql(`update alerts set state = 'resolved', resolved_at = clock_timestamp() - interval '11 minutes'`);
const metric = async (outcome: string, source: string): Promise<number> => {
  const text = await (await fetch(`http://127.0.0.1:${app.metricsPort}/metrics`)).text();
  const line = text
    .split('\n')
    .find((one) => one.includes(`source="${source}"`) && one.includes(`outcome="${outcome}"`));
  return Number(line?.split(' ').at(-1) ?? 0);
};

const ruleOf = async (mapping: string): Promise<string | undefined> => {
  const rows = await world.sql<{ rule: string }>(
    `select r.rule from requests r join alert_requests t on t.request_id = r.id join alerts a on a.id = t.alert_id
     where a.mapping = '${mapping}' order by r.created_at desc limit 1`,
  );
  return rows[0]?.rule;
};

describe('an alert that is mapped', () => {
  test('puts one ask before whoever is on call, however often and by how many pods it is said', async () => {
    expect((await prometheus({ pod: 'orders-0' })).status).toBe(202);
    const ask = await story.dm('oscar', 'The orders database does not answer');
    expect(seen(ask)).toContain('Request access for 30m');
    expect(seen(ask)).toContain('<https://runbooks.acme.test/orders-db|');
    await prometheus({ pod: 'orders-0' });
    await prometheus({ pod: 'orders-0' }, { pod: 'orders-1' }, { pod: 'orders-2' });
    await story.dm('oscar', 'and 2 more');
    await settled();
    expect(dmsOf('oscar', 'The orders database does not answer')).toHaveLength(1);
    expect(dmsOf('ada', 'The orders database does not answer')).toEqual([]);
    expect(await world.sql('select id from grants')).toEqual([]);
  });

  test('is asked for by a click, decided as always, and recorded with its source', async () => {
    const ask = await story.dm('oscar', 'ask_for_alert');
    await world.slack.as('oscar').click(ask, 'ask_for_alert');
    await story.dm('oscar', 'You requested access because of it');
    expect(seen(dmsOf('oscar', 'You requested access because of it')[0] as Message)).not.toContain('ask_for_alert');
    const approval = await story.inChannel('Alert orders-db-down: The orders database does not answer');
    await world.slack.as('olga').click(approval, 'approve');
    await story.credentials('oscar');
    const [event] = await world.sql<{ data: string }>(`select data from audit_events where type = 'request.created'`);
    expect(JSON.parse(event?.data ?? '{}')).toMatchObject({
      alert: { mapping: 'orders-db-down', source: 'alertmanager' },
      reason: 'Alert orders-db-down: The orders database does not answer https://runbooks.acme.test/orders-db',
    });
  });

  test('is drawn as resolved, without a button, when the last of it is', async () => {
    await prometheus(
      { pod: 'orders-0', status: 'resolved' },
      { pod: 'orders-1', status: 'resolved' },
      { pod: 'orders-2' },
    );
    await story.dm('oscar', '1 of 3 still fire');
    await prometheus({ pod: 'orders-2', status: 'resolved' });
    const over = await story.dm('oscar', '*Resolved:*');
    expect(seen(over)).not.toContain('ask_for_alert');
    await settled();
    // The access is of the person and ends by itself.
    expect((await world.sql<{ state: string }>('select state from grants'))[0]?.state).toBe('active');
    expect(await story.events()).toEqual(expect.arrayContaining(['alert.fired', 'alert.notified', 'alert.resolved']));
  });

  test('a click that comes too late asks nothing', async () => {
    await pager({ id: 'QLATE', title: 'Orders: writes fail' });
    const ask = await story.dm('oscar', 'Orders: writes fail');
    world.slack.faults.fail('chat.update', 'internal_error', 2);
    await pager({ id: 'QLATE', title: 'Orders: writes fail', type: 'incident.resolved' });
    const before = (await world.sql('select id from requests')).length;
    await world.slack.as('oscar').click(ask, 'ask_for_alert');
    await story.privately('oscar', 'This alert is resolved');
    expect(await world.sql('select id from requests')).toHaveLength(before);
    // Slack failed in between; the message says the truth all the same, a little later.
    const over = await story.dm(
      'oscar',
      '*Resolved:* <https://acme.pagerduty.com/incidents/QLATE|Orders: writes fail>',
    );
    expect(seen(over)).not.toContain('ask_for_alert');
  });
});

describe('a rule that names the alert', () => {
  test('gives whoever is on call their access at once, and says so', async () => {
    await pager({ id: 'QLAG', title: 'Orders replica lag is 90 s' });
    const told = await story.dm('oscar', 'A rule names this alert');
    expect(seen(told)).not.toContain('ask_for_alert');
    const [row] = await world.sql<{ rule: string; person: string }>(
      `select d.rule, r.requester_id as person from requests r join decisions d on d.request_id = r.id
       join alert_requests t on t.request_id = r.id join alerts a on a.id = t.alert_id where a.mapping = 'replica-lag'`,
    );
    expect(row?.rule).toBe('The replica lag gives reading by itself');
    expect(row?.person).toContain('U0OSCAR');
  });
});

describe('a rule whose condition reads the alert', () => {
  test('gives nothing for one that says less: whoever is on call asks, and an owner decides', async () => {
    await prometheus({ name: 'OrdersBacklog', summary: 'The backlog grows', labels: { severity: 'warning' } });
    const ask = await story.dm('oscar', 'The backlog grows');
    await world.slack.as('oscar').click(ask, 'ask_for_alert');
    await story.inChannel('Alert orders-backlog: The backlog grows');
    expect(await ruleOf('orders-backlog')).toBe('Everything else needs one owner');
  });

  test('gives it at once for one that says all of it, and only through the alert', async () => {
    await longAgo();
    await prometheus({ name: 'OrdersBacklog', summary: 'The backlog is full', pod: 'orders-9' });
    // The message about the access quotes the alert, too.
    await world.slack.waitFor(() =>
      world.slack
        .as('oscar')
        .dmsWithApp()
        .map(seen)
        .some((text) => text.includes('The backlog is full') && text.includes('A rule names this alert')),
    );
    expect(await ruleOf('orders-backlog')).toBe('A critical backlog gives reading by itself');
    await world.slack.as('oscar').command('/prod-access', 'orders-db read 15m the backlog is full, as the alert says');
    await story.inChannel('the backlog is full, as the alert says');
    const said = async (text: string): Promise<void> => {
      await world.slack.as('oscar').command('/prod-access', text);
    };
    await said('explain orders-db read for alert orders-backlog critical');
    await story.privately('oscar', 'A critical backlog gives reading by itself');
    await said('explain orders-db read');
    await story.privately('oscar', 'Decided by the rule "Everything else needs one owner"');
  });
});

test('what the policy does not map is counted and not posted', async () => {
  const before = world.slack.as('oscar').dmsWithApp().length;
  const { answer } = await pager({ id: 'QOTHER', title: 'Coffee machine is empty' });
  expect(answer).toEqual({ received: 1, unreadable: 0, unmapped: 1 });
  await settled();
  expect(world.slack.as('oscar').dmsWithApp()).toHaveLength(before);
  expect(await metric('unmapped', 'pagerduty')).toBe(1);
  expect(await metric('asked', 'pagerduty')).toBe(2);
  expect(await metric('received', 'alertmanager')).toBe(11);
  const wrong = await send(app.port, 'alertmanager', { body: alertmanagerMessage(), headers: bearer('wrong') });
  expect(wrong.status).toBe(401);
  expect(await metric('refused', 'alertmanager')).toBe(1);
  const none = await send(app.port, 'alert', { body: '{}', headers: {} });
  expect(none.status).toBe(404);
});

describe('an alert of a target that an open incident speaks of', () => {
  const room = 'inc-77-orders';
  const said = (text: string): Promise<Message> =>
    world.slack.waitFor(
      () =>
        world.slack
          .as('rita')
          .messages(room)
          .findLast((message) => seen(message).includes(text)),
      {
        what: `"${text}" in the room`,
      },
    );

  test('goes into its channel, once, names whoever is on call, and what is asked there is tied to both', async () => {
    world.slack.as('rita').createChannel(room);
    await until(
      async () => (await world.sql(`select 1 from incidents where state = 'open'`)).length > 0,
      'the incident',
    );
    const dms = world.slack.as('oscar').dmsWithApp().length;
    await pager({ id: 'QROOM', title: 'Orders: disk of the database is full' });
    const ask = await said('disk of the database is full');
    expect(seen(ask)).toContain('For <@U0OSCAR>.');
    expect(world.slack.as('oscar').dmsWithApp()).toHaveLength(dms);
    await world.slack.as('rita').click(ask, 'ask_for_alert');
    await said('<@U0RITA> requested access because of it');
    const [row] = await world.sql<{ channel: string; mapping: string }>(
      `select i.channel_name as channel, a.mapping from requests r join incidents i on i.id = r.incident_id
       join alert_requests t on t.request_id = r.id join alerts a on a.id = t.alert_id`,
    );
    expect(row).toEqual({ channel: room, mapping: 'orders-disk' });
    await pager({ id: 'QROOM', title: 'Orders: disk of the database is full', type: 'incident.resolved' });
    await said('*Resolved:*');
  });
});

test('the form opened from an alert is filled in, and what it sends is tied to the alert', async () => {
  await longAgo();
  await pager({ id: 'QFORM', title: 'Orders: writes fail again <!channel>' });
  const message = await story.dm('oscar', 'writes fail again');
  expect(seen(message)).not.toContain('<!channel>');
  const oscar = world.slack.as('oscar');
  await oscar.click(message, 'change_for_alert');
  await world.slack.waitFor(() =>
    JSON.stringify(oscar.modals()).includes('Alert orders-writes: Orders: writes fail again'),
  );
  await world.slack.waitFor(() => JSON.stringify(oscar.modals()).includes('will decide'));
  await oscar.submit();
  await story.dm('oscar', 'You requested access because of it');
  const [row] = await world.sql<{ mapping: string }>(
    `select a.mapping from alert_requests t join alerts a on a.id = t.alert_id join requests r on r.id = t.request_id
     order by r.created_at desc limit 1`,
  );
  expect(row?.mapping).toBe('orders-writes');
});

test('when nobody is on call, or that cannot be looked up, the owners are told, and why', async () => {
  const group = world.slack.state.usergroups.get('S0ONCALL');
  if (!group) throw new Error('there is no such group');
  group.members.length = 0;
  await forgetFacts(world);
  await longAgo();
  await prometheus({ name: 'OrdersDbSlow', summary: 'The orders database is slow' });
  const told = await story.dm('olga', 'The orders database is slow');
  expect(seen(told)).toContain('No one was on call in on-call when it came');
  expect(seen(told)).toContain('ask_for_alert');
  expect(dmsOf('oscar', 'The orders database is slow')).toEqual([]);
  await forgetFacts(world);
  world.slack.faults.fail('usergroups.list', 'internal_error', 20);
  await pager({ id: 'QLAG2', title: 'Orders replica lag is 10 s' });
  const unknown = await story.dm('olga', 'replica lag is 10 s');
  expect(seen(unknown)).toContain('could not be looked up when it came');
  expect(seen(unknown)).not.toContain('A rule names this alert');
});
