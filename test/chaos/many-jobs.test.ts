/** Five hundred jobs wait at once, each with a session, a request and a long poll of its own: all are answered, and waiting costs nearly nothing. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Agent, request } from 'undici';
import { githubClaims } from '../../sandbox/src/issuer/claims.ts';
import { startIssuer } from '../../sandbox/src/issuer/issuer.ts';
import type { StandInIssuer } from '../../sandbox/src/issuer/issuer.ts';
import type { App } from '../../src/compose/app.ts';
import { WAITING, findLastingLeftOver } from '../support/integrity.ts';
import { jobRules } from '../support/job.ts';
import { until } from '../support/story.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const JOBS = 500;
const AT_ONCE = 20;
const TRIES = 5;
const MEASURED_MS = 1_500;
/** Of one core, with the five hundred callers in it. On a busy machine the server gets less of it, and uses less. */
const SHARE_MAX = 0.5;
const ANSWERED_WITHIN_MS = 10_000;
const LONG = 300_000;

let issuer: StandInIssuer;
let world: World;
let app: App;
let agent: Agent;
beforeAll(async () => {
  issuer = await startIssuer();
  const rules = jobRules(issuer.url, 'latchkey').replace('open_requests: 100', `open_requests: ${JOBS + 1}`);
  world = await startWorld({ rules });
  app = await world.start();
  agent = new Agent({ connections: JOBS + AT_ONCE });
}, LONG);
afterAll(async () => {
  await agent.close();
  await world.stop();
  await issuer.stop();
});

type Method = 'GET' | 'POST' | 'DELETE';
type Body = Record<string, unknown>;

const call = async (method: Method, path: string, { session, body }: { session?: string; body?: Body } = {}) => {
  const answer = await request(`http://127.0.0.1:${app.port}/api/v1${path}`, {
    dispatcher: agent,
    method,
    headers: { 'content-type': 'application/json', ...(session && { authorization: `Bearer ${session}` }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: answer.statusCode, body: (await answer.body.json()) as Body };
};

type Waiter = { session: string; id: string; version: string };

const begin = async (): Promise<Waiter> => {
  const token = await issuer.mint(githubClaims({ aud: 'latchkey', check_run_id: randomUUID(), actor_id: '7' }));
  const { body: opened } = await call('POST', '/sessions', { body: { token } });
  const session = String(opened['session']);
  const wanted = { role: 'orders-db/read', for: '10m', reason: 'one of many jobs' };
  let made = await call('POST', '/requests', { session, body: wanted });
  // As `latchkey exec` does: what a crowd did not get at once is sent again, and stays one request.
  for (let tries = 1; made.status >= 500 && tries < TRIES; tries += 1)
    made = await call('POST', '/requests', { session, body: wanted });
  expect(made).toMatchObject({ body: { state: 'pending' } });
  return { session, id: String(made.body['id']), version: String(made.body['version']) };
};

const inTurns = async <T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> => {
  const made: T[] = [];
  for (let from = 0; from < count; from += AT_ONCE)
    made.push(
      ...(await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, at) => work(from + at)))),
    );
  return made;
};

/** As `latchkey exec` waits: the next poll begins where the last one ended. */
const decided = async ({ session, id, version }: Waiter): Promise<unknown> => {
  let known = version;
  for (;;) {
    const { body } = await call('GET', `/requests/${id}?wait=50&version=${known}`, { session });
    if (body['state'] !== 'pending') return body['state'];
    known = String(body['version']);
  }
};

const cardOf = ({ id }: Waiter) =>
  world.slack.waitFor(
    () =>
      world.slack
        .as('olga')
        .messages('prod-access')
        .find((message) => JSON.stringify(message).includes(id)),
    { what: 'the card of the first', timeoutMs: LONG / 5 },
  );

/** The share of one core that this process used meanwhile. */
const shareOf = async (work: () => Promise<unknown>): Promise<number> => {
  const [before, begun] = [process.cpuUsage(), performance.now()];
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000 / (performance.now() - begun);
};

test('all are answered, one is approved among them, and waiting costs nearly nothing', { timeout: LONG }, async () => {
  const jobs = await inTurns(JOBS, begin);
  // Their cards are posted first: that is no cost of waiting.
  await until(async () => (await world.sql(WAITING)).length === 0, 'the cards', LONG / 2);
  const waiting = jobs.map(decided);
  // Once each of them is at the server.
  await expect.poll(() => shareOf(() => delay(MEASURED_MS)), { timeout: LONG / 2 }).toBeLessThan(SHARE_MAX);

  const [first, ...others] = jobs;
  if (!first) throw new Error('there is a first');
  await world.slack.as('olga').click(await cardOf(first), 'approve');
  const clickedAt = performance.now();
  expect(['approved', 'active']).toContain(await waiting[0]);
  expect(performance.now() - clickedAt).toBeLessThan(ANSWERED_WITHIN_MS);
  expect((await call('DELETE', '/grants?mine', { session: first.session })).status).toBe(200);

  await inTurns(others.length, async (at) => {
    const job = others[at];
    if (job) await call('POST', `/requests/${job.id}/cancel`, { session: job.session });
  });
  expect(new Set(await Promise.all(waiting.slice(1)))).toEqual(new Set(['cancelled']));
  await until(async () => (await world.sql(WAITING)).length === 0, 'the rest', LONG / 2);
  expect(await findLastingLeftOver(world)).toEqual([]);
});
