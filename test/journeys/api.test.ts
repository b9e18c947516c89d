/** A job of a CI requests, waits, uses and gives back access over the API, while a person decides in Slack. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { githubClaims } from '../../sandbox/src/issuer/claims.ts';
import type { Claims } from '../../sandbox/src/issuer/claims.ts';
import { startIssuer } from '../../sandbox/src/issuer/issuer.ts';
import type { StandInIssuer } from '../../sandbox/src/issuer/issuer.ts';
import type { App } from '../../src/compose/app.ts';
import { storyOf } from '../support/story.ts';
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
accounts: { ci: { "1001": olga@acme.test } }
admins: [security]
`;

let issuer: StandInIssuer;
let world: World;
let story: Story;
let apps: App[];

beforeAll(async () => {
  issuer = await startIssuer();
  world = await startWorld({ rules: rulesOf(issuer.url) });
  story = storyOf(world);
  apps = [await world.start(), await world.start()];
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
  { session, body, at = 0 }: { session?: string; body?: unknown; at?: number } = {},
): Promise<Answered> => {
  const response = await fetch(`http://127.0.0.1:${apps[at]?.port}/api/v1${path}`, {
    method,
    headers: {
      'content-type': 'application/json',
      ...(session !== undefined && { authorization: `Bearer ${session}` }),
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    body: JSON.parse(text) as Body,
    text,
    type: response.headers.get('content-type') ?? '',
  };
};

/** Of a job of its own, unless the claims say which. */
const tokenOf = (claims: Claims = {}): Promise<string> =>
  issuer.mint(githubClaims({ aud: 'latchkey', check_run_id: randomUUID(), actor_id: '7', ...claims }));

const sessionOf = async (claims: Claims = {}): Promise<string> => {
  const { body } = await call('POST', '/sessions', { body: { token: await tokenOf(claims) } });
  return String(body['session']);
};

const READ = { role: 'orders-db/read', for: '10m', reason: 'migration of release 118' };

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

test('a job requests, waits, is approved by somebody who did not start it, and gives back what it got', async () => {
  const session = await sessionOf();
  const before = world.slack.as('olga').messages('prod-access').length;
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
  const message = await world.slack.waitFor(() => world.slack.as('olga').messages('prod-access').at(before), {
    what: 'the approval message',
    timeoutMs: 30_000,
  });
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
  expect(await world.logins()).toEqual([]);
  expect((await call('GET', `/requests/${id}`, { session })).body).toMatchObject({ state: 'ended', why: 'done' });
});

test('a job that is no longer heard loses its access', async () => {
  const session = await sessionOf();
  const before = world.slack.as('olga').messages('prod-access').length;
  const { id } = await requested(session);
  const message = await world.slack.waitFor(() => world.slack.as('olga').messages('prod-access').at(before), {
    what: 'the approval message',
    timeoutMs: 30_000,
  });
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
  await world.slack.waitFor(async () => (await world.logins()).length === 0, { what: 'the end', timeoutMs: 20_000 });
  expect((await call('POST', `/grants/${grant}/heartbeat`, { session })).status).toBe(409);
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
  expect(await call('PUT', '/requests')).toMatchObject({ status: 404, body: { code: 'not_found' } });
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

test('the audit log names the client', async () => {
  expect(await story.events()).toContain('request.created');
  const [row] = await world.sql<{ actor: string }>(
    `select requester_id as actor from requests order by created_at limit 1`,
  );
  expect(row?.actor).toBe('client:api-deploy');
});
