/**
 * `latchkey exec` and what it runs on are killed at each of its steps, with `kill -9`: the job itself, the server, Redis and Postgres. The
 * job goes on, or runs again and finds its own; afterwards nothing is left in the target, and the audit log has the whole story.
 *
 * Here each step has one victim, and each victim some steps. `LATCHKEY_CRASH_MATRIX=whole` runs every victim at every step, in some minutes.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPostgres } from '../../sandbox/src/embedded/postgres.ts';
import { startIssuer } from '../../sandbox/src/issuer/issuer.ts';
import type { StandInIssuer } from '../../sandbox/src/issuer/issuer.ts';
import { DriverError } from '../../sandbox/src/slack/errors.ts';
import { findLastingLeftOver } from '../support/integrity.ts';
import { githubJob, jobRules, startJob } from '../support/job.ts';
import type { Job } from '../support/job.ts';
import { runCli, startProcess } from '../support/process.ts';
import type { AppProcess } from '../support/process.ts';
import { startOwnServices, startPrivateServer, testServices } from '../support/services.ts';
import type { OwnServices } from '../support/services.ts';
import { startStepFront } from '../support/step-front.ts';
import type { Step, StepFront } from '../support/step-front.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';
import { chainProblems } from './fault-world.ts';

const LONG = 300_000;
const SOON = { timeout: 90_000, interval: 100 };

let issuer: StandInIssuer;
let services: OwnServices;
let world: World;
let front: StepFront;
let app: AppProcess;

const startServer = async (): Promise<void> => {
  app = await startProcess(world.env);
  front.leadTo(app.port);
};

/** A commit that was answered survives a kill, as it does in production; the servers of other tests save themselves that write. */
const startDurable = () =>
  startPrivateServer(testServices(), (folder) =>
    startPostgres(folder, { isForTests: true, settings: ['synchronous_commit=on'] }),
  );

beforeAll(async () => {
  // Builds the bundle where a source is newer.
  await runCli(['exec', '--help'], {});
  [issuer, services, front] = await Promise.all([
    startIssuer(),
    startOwnServices(testServices(), startDurable),
    startStepFront(),
  ]);
  // The target is another server: it is not what is killed here.
  const options = { services, targetAdminUrl: testServices().adminUrl };
  world = await startWorld({ ...options, rules: jobRules(issuer.url, front.url) });
  await startServer();
}, LONG);
afterAll(async () => {
  await app.kill();
  await world.stop();
  await front.close();
  await Promise.all([issuer.stop(), services.remove()]);
});

type When = 'before the approval' | 'by it' | 'after it';

/** `call`: the job's own; null where an approver's click is the step. */
const STEPS = {
  session: { call: { method: 'POST', path: /\/sessions$/ }, when: 'before the approval' },
  request: { call: { method: 'POST', path: /\/requests$/ }, when: 'before the approval' },
  waiting: { call: { method: 'GET', path: /\/requests\/[^/]+\?/, isDuring: true }, when: 'before the approval' },
  approved: { call: null, when: 'by it' },
  credentials: { call: { method: 'POST', path: /\/credentials$/ }, when: 'after it' },
  running: { call: { method: 'POST', path: /\/heartbeat$/ }, when: 'after it' },
  'giving back': { call: { method: 'DELETE', path: /\/grants\// }, when: 'after it' },
} satisfies Record<string, { call: Step | null; when: When }>;

type StepName = keyof typeof STEPS;

type Victim = 'exec' | 'server' | 'Redis' | 'Postgres';

/** Each leaves things as after a crash and its restart. */
const VICTIMS: Record<Victim, (job: Job) => Promise<void>> = {
  exec: async ({ child, ended }: Job): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  },
  server: async (): Promise<void> => {
    front.leadTo(null);
    await app.kill();
    await startServer();
  },
  Redis: async (): Promise<void> => {
    await services.redis.kill();
    await services.redis.start();
  },
  Postgres: async (): Promise<void> => {
    await services.postgres.kill();
    await services.postgres.start();
  },
};

type Seen = { id: string; state: string; grant: string | null };

const requestsOf = (run: string): Promise<Seen[]> =>
  world.sql<Seen>(
    `select r.id, r.state, g.state as grant from requests r left join grants g on g.request_id = r.id
     where r.job ->> 'run' = $1 order by r.created_at`,
    [run],
  );

/** Null while the database restarts: it answers nobody then, and is looked at again. */
const looked = async (run: string): Promise<Seen[] | null> => {
  try {
    return await requestsOf(run);
  } catch (error) {
    if (error instanceof Error && 'code' in error) return null;
    throw error;
  }
};

const click = async (id: string): Promise<void> => {
  const olga = world.slack.as('olga');
  const card = olga.messages('prod-access').findLast((message) => JSON.stringify(message).includes(id));
  if (!card) return;
  try {
    await olga.click(card, 'approve');
  } catch (error) {
    // The card was refreshed meanwhile, and has no such button any more.
    if (!(error instanceof DriverError)) throw error;
  }
};

/** Clicks as long as a request waits: a click that met a server or a database that was down did nothing. */
const approve = async (run: string): Promise<void> => {
  await expect
    .poll(async () => {
      const requests = await looked(run);
      const waiting = requests?.find(({ state }) => state === 'pending');
      if (waiting) await click(waiting.id);
      return !waiting && (requests?.some(({ state }) => state === 'approved') ?? false);
    }, SOON)
    .toBe(true);
};

/** What had ended before the job was killed is not its own any more: a run of it again requests anew, and waits again. */
const approveUntil = async (run: string, { child, ended }: Job): Promise<number | null> => {
  const isOver = (): boolean => child.exitCode !== null || child.signalCode !== null;
  await expect
    .poll(async () => {
      const waiting = (await looked(run))?.find(({ state }) => state === 'pending');
      if (waiting) await click(waiting.id);
      return isOver();
    }, SOON)
    .toBe(true);
  return ended;
};

const ARGS = [
  ...['exec', '--role', 'orders-db/read', '--for', '10m', '--reason', 'crash test of a job', '--wait', '3m'],
  ...['--', process.execPath, '-e', `setTimeout(() => console.log('ran'), 300)`],
];

/** Resolves with the job that lives on. */
const killAt = async (name: StepName, victim: Victim, run: string): Promise<Job> => {
  const env = { LATCHKEY_URL: front.url, ...githubJob(issuer, { run_id: run, check_run_id: run }) };
  const { call, when } = STEPS[name];
  let job: Job | null = null;
  const act = async (): Promise<void> => {
    if (!job) throw new Error('no job runs yet');
    await VICTIMS[victim](job);
  };
  const killed = call ? front.at(call, act) : null;
  job = startJob(ARGS, env);
  if (when !== 'before the approval') await approve(run);
  await (killed ?? act());
  if (when === 'before the approval' && victim !== 'exec') await approve(run);
  // The CI runs the job again.
  return victim === 'exec' ? startJob(ARGS, env) : job;
};

/** The whole of it, for each request. */
const STORY = [
  ...['request.created', 'vote.cast', 'request.approved', 'grant.activating', 'grant.active'],
  ...['grant.ending', 'grant.closed', 'grant.removed'],
];

const missingFrom = async (id: string): Promise<string[]> => {
  const events = await world.sql<{ type: string }>('select type from audit_events where request_id = $1', [id]);
  const types = new Set(events.map(({ type }) => type));
  return STORY.filter((type) => !types.has(type));
};

/** Masks are for the runner. */
const printed = (job: Job): string => job.out().replaceAll(/^::add-mask::.*\n/gm, '');

const liveThrough = async (name: StepName, victim: Victim) => {
  const run = randomUUID();
  const job = await killAt(name, victim, run);
  const code = await approveUntil(run, job);
  // What could not be given back ends by silence, a minute later.
  await expect.poll(async () => (await requestsOf(run)).every(({ grant }) => grant === 'removed'), SOON).toBe(true);
  const requests = await requestsOf(run);
  return {
    victim,
    code,
    said: code === 0 ? printed(job) : job.err(),
    logins: await world.logins(),
    missing: (await Promise.all(requests.map(({ id }) => missingFrom(id)))).flat(),
  };
};

const SPREAD: Record<StepName, Victim[]> = {
  session: ['Redis'],
  request: ['Postgres'],
  waiting: ['server'],
  approved: ['exec'],
  credentials: ['Redis'],
  running: ['Postgres'],
  'giving back': ['exec'],
};

const isWhole = process.env['LATCHKEY_CRASH_MATRIX'] === 'whole';
const nameOf = (step: string): step is StepName => step in STEPS;

test.each(
  Object.keys(STEPS)
    .filter(nameOf)
    .map((step) => ({ step, victims: isWhole ? (Object.keys(VICTIMS) as Victim[]) : SPREAD[step] })),
)('killed at the step $step: $victims', { timeout: LONG }, async ({ step, victims }) => {
  for (const victim of victims)
    expect(await liveThrough(step, victim)).toEqual({
      ...{ victim, code: 0, said: 'ran\n' },
      ...{ logins: [], missing: [] },
    });
});

test('after all of it target, store, outbox and audit chain agree', { timeout: LONG }, async () => {
  expect(await findLastingLeftOver(world)).toEqual([]);
  await expect.poll(() => chainProblems(world), SOON).toEqual([]);
});
