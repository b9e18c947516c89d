/** `POST /hooks/gitlab` with real servers and a real target: what is believed, and whose access a finished job gives back. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { gitlabClaims } from '../../../sandbox/src/issuer/claims.ts';
import { startIssuer } from '../../../sandbox/src/issuer/issuer.ts';
import type { StandInIssuer } from '../../../sandbox/src/issuer/issuer.ts';
import { startWorld } from '../../support/world.ts';
import type { World } from '../../support/world.ts';

const [SECRET, OLD] = ['a token that is long enough', 'the one from before and still valid'];
const LONG = 180_000;

const clientOf = (issuer: string): string =>
  `{ issuer: ${issuer}, audience: latchkey, project: { id: "77", name: acme/shop }, environment: production, refs: [refs/heads/main] }`;

const rulesOf = (lab: StandInIssuer, other: StandInIssuer): string => `
rules:
  - name: Reads at once
    match: { clients: ["*"], roles: ["*/read"] }
    approve: true
  - name: An owner agrees
    approvals: [{ from: owners }]
limits: { open_requests: 100, live_grants: 100 }
issuers:
  lab: { kind: gitlab, url: "${lab.url}" }
  other: { kind: gitlab, url: "${other.url}" }
clients:
  lab-deploy: ${clientOf('lab')}
  other-deploy: ${clientOf('other')}
admins: [security]
`;

let lab: StandInIssuer;
let other: StandInIssuer;
let world: World;
/** Two servers, of which the second has no secret. */
let urls: string[];

beforeAll(async () => {
  [lab, other] = await Promise.all([startIssuer(), startIssuer()]);
  world = await startWorld({ rules: rulesOf(lab, other) });
  const without = await world.start();
  world.env['LATCHKEY_GITLAB_WEBHOOK_SECRET'] = `${SECRET},${OLD}`;
  urls = [await world.start(), without].map(({ port }) => `http://127.0.0.1:${port}`);
}, LONG);
afterAll(async () => {
  await world.stop();
  await Promise.all([lab.stop(), other.stop()]);
});

type Body = Record<string, unknown>;

const post = async (path: string, body: unknown, headers: Record<string, string> = {}) => {
  const response = await fetch(path.startsWith('http') ? path : `${urls[0]}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, body: text.startsWith('{') ? (JSON.parse(text) as Body) : {} };
};

/** A request of this job; the id of it. */
const requested = async (issuer: StandInIssuer, job: string, role = 'orders-db/read'): Promise<string> => {
  const token = await issuer.mint(gitlabClaims({ aud: 'latchkey', job_id: job, jti: `${issuer.url} ${job}` }));
  const { body } = await post('/api/v1/sessions', { token });
  const { status, body: made } = await post(
    '/api/v1/requests',
    { role, for: '10m', reason: 'migration of release 118' },
    { authorization: `Bearer ${String(body['session'])}` },
  );
  expect(status).toBe(201);
  return String(made['id']);
};

const event = (at: StandInIssuer, job: number, more: Body = {}): Body => ({
  object_kind: 'build',
  build_id: job,
  build_status: 'canceled',
  pipeline_id: 600,
  project_id: 77,
  repository: { homepage: `${at.url}/acme/shop` },
  ...more,
});

const hook = (body: unknown, token: string | null = SECRET) =>
  post('/hooks/gitlab', body, {
    'x-gitlab-event': 'Job Hook',
    'idempotency-key': 'f5e5f430-f57b-4e6e-9fac-d9128cd7232f',
    ...(token !== null && { 'x-gitlab-token': token }),
  });

const stateOf = async (requestId: string) => {
  const [row] = await world.sql<{ request: string; grant: string | null; cause: string | null }>(
    `select r.state as request, g.state as grant, g.end_cause as cause from requests r
     left join grants g on g.request_id = r.id where r.id = $1`,
    [requestId],
  );
  return row;
};

const untilLive = async (requestId: string): Promise<void> => {
  await expect.poll(() => stateOf(requestId)).toMatchObject({ request: 'approved', grant: 'active' });
};

test(
  'a job that finished gives back its access, and no other job does',
  async () => {
    const [mine, sibling, theirs] = [
      await requested(lab, '6001'),
      await requested(lab, '6002'),
      await requested(other, '6001'),
    ];
    for (const id of [mine, sibling, theirs]) await untilLive(id);
    expect(await world.logins()).toHaveLength(3);

    expect(await hook(event(lab, 6001, { build_status: 'running' }))).toMatchObject({ status: 202 });
    for (const unlike of [{ project_id: 78 }, { pipeline_id: 601 }, { build_id: 60_010 }])
      expect(await hook(event(lab, 6001, unlike))).toEqual({ status: 202, body: { closed: 0 } });
    await untilLive(mine);

    expect(await hook(event(lab, 6001))).toEqual({ status: 202, body: { closed: 1 } });
    expect(await stateOf(mine)).toMatchObject({ cause: 'job_completed' });
    await expect.poll(() => world.logins().then(({ length }) => length), { timeout: 60_000 }).toBe(2);
    expect(await hook(event(lab, 6001))).toEqual({ status: 202, body: { closed: 0 } });
    await untilLive(sibling);
    await untilLive(theirs);

    expect(await hook(event(other, 6001, { build_status: 'success' }), OLD)).toMatchObject({ body: { closed: 1 } });
    expect(await stateOf(theirs)).toMatchObject({ cause: 'job_completed' });
    await untilLive(sibling);
  },
  LONG,
);

test(
  'a job that finished cancels its request that waits, once',
  async () => {
    const id = await requested(lab, '6003', 'orders-db/write');
    expect(await stateOf(id)).toMatchObject({ request: 'pending' });
    const answers = await Promise.all([hook(event(lab, 6003)), hook(event(lab, 6003))]);
    expect(answers.map(({ status }) => status)).toEqual([202, 202]);
    expect(await stateOf(id)).toMatchObject({ request: 'cancelled', grant: null });
    const said = await world.sql(
      `select 1 from audit_events where type = 'request.cancelled' and data::jsonb ->> 'cause' = 'job_completed'`,
    );
    expect(said).toHaveLength(1);
  },
  LONG,
);

test.each<[string, string | null]>([
  ['no token', null],
  ['an empty token', ''],
  ['another token', 'a token that is long enougH'],
  ['the beginning of the token', SECRET.slice(0, -1)],
  ['both tokens at once', `${SECRET},${OLD}`],
])('%s is not believed, whatever the body is', async (...[, token]) => {
  expect(await hook(event(lab, 6002), token)).toMatchObject({ status: 401, body: { error: 'not_authentic' } });
  expect((await hook('{', token)).status).toBe(401);
});

test.each<[string, unknown, number]>([
  ['an event of another kind', { object_kind: 'pipeline' }, 202],
  ['a job of an instance that the policy does not list', { repository: { homepage: 'https://x.test/acme/shop' } }, 202],
  ['no JSON', '{', 400],
  ['an id as text', { build_id: '6002' }, 400],
  ['more than it may hold', { build_name: 'x'.repeat(1_000_001) }, 413],
])('%s is answered, and nothing ends', async (...[, more, status]) => {
  const body = typeof more === 'string' ? more : event(lab, 6002, more as Body);
  expect((await hook(body)).status).toBe(status);
  expect(await world.sql(`select 1 from grants where state = 'active'`)).toHaveLength(1);
});

test('without a secret there is no such address', async () => {
  const { status } = await post(`${urls[1]}/hooks/gitlab`, event(lab, 6002), { 'x-gitlab-token': SECRET });
  expect(status).toBe(404);
});
