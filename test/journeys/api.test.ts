/** A job of a CI requests, waits, uses and gives back access over the API, while a person decides in Slack. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { githubClaims } from '../../sandbox/src/issuer/claims.ts';
import type { Message } from '../../sandbox/src/slack/types.ts';
import type { Claims } from '../../sandbox/src/issuer/claims.ts';
import { startIssuer } from '../../sandbox/src/issuer/issuer.ts';
import type { StandInIssuer } from '../../sandbox/src/issuer/issuer.ts';
import type { App } from '../../src/compose/app.ts';
import { openApiChecker } from '../support/openapi.ts';
import { storyOf, untilRemoved } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import { startWorld, withClient } from '../support/world.ts';
import type { World } from '../support/world.ts';

const rulesOf = (issuer: string): string => `
rules:
  - name: Nothing for the night
    match: { clients: [api-deploy], roles: ["*/write"] }
    deny: Not by a pipeline.
  - name: An owner agrees
    approvals: [{ from: owners }]
pending: 4h
claim: 1h
limits: { open_requests: 100, live_grants: 100 }
issuers: { ci: { kind: github, url: "${issuer}" } }
clients:
  api-deploy:
    issuer: ci
    audience: latchkey
    repository: { id: "456789", name: acme/api }
    environment: production
    refs: [refs/heads/main]
accounts: { ci: { "1001": olga@acme.test, "1003": sam@acme.test } }
admins: [security]
`;

let issuer: StandInIssuer;
let world: World;
let story: Story;
let apps: App[];
/** Every answer of these tests is held against the document. */
let against: ReturnType<typeof openApiChecker>;

beforeAll(async () => {
  issuer = await startIssuer();
  world = await startWorld({ rules: rulesOf(issuer.url) });
  story = storyOf(world);
  apps = [await world.start(), await world.start()];
  const document = await fetch(`http://127.0.0.1:${apps[0]?.port}/api/v1/openapi.json`);
  against = openApiChecker(await document.json());
});
afterAll(async () => {
  await world.stop();
  await issuer.stop();
});

type Body = Record<string, unknown>;
type Answered = { status: number; body: Body; text: string; type: string };

const call = async (
  method: string,
  path: string,
  { session, body, at = 0, key }: { session?: string; body?: unknown; at?: number; key?: string } = {},
): Promise<Answered> => {
  const response = await fetch(`http://127.0.0.1:${apps[at]?.port}/api/v1${path}`, {
    method,
    headers: {
      'content-type': 'application/json',
      ...(key !== undefined && { 'idempotency-key': key }),
      ...(session !== undefined && { authorization: `Bearer ${session}` }),
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const { status } = response;
  const type = response.headers.get('content-type') ?? '';
  const parsed = JSON.parse(text) as Body;
  expect(against({ method, path: `/api/v1${path}`, status, type, body: parsed })).toBeNull();
  return { status, body: parsed, text, type };
};

/** Of a job of its own, unless the claims say which. */
const tokenOf = (claims: Claims = {}): Promise<string> =>
  issuer.mint(githubClaims({ aud: 'latchkey', check_run_id: randomUUID(), actor_id: '7', ...claims }));

const sessionOf = async (claims: Claims = {}): Promise<string> => {
  const { body } = await call('POST', '/sessions', { body: { token: await tokenOf(claims) } });
  return String(body['session']);
};

const READ = { role: 'orders-db/read', for: '10m', reason: 'migration of release 118' };

/** By the id in its buttons: cards of earlier tests may still come. */
const cardOf = (id: string): Promise<Message> =>
  world.slack.waitFor(
    () =>
      world.slack
        .as('olga')
        .messages('prod-access')
        .find((message) => JSON.stringify(message).includes(id)),
    { what: 'the approval message' },
  );

const requested = async (session: string, more: Body = {}): Promise<Body> =>
  (await call('POST', '/requests', { session, body: { ...READ, ...more } })).body;

test('a token becomes a session, twice the same, in any process', async () => {
  const token = await tokenOf();
  const first = await call('POST', '/sessions', { body: { token } });
  const second = await call('POST', '/sessions', { body: { token }, at: 1 });
  expect(first).toMatchObject({ status: 201, body: { client: 'api-deploy' } });
  expect(second.text).toBe(first.text);
});

test('another token with an id that was seen is refused, in any process', async () => {
  const jti = randomUUID();
  const job = { check_run_id: randomUUID() };
  const first = await tokenOf({ jti, ...job });
  const other = await tokenOf({ jti, ...job, sha: 'other' });
  expect((await call('POST', '/sessions', { body: { token: first } })).status).toBe(201);
  expect((await call('POST', '/sessions', { body: { token: other }, at: 1 })).status).toBe(401);
  expect((await call('POST', '/sessions', { body: { token: first }, at: 1 })).status).toBe(201);
});

test('every 401 is the same to the byte', async () => {
  const session = await sessionOf();
  const refused = await Promise.all([
    call('POST', '/sessions', { body: { token: 'banana' } }),
    call('POST', '/sessions', { body: { token: await tokenOf({ aud: 'other' }) } }),
    call('POST', '/sessions', { body: { token: await tokenOf({ ref: 'refs/heads/dev' }) } }),
    call('GET', '/requests/x'),
    call('GET', '/requests/x', { session: 'banana' }),
    call('GET', '/requests/x', { session: `${session.slice(0, -2)}xx` }),
  ]);
  expect(refused.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401, 401]);
  expect(new Set(refused.map(({ text }) => text)).size).toBe(1);
});

test('text that a database refuses is cleaned, and never a failure of the server', async () => {
  const session = await sessionOf();
  const created = await call('POST', '/requests', {
    session,
    body: '{"role":"orders-db/read","for":"10m","reason":"migration\\u0000 of \\ud800 release 118","ticket":"OPS-1\\u0000"}',
  });
  expect(created).toMatchObject({ status: 201, body: { state: 'pending' } });
  await cardOf(String(created.body['id']));
  expect((await call('POST', `/requests/${String(created.body['id'])}/cancel`, { session })).status).toBe(200);
});

test('a job requests, waits, is approved by somebody who did not start it, and gives back what it got', async () => {
  const session = await sessionOf();
  const created = await call('POST', '/requests', { session, body: READ });
  expect(created).toMatchObject({
    status: 201,
    body: {
      state: 'pending',
      role: 'orders-db/read',
      for: '10m',
      rule: 'An owner agrees',
      waiting_for: expect.any(Array),
    },
  });
  const id = String(created.body['id']);
  expect((await call('POST', '/requests', { session, body: READ, at: 1 })).status).toBe(200);
  const early = await call('POST', `/requests/${id}/credentials`, { session });
  expect(early).toMatchObject({ status: 409, body: { code: 'not_active' }, type: 'application/problem+json' });

  const waiting = call('GET', `/requests/${id}?wait=50&version=${created.body['version'] as number}`, {
    session,
    at: 1,
  });
  const message = await cardOf(id);
  await world.slack.as('olga').click(message, 'approve');
  let seen = (await waiting).body;
  while (seen['state'] === 'pending' || seen['state'] === 'approved')
    seen = (await call('GET', `/requests/${id}?wait=20&version=${seen['version'] as number}`, { session })).body;
  expect(seen).toMatchObject({ state: 'active', by: expect.stringMatching(/olga/i) });

  const given = await call('POST', `/requests/${id}/credentials`, { session });
  const fields = given.body['fields'] as { name: string; value: string; env: string | null }[];
  const url = fields.find(({ name }) => name === 'url')?.value ?? '';
  const rows = await withClient(url, async (client) => (await client.query('select item from orders')).rows);
  expect(rows).toHaveLength(2);

  const stranger = await sessionOf();
  expect((await call('GET', `/requests/${id}`, { session: stranger })).status).toBe(404);
  expect((await call('POST', `/requests/${id}/credentials`, { session: stranger })).status).toBe(404);
  expect((await call('DELETE', `/grants/${given.body['grant'] as string}`, { session: stranger })).status).toBe(404);

  const back = await call('DELETE', '/grants?mine', { session });
  expect(back).toMatchObject({ status: 200, body: { ended: [given.body['grant']], ending: [] } });
  await untilRemoved(world);
  expect(await world.logins()).toEqual([]);
  expect((await call('GET', `/requests/${id}`, { session })).body).toMatchObject({ state: 'ended', why: 'done' });
});

/** Requested, approved by a click, active. */
const activated = async (session: string, key?: string): Promise<Body> => {
  const created = await call('POST', '/requests', { session, body: READ, ...(key !== undefined && { key }) });
  const message = await cardOf(String(created.body['id']));
  await world.slack.as('olga').click(message, 'approve');
  const read = async (): Promise<Body> =>
    (await call('GET', `/requests/${String(created.body['id'])}`, { session })).body;
  await expect.poll(async () => (await read())['state'], { timeout: 60_000 }).toBe('active');
  return read();
};

test(
  'while it lives a job has one request; after its end a new one, unless the call is the same that was lost',
  { timeout: 120_000 },
  async () => {
    const session = await sessionOf();
    const first = await activated(session, 'call-1');
    for (const key of ['call-1', 'call-2', undefined])
      expect(await call('POST', '/requests', { session, body: READ, ...(key && { key }) })).toMatchObject({
        status: 200,
        body: { id: first['id'] },
      });
    await call('DELETE', '/grants?mine', { session });
    const lost = await call('POST', '/requests', { session, body: READ, key: 'call-1' });
    expect(lost).toMatchObject({ status: 200, body: { id: first['id'], state: 'ended' } });
    const made = await call('POST', '/requests', { session, body: READ, key: 'call-3' });
    expect(made).toMatchObject({ status: 201, body: { state: 'pending' } });
    expect(made.body['id']).not.toBe(first['id']);
    // Lost twice, to two servers.
    for (const at of [0, 1])
      expect(await call('POST', '/requests', { session, body: READ, key: 'call-3', at })).toMatchObject({
        status: 200,
        body: { id: made.body['id'] },
      });
    await call('POST', `/requests/${String(made.body['id'])}/cancel`, { session });
    expect(await call('POST', '/requests', { session, body: READ, key: 'call-4' })).toMatchObject({
      status: 200,
      body: { id: made.body['id'], state: 'cancelled' },
    });
    expect(await call('POST', '/requests', { session, body: READ, key: 'no spaces' })).toMatchObject({ status: 400 });
  },
);

test('two calls at the same moment after an end make one request', { timeout: 120_000 }, async () => {
  const session = await sessionOf();
  await activated(session);
  await call('DELETE', '/grants?mine', { session });
  const both = await Promise.all([0, 1].map((at) => call('POST', '/requests', { session, body: READ, at })));
  expect(new Set(both.map(({ body }) => body['id'])).size).toBe(1);
  await call('POST', `/requests/${String(both[0]?.body['id'])}/cancel`, { session });
});

test('a job that is no longer heard loses its access', async () => {
  const session = await sessionOf();
  const { id } = await requested(session);
  const message = await cardOf(String(id));
  await world.slack.as('olga').click(message, 'approve');
  let seen = (await call('GET', `/requests/${String(id)}`, { session })).body;
  while (seen['state'] !== 'active')
    seen = (await call('GET', `/requests/${String(id)}?wait=20&version=${String(seen['version'])}`, { session })).body;
  const grant = String(seen['grant']);
  expect((await call('POST', `/grants/${grant}/heartbeat`, { session: await sessionOf() })).status).toBe(404);
  expect((await call('POST', `/grants/${grant}/heartbeat`, { session })).body).toMatchObject({ grant });
  await world.sql(`update heartbeats set heard_at = heard_at - interval '61 seconds'`);
  while (seen['state'] !== 'ended')
    seen = (await call('GET', `/requests/${String(id)}?wait=20&version=${String(seen['version'])}`, { session })).body;
  expect(seen['why']).toBe('client_lost');
  await expect.poll(() => world.logins(), { timeout: 60_000, message: 'the end' }).toEqual([]);
  expect((await call('POST', `/grants/${grant}/heartbeat`, { session })).status).toBe(409);
});

test('while nobody could hear the jobs, silence does not count', { timeout: 120_000 }, async () => {
  const session = await sessionOf();
  const { id } = await requested(session);
  const message = await cardOf(String(id));
  await world.slack.as('olga').click(message, 'approve');
  const stateOf = async (): Promise<unknown> =>
    (await call('GET', `/requests/${String(id)}`, { session })).body['state'];
  await expect.poll(stateOf).toBe('active');
  const grant = String((await call('GET', `/requests/${String(id)}`, { session })).body['grant']);
  await call('POST', `/grants/${grant}/heartbeat`, { session });

  for (const app of apps) await app.stop();
  await world.sql(`update heartbeats set heard_at = heard_at - interval '5 minutes'`);
  await world.sql(`update hearing set last_at = last_at - interval '5 minutes'`);
  apps = [await world.start(), await world.start()];
  await expect
    .poll(() => world.sql(`select 1 from hearing where last_at > clock_timestamp() - interval '20 seconds'`))
    .toHaveLength(1);
  expect(await call('POST', `/grants/${grant}/heartbeat`, { session })).toMatchObject({ status: 200 });
  expect(await stateOf()).toBe('active');

  await world.sql(`update heartbeats set heard_at = heard_at - interval '61 seconds'`);
  await expect.poll(stateOf).toBe('ended');
});

test('the answers name the message in Slack once it is there', async () => {
  const session = await sessionOf();
  const { id } = await requested(session);
  const urlOf = async (): Promise<unknown> =>
    (await call('GET', `/requests/${String(id)}`, { session })).body['message_url'];
  await expect.poll(urlOf, { timeout: 60_000 }).toMatch(/^https?:\/\/.*\/archives\/C\w+\/p\d+$/);
  await call('POST', `/requests/${String(id)}/cancel`, { session });
});

test('who started the job is asked for nothing', async () => {
  const session = await sessionOf({ actor_id: '1001' });
  const { waiting_for: names } = await requested(session);
  expect(JSON.stringify(names)).not.toMatch(/olga/i);
  expect(names).toHaveLength(1);
});

test('a cancelled request has no buttons, and is said to be cancelled', async () => {
  const session = await sessionOf();
  const { id } = await requested(session);
  const cancelled = await call('POST', `/requests/${String(id)}/cancel`, { session });
  expect(cancelled).toMatchObject({ status: 200, body: { state: 'cancelled' } });
  expect((await call('POST', `/requests/${String(id)}/cancel`, { session })).status).toBe(409);
});

test.each<[string, unknown, number, string]>([
  ['a rule that denies', { ...READ, role: 'orders-db/write' }, 403, 'denied_by_rule'],
  ['a role that is none', { ...READ, role: 'orders-db/reed' }, 422, 'unknown_role'],
  ['a role that is half', { ...READ, role: 'orders-db' }, 422, 'unknown_role'],
  ['a duration that is none', { ...READ, for: 'banana' }, 422, 'bad_duration'],
  ['too long', { ...READ, for: '9h' }, 422, 'duration_over_cap'],
  ['no reason', { role: READ.role }, 422, 'reason_missing'],
  ['a field that is not known', { ...READ, admin: true }, 400, 'bad_request'],
  ['no JSON', '{', 400, 'not_json'],
])('%s is a problem with a code', async (...[, body, status, code]) => {
  const answer = await call('POST', '/requests', { session: await sessionOf(), body });
  expect(answer).toMatchObject({ status, body: { code, status }, type: 'application/problem+json' });
});

test('what is not there is a problem, too, and the document says what is', async () => {
  for (const method of ['PUT', 'OPTIONS'])
    expect(await call(method, '/requests')).toMatchObject({ status: 404, body: { code: 'not_found' } });
  expect(await call('GET', '/nothing')).toMatchObject({ status: 404, type: 'application/problem+json' });
  const { body } = await call('GET', '/openapi.json');
  expect(body).toMatchObject({ openapi: '3.1.0' });
  expect(Object.keys(body['paths'] as object)).toContain('/api/v1/requests/{id}/credentials');
});

test('five hundred wait at once, and a change wakes only whose it is', async () => {
  const session = await sessionOf();
  const { id, version } = await requested(session);
  const path = `/requests/${String(id)}?wait=50&version=${String(version)}`;
  const waiting = Array.from({ length: 500 }, () => call('GET', path, { session }));
  await call('POST', `/requests/${String(id)}/cancel`, { session, at: 1 });
  const states = await Promise.all(waiting.map(async (one) => (await one).body['state']));
  expect(new Set(states)).toEqual(new Set(['cancelled']));
});

test('a call that gets no connection to the database in time is to be sent again, and the others wait on', async () => {
  const session = await sessionOf();
  const answers = await withClient(world.database.url, async (client) => {
    await client.query('begin; lock table requests in access exclusive mode');
    const all = Array.from({ length: 40 }, () => call('GET', '/requests/none', { session }));
    const first = await Promise.race(all);
    expect(first).toMatchObject({ status: 503, body: { code: 'busy' } });
    await client.query('rollback');
    return await Promise.all(all);
  });
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503, 404]));
});

test('the audit log names the client', async () => {
  expect(await story.events()).toContain('request.created');
  const [row] = await world.sql<{ actor: string }>(
    `select requester_id as actor from requests order by created_at limit 1`,
  );
  expect(row?.actor).toBe('client:api-deploy');
});

// Last: for a minute this process answers wrong tokens from here no more.
test('an address from which many wrong tokens come is told to wait, and a good token still gets in', async () => {
  const wrong = () => call('POST', '/sessions', { body: { token: 'no.token.atall' }, at: 1 });
  let limited = await wrong();
  for (let tries = 0; limited.status === 401 && tries < 40; tries += 1) limited = await wrong();
  expect(limited).toMatchObject({ status: 429, body: { code: 'too_many_logins' } });
  expect((await call('POST', '/sessions', { body: { token: await tokenOf() }, at: 1 })).status).toBe(201);
});
