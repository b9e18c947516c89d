/** Jobs of a CI: each known by a token of its own, with a request, and a long poll that waits for its decision. */
import { Agent, request } from 'undici';
import pg from 'pg';
import { githubClaims } from '../../sandbox/src/issuer/claims.ts';
import { startIssuer } from '../../sandbox/src/issuer/issuer.ts';
import type { StandInIssuer } from '../../sandbox/src/issuer/issuer.ts';
import { assertThat } from '../measure.ts';
import { postClick } from './signed.ts';
import { APPROVER } from './slack.ts';
import type { Slack } from './slack.ts';

type Body = Record<string, unknown>;
type Job = { session: string; id: string; version: string; mark: string };
/** Where a job of GitHub requests its token. */
export type TokenAddress = { issuerUrl: string; url: string; secret: string };
/** From the click, and from the commit of the decision, until the job had it. */
export type Decided = { clickMs: number; commitMs: number };

const AT_ONCE = 20;
const TRIES = 5;
const POLL_S = 50;

const agent = new Agent({ connections: 2_000 });
let issuer: StandInIssuer | null = null;
let count = 0;

export const theIssuer = (): StandInIssuer => {
  if (!issuer) throw new Error('The issuer was not started.');
  return issuer;
};

/** Each token is of another job. */
const claims = () => githubClaims({ check_run_id: crypto.randomUUID(), actor_id: '7' });

export const startTokens = async (): Promise<TokenAddress> => {
  issuer ??= await startIssuer();
  return { issuerUrl: issuer.url, ...issuer.tokenAddress(claims) };
};

type Call = { url: string; method: 'GET' | 'POST' | 'DELETE'; path: string; session?: string; body?: Body };

const call = async ({ url, method, path, session, body }: Call): Promise<{ status: number; body: Body }> => {
  const answer = await request(`${url}/api/v1${path}`, {
    dispatcher: agent,
    method,
    headers: { 'content-type': 'application/json', ...(session && { authorization: `Bearer ${session}` }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: answer.statusCode, body: (await answer.body.json()) as Body };
};

const begin = async (url: string): Promise<Job> => {
  count += 1;
  const mark = `bench-${process.pid}-${count}`;
  const token = await theIssuer().mint({ ...claims(), aud: url });
  const { body: opened } = await call({ url, method: 'POST', path: '/sessions', body: { token } });
  const session = String(opened['session']);
  const body = { role: 'orders-db/write', for: '10m', reason: `${mark} migration` };
  let made = await call({ url, method: 'POST', path: '/requests', session, body });
  // As `latchkey exec` does: what a crowd did not get at once is sent again, and stays one request.
  for (let tries = 1; made.status >= 500 && tries < TRIES; tries += 1)
    made = await call({ url, method: 'POST', path: '/requests', session, body });
  assertThat(made.body['state'] === 'pending', `a job was answered ${made.status}: ${JSON.stringify(made.body)}.`);
  return { session, id: String(made.body['id']), version: String(made.body['version']), mark };
};

/** As `latchkey exec` waits: the next poll begins where the last one ended. */
const wait = async (url: string, { session, id, version }: Job): Promise<string> => {
  let known = version;
  for (;;) {
    const path = `/requests/${id}?wait=${POLL_S}&version=${known}`;
    const { status, body } = await call({ url, method: 'GET', path, session });
    assertThat(status === 200, `a job that waits was answered ${status}.`);
    if (body['state'] !== 'pending') return String(body['state']);
    known = String(body['version']);
  }
};

const inTurns = async <T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> => {
  for (let from = 0; from < items.length; from += AT_ONCE)
    await Promise.all(items.slice(from, from + AT_ONCE).map(work));
};

const CHANNEL = 'bench_decided';
/** Says so at commit: asking again and again would load what is measured. */
const TRIGGER = `
create or replace function bench_decided() returns trigger language plpgsql as $$
begin
  perform pg_notify('${CHANNEL}', new.id);
  return new;
end $$;
create or replace trigger bench_decided after update of state on requests
  for each row when (old.state = 'pending') execute function bench_decided()`;

/** When the decision of a request was committed, by this process' clock. */
const listen = async (storeUrl: string) => {
  const client = new pg.Client({ connectionString: storeUrl });
  await client.connect();
  await client.query(TRIGGER);
  await client.query(`listen ${CHANNEL}`);
  const at = new Map<string, number>();
  client.on('notification', ({ payload = '' }) => at.set(payload, performance.now()));
  return {
    /** The word of the commit and the answer to the job travel side by side. */
    commitOf: async (id: string): Promise<number> => {
      if (!at.has(id)) await client.query('select 1');
      return at.get(id) ?? Number.NaN;
    },
    close: () => client.end(),
  };
};

export type DecisionsInput = { url: string; storeUrl: string; count: number };

const giveBack = async (url: string, { session }: Job): Promise<void> => {
  const { status } = await call({ url, method: 'DELETE', path: '/grants?mine', session });
  assertThat(status === 200, `giving back was answered ${status}.`);
};

/** One job after the other waits, and an approver clicks. */
export const measureDecisions = async (slack: Slack, { url, storeUrl, count: times }: DecisionsInput) => {
  const decisions = await listen(storeUrl);
  const made: Decided[] = [];
  for (let index = 0; index < times; index += 1) {
    const job = await begin(url);
    const decided = wait(url, job).then((state) => ({ state, at: performance.now() }));
    const value = await slack.button('approve', job.mark);
    const clickedAt = performance.now();
    await postClick({ url, userId: APPROVER, actionId: 'approve', value, responseUrl: slack.nextResponse().url });
    const { state, at } = await decided;
    assertThat(state === 'approved' || state === 'active', `a job that was approved read "${state}".`);
    made.push({ clickMs: at - clickedAt, commitMs: at - (await decisions.commitOf(job.id)) });
    await giveBack(url, job);
  }
  await decisions.close();
  return made;
};

let crowd: { job: Job; ended: Promise<string> }[] = [];

export type CrowdInput = { url: string; count: number };

/** All of them request, and their messages are posted; then all of them wait. */
export const beginCrowd = async (slack: Slack, { url, count: size }: CrowdInput): Promise<void> => {
  const jobs: Job[] = [];
  await inTurns(Array.from({ length: size }), async () => void jobs.push(await begin(url)));
  await Promise.all(jobs.map(({ mark }) => slack.button('approve', mark)));
  crowd = jobs.map((job) => ({ job, ended: wait(url, job) }));
};

/** How many were answered that they are cancelled; none before. */
export const endCrowd = async ({ url }: { url: string }): Promise<number> => {
  await inTurns(crowd, async ({ job: { id, session } }) => {
    await call({ url, method: 'POST', path: `/requests/${id}/cancel`, session });
  });
  const states = await Promise.all(crowd.map(({ ended }) => ended));
  crowd = [];
  return states.filter((state) => state === 'cancelled').length;
};
