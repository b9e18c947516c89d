/** The doors of alerts over real HTTP and a real database: who is believed, what is refused, and that nothing is taken in twice. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AlertSource } from '../../../src/domain/alerts/types.ts';
import { createPool, createStore } from '../../../src/store/client.ts';
import { createReplays } from '../../../src/store/replays.ts';
import { newId } from '../../../src/lib/ids.ts';
import { createLog } from '../../../src/lib/log.ts';
import { createWebhookHandler } from '../../../src/http/hooks/webhook-handler.ts';
import type { AlertCount } from '../../../src/http/hooks/webhook-handler.ts';
import { TRIGGERS } from '../../../src/http/hooks/registry.ts';
import { receiveAlerts } from '../../../src/application/alerts/receive-alerts.ts';
import { POLICY, policyOf } from '../../slack/rig.ts';
import { createTestDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';
import { openSocket } from '../../support/raw-socket.ts';
import {
  alertmanagerMessage,
  bearer,
  genericAlert,
  genericSigned,
  pagerDutyEvent,
  pagerDutySigned,
  send,
} from '../../support/alert-payloads.ts';

const ALERTS = `alerts:
  - { name: pager, source: pagerduty, match: { service: Orders }, role: orders-db/read, to: dba }
  - { name: prometheus, source: alertmanager, match: { labels: { alertname: OrdersDb* } }, role: orders-db/read, to: dba }
  - { name: backup, source: generic, match: { service: backup }, role: orders-db/read, to: dba }
`;
const policy = policyOf(`${POLICY}${ALERTS}`);
const log = createLog('silent');
const SECRETS: Record<AlertSource, string[]> = {
  pagerduty: ['a secret of pagerduty', 'another secret of pagerduty'],
  alertmanager: ['a token of alertmanager'],
  generic: ['a secret of something else'],
};
const [FIRST, SECOND] = SECRETS.pagerduty as [string, string];
const [TOKEN] = SECRETS.alertmanager as [string];
const [SHARED] = SECRETS.generic as [string];

let database: TestDatabase;
let receive = receiveAlerts;
let counts: AlertCount[] = [];
let stop: (() => Promise<void>)[] = [];
/** Two processes, each with its own pool and port. */
let ports: number[] = [];

const startProcess = async (): Promise<number> => {
  const store = createStore({ pool: createPool({ url: database.url, log }), log, onWork: () => undefined });
  const replays = createReplays(createPool({ url: database.url, log, max: 2 }), log);
  const deps = { store, policy: () => policy, ids: { next: newId } };
  const doors = new Map(
    TRIGGERS.map((trigger) => [
      `/hooks/${trigger.path}`,
      createWebhookHandler({
        trigger,
        secrets: SECRETS[trigger.id],
        receive: (input) => receive(deps, input),
        replays,
        onAlert: (count) => counts.push(count),
        log,
      }),
    ]),
  );
  const server = createServer((request, response) => {
    const door = doors.get(request.url ?? '');
    door?.(request).then(
      ({ status, body }) => response.writeHead(status).end(JSON.stringify(body)),
      (error: unknown) => response.writeHead(500).end(JSON.stringify({ error: String(error) })),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stop.push(async () => {
    server.close();
    server.closeAllConnections();
    await replays.close();
    await store.close();
  });
  return (server.address() as AddressInfo).port;
};

const sql = async <Row extends pg.QueryResultRow>(text: string): Promise<Row[]> => {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
};

beforeAll(async () => {
  database = await createTestDatabase();
  ports = [await startProcess(), await startProcess()];
});
afterAll(async () => {
  for (const end of stop) await end();
  stop = [];
  await database.drop();
});
beforeEach(async () => {
  counts = [];
  await sql('truncate alerts, alert_signals, messages, alert_requests, outbox, seen_requests');
});

const to = (path: string, request: { body: string; headers: Record<string, string> }, process = 0) =>
  send(ports[process] ?? 0, path, request);
const pager = (event: Parameters<typeof pagerDutyEvent>[0] = {}) => {
  const body = pagerDutyEvent(event);
  return { body, headers: pagerDutySigned(body, FIRST) };
};
const alerts = () =>
  sql<{ mapping: string; state: string; title: string }>('select mapping, state, title from alerts order by id');
const work = async () => (await sql('select 1 from outbox')).length;

describe('a request that is signed as its source signs', () => {
  it.each([
    ['pagerduty', () => pager()],
    ['alertmanager', () => ({ body: alertmanagerMessage(), headers: bearer(TOKEN) })],
    ['alert', () => ({ body: genericAlert(), headers: genericSigned(genericAlert(), SHARED) })],
  ])('of %s is taken in and becomes work', async (path, request) => {
    expect(await to(path, request())).toEqual({ status: 202, answer: { received: 1, unreadable: 0, unmapped: 0 } });
    expect(await alerts()).toMatchObject([{ state: 'firing' }]);
    expect(await work()).toBe(1);
    expect(counts).toMatchObject([{ outcome: 'received', count: 1 }]);
  });

  it('of PagerDuty may carry several signatures, one of which fits, and be of any of our webhooks', async () => {
    const body = pagerDutyEvent();
    const rotating = pagerDutySigned(body, 'a secret that is not ours yet', SECOND);
    expect((await to('pagerduty', { body, headers: rotating })).status).toBe(202);
  });

  it('of Alertmanager may bring the token as a password', async () => {
    const basic = Buffer.from(`latchkey:${TOKEN}`).toString('base64');
    const headers = { authorization: `Basic ${basic}` };
    expect((await to('alertmanager', { body: alertmanagerMessage(), headers })).status).toBe(202);
  });

  it('is counted and not kept where the policy does not speak of it', async () => {
    const request = pager({ service: 'Coffee' });
    expect(await to('pagerduty', request)).toEqual({
      status: 202,
      answer: { received: 1, unreadable: 0, unmapped: 1 },
    });
    expect(await alerts()).toEqual([]);
    expect(counts).toMatchObject([
      { source: 'pagerduty', outcome: 'received', count: 1 },
      { source: 'pagerduty', outcome: 'unmapped', count: 1 },
    ]);
  });
});

describe('a request that is not believed', () => {
  const body = pagerDutyEvent();
  const generic = genericAlert();
  it.each<[string, string, { body: string; headers: Record<string, string> }]>([
    ['without a signature', 'pagerduty', { body, headers: {} }],
    ['with a signature of another version', 'pagerduty', { body, headers: { 'x-pagerduty-signature': 'v0=ab' } }],
    ['with a signature of somebody else', 'pagerduty', { body, headers: pagerDutySigned(body, 'guessed') }],
    ['with another body than was signed', 'pagerduty', { body: `${body} `, headers: pagerDutySigned(body, FIRST) }],
    ['without a token', 'alertmanager', { body: alertmanagerMessage(), headers: {} }],
    ['with a wrong token', 'alertmanager', { body: alertmanagerMessage(), headers: bearer(`${TOKEN}x`) }],
    ['with an empty token', 'alertmanager', { body: alertmanagerMessage(), headers: { authorization: 'Bearer ' } }],
    ['with the signature of another source', 'alert', { body: generic, headers: pagerDutySigned(generic, SHARED) }],
    ['of six minutes ago', 'alert', { body: generic, headers: genericSigned(generic, SHARED, Date.now() - 360_000) }],
    ['of six minutes ahead', 'alert', { body: generic, headers: genericSigned(generic, SHARED, Date.now() + 360_000) }],
  ])('%s (/hooks/%s) is refused, counted, and changes nothing', async (_what, path, request) => {
    const { status, answer } = await to(path, request);
    expect(status).toBe(401);
    expect(answer).toMatchObject({ error: 'not_authentic' });
    expect(counts).toMatchObject([{ outcome: 'refused', count: 1 }]);
    expect(await alerts()).toEqual([]);
  });

  it('a timestamp cannot be made young without the secret', async () => {
    const headers = genericSigned(generic, SHARED, Date.now() - 360_000);
    headers['x-latchkey-timestamp'] = String(Math.floor(Date.now() / 1000));
    expect((await to('alert', { body: generic, headers })).status).toBe(401);
  });
});

describe('a request that cannot be read', () => {
  it.each<[string, string, string]>([
    ['no JSON', 'pagerduty', '<xml/>'],
    ['another shape', 'pagerduty', '{"messages":[]}'],
    ['nothing', 'pagerduty', ''],
    ['an event of two days ago', 'pagerduty', pagerDutyEvent({ msAgo: 2 * 86_400_000 })],
    ['an event of tomorrow', 'pagerduty', pagerDutyEvent({ msAgo: -86_400_000 })],
    ['another version', 'alertmanager', alertmanagerMessage().replace('"version":"4"', '"version":"5"')],
    ['alerts that are no list', 'alertmanager', '{"version":"4","alerts":{}}'],
    ['a list', 'alertmanager', `[${alertmanagerMessage()}]`],
    ['null', 'alertmanager', 'null'],
    ['a text', 'alert', '"firing"'],
    ['an unknown key', 'alert', genericAlert({ severety: 'high' })],
    ['a status that is none', 'alert', genericAlert({ status: 'burning' })],
    ['a time in the future', 'alert', genericAlert({ at: new Date(Date.now() + 3_600_000).toISOString() })],
  ])('(%s to /hooks/%s) is a 400 with a sentence', async (_what, path, body) => {
    const headers = { ...pagerDutySigned(body, FIRST), ...genericSigned(body, SHARED), ...bearer(TOKEN) };
    const { status, answer } = await to(path, { body, headers });
    expect(status).toBe(400);
    expect(String(answer['message'])).toMatch(/\.$/);
    expect(counts).toMatchObject([{ outcome: 'refused' }]);
  });

  it('a body of more than a megabyte is refused before it is looked at', async () => {
    const body = 'x'.repeat(1_100_000);
    const { status, answer } = await to('alertmanager', { body, headers: bearer(TOKEN) });
    expect(status).toBe(413);
    expect(answer).toMatchObject({ error: 'too_large' });
  });

  it('a full group of fifteen hundred alerts fits, and is one alert', async () => {
    const many = Array.from({ length: 1_500 }, (_, index) => ({ pod: `orders-${index}` }));
    const body = alertmanagerMessage(...many);
    expect(body.length).toBeLessThan(1_000_000);
    expect((await to('alertmanager', { body, headers: bearer(TOKEN) })).status).toBe(202);
    expect(await alerts()).toHaveLength(1);
  });

  it.each(['incident.annotated', 'incident.responder.added', 'service.updated', 'pagey.ping'])(
    '%s says nothing of an alert: taken and left',
    async (type) => {
      const request = pager({ type, dataType: type.startsWith('incident') ? 'incident_note' : 'service' });
      expect((await to('pagerduty', request)).status).toBe(202);
      expect(await alerts()).toEqual([]);
      expect(counts).toEqual([]);
    },
  );
});

describe('the same said again', () => {
  it('changes nothing, whoever hears it and when', async () => {
    const request = pager();
    await to('pagerduty', request);
    await to('pagerduty', request, 1);
    const again = await Promise.all(Array.from({ length: 20 }, (_, index) => to('pagerduty', request, index % 2)));
    expect(again.every(({ status }) => status === 202)).toBe(true);
    expect(await alerts()).toHaveLength(1);
    expect(await work()).toBe(1);
    const [alert] = await sql<{ id: string }>('select id from alerts');
    const told = await sql(`select 1 from audit_events where data like '%"alert":"${alert?.id}"%'`);
    expect(told).toHaveLength(1);
  });

  it('at the same moment to two processes makes one alert and one piece of work', async () => {
    const request = { body: alertmanagerMessage({}, { pod: 'orders-1' }), headers: bearer(TOKEN) };
    await Promise.all(Array.from({ length: 20 }, (_, index) => to('alertmanager', request, index % 2)));
    expect(await alerts()).toHaveLength(1);
    expect(await work()).toBe(1);
  });

  it('after it was resolved does not bring it back: a replay is older than what is known', async () => {
    const fired = pager({ msAgo: 60_000 });
    await to('pagerduty', fired);
    await to('pagerduty', pager({ type: 'incident.resolved' }));
    await to('pagerduty', fired, 1);
    expect(await alerts()).toMatchObject([{ state: 'resolved' }]);
    const body = genericAlert();
    const first = { body, headers: genericSigned(body, SHARED, Date.now() - 20_000) };
    await to('alert', first);
    const over = genericAlert({ status: 'resolved' });
    await to('alert', { body: over, headers: genericSigned(over, SHARED) });
    await to('alert', first);
    expect((await alerts()).map(({ state }) => state)).toEqual(['resolved', 'resolved']);
  });

  it('out of order ends as it is: resolved heard before it fired', async () => {
    await to('pagerduty', pager({ type: 'incident.resolved' }));
    await to('pagerduty', pager({ msAgo: 60_000 }));
    expect(await alerts()).toEqual([]);
    expect(await work()).toBe(0);
  });
});

describe('a signed request that was taken in', () => {
  const generic = () => ({ body: genericAlert(), headers: genericSigned(genericAlert(), SHARED) });

  it.each([
    ['pagerduty', pager],
    ['alert', generic],
  ])(
    '(/hooks/%s) does nothing when it comes again, here or elsewhere, whatever became of it meanwhile',
    async (path, made) => {
      const request = made();
      await to(path, request);
      await sql('truncate alerts, alert_signals, messages, alert_requests, outbox');
      for (const process of [0, 1])
        expect(await to(path, request, process)).toEqual({ status: 202, answer: { repeated: 1 } });
      expect(await alerts()).toEqual([]);
      expect(counts.map(({ outcome }) => outcome)).toEqual(['received', 'repeated', 'repeated']);
    },
  );

  it('is known by what was verified: its signature in capitals is the same request', async () => {
    const request = generic();
    await to('alert', request);
    const signature = request.headers['x-latchkey-signature']?.toUpperCase().replace('V1', 'v1') ?? '';
    const again = { ...request, headers: { ...request.headers, 'x-latchkey-signature': signature } };
    expect(await to('alert', again)).toEqual({ status: 202, answer: { repeated: 1 } });
  });

  it('is taken in when it comes again after it could not be kept', async () => {
    receive = () => Promise.reject(new Error('Postgres is away'));
    const request = pager();
    expect((await to('pagerduty', request)).status).toBe(500);
    receive = receiveAlerts;
    expect(await to('pagerduty', request)).toMatchObject({ status: 202, answer: { received: 1 } });
  });

  it('of Alertmanager, which signs nothing and repeats itself, is taken in each time', async () => {
    const request = { body: alertmanagerMessage(), headers: bearer(TOKEN) };
    await to('alertmanager', request);
    expect(await to('alertmanager', request)).toMatchObject({ answer: { received: 1 } });
  });
});

describe('before its body is read', () => {
  const hex = 'a'.repeat(64);
  const soon = (seconds: number) => String(Math.floor(Date.now() / 1000) + seconds);
  it.each<[string, string, { headers: Record<string, string>; status: number }]>([
    ['without a signature', 'pagerduty', { headers: {}, status: 401 }],
    ['with half a signature', 'pagerduty', { headers: { 'x-pagerduty-signature': 'v1=abc' }, status: 401 }],
    [
      'with a signature and more',
      'alert',
      { headers: { 'x-latchkey-timestamp': soon(0), 'x-latchkey-signature': `v1=${hex}=x` }, status: 401 },
    ],
    ['with no time', 'alert', { headers: { 'x-latchkey-signature': `v1=${hex}` }, status: 401 }],
    [
      'of six minutes ago',
      'alert',
      { headers: { 'x-latchkey-timestamp': soon(-360), 'x-latchkey-signature': `v1=${hex}` }, status: 401 },
    ],
    ['without a token', 'alertmanager', { headers: {}, status: 401 }],
    ['with a wrong token', 'alertmanager', { headers: bearer('guess'), status: 401 }],
    ['that is too large', 'alertmanager', { headers: { ...bearer(TOKEN), 'content-length': '1000001' }, status: 413 }],
  ])('a request %s (/hooks/%s) is refused', async (_, path, { headers, status }) => {
    const raw = await openSocket(ports[0] ?? 0);
    const all = Object.entries({ host: 'a', 'content-length': '1000', ...headers }).map(
      ([name, value]) => `${name}: ${value}`,
    );
    raw.write([`POST /hooks/${path} HTTP/1.1`, ...all, '', ''].join('\r\n'));
    await raw.until('\r\n\r\n');
    expect(raw.received()).toContain(`HTTP/1.1 ${status} `);
    expect(counts).toMatchObject([{ outcome: 'refused' }]);
    raw.socket.destroy();
  });
});

describe('what fires together', () => {
  it('is one alert until the last of it is resolved, and one that comes back soon is the same', async () => {
    const say = (...all: Parameters<typeof alertmanagerMessage>) =>
      to('alertmanager', { body: alertmanagerMessage(...all), headers: bearer(TOKEN) });
    await say({ pod: 'a' });
    await say({ pod: 'a' }, { pod: 'b' });
    expect(await alerts()).toMatchObject([{ state: 'firing' }]);
    await say({ pod: 'a', status: 'resolved' });
    expect(await alerts()).toMatchObject([{ state: 'firing' }]);
    await say({ pod: 'b', status: 'resolved' });
    expect(await alerts()).toMatchObject([{ state: 'resolved' }]);
    await say({ pod: 'a', startedMsAgo: 1_000 });
    expect(await alerts()).toMatchObject([{ state: 'firing' }]);
    await sql(`update alerts set state = 'resolved', resolved_at = clock_timestamp() - interval '11 minutes'`);
    await say({ pod: 'c', startedMsAgo: 500 });
    expect((await alerts()).map(({ state }) => state).sort()).toEqual(['firing', 'resolved']);
  });
});

it('hostile text is one line of bounded length, and an address is one that a browser may open', async () => {
  const title = '\u0000<!channel>\n'.repeat(500);
  const body = genericAlert({ title: title.slice(0, 2_000), url: 'javascript:alert(1)' });
  expect((await to('alert', { body, headers: genericSigned(body, SHARED) })).status).toBe(202);
  const [row] = await sql<{ title: string; url: string | null }>('select title, url from alerts');
  expect(row?.title.length).toBeLessThanOrEqual(500);
  expect(row?.title).not.toMatch(/[\n\u0000]/);
  expect(row?.url).toBeNull();
});

it.each(['\u0000', '\ud800', '\udc00'])('text with %j, which Postgres refuses, is taken in', async (sign) => {
  const body = genericAlert({ severity: `high${sign}`, title: `Failed${sign}`, labels: { [`team${sign}`]: sign } });
  expect((await to('alert', { body, headers: genericSigned(body, SHARED) })).status).toBe(202);
});

it('what was resolved long ago and nobody asked for is forgotten', async () => {
  await to('pagerduty', pager());
  await to('pagerduty', pager({ type: 'incident.resolved', msAgo: -1_000 }));
  await sql(`update alerts set resolved_at = clock_timestamp() - interval '31 days'`);
  const store = createStore({ pool: createPool({ url: database.url, log }), log, onWork: () => undefined });
  await store.forgetAlerts(30 * 86_400_000, 100);
  await store.close();
  expect(await alerts()).toEqual([]);
  expect(await sql('select 1 from alert_signals')).toEqual([]);
});
