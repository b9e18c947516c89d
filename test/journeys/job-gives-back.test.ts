/** The command of a job ends while the server is away: the server is waited for, and a signal of the CI ends the wait. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startIssuer } from '../../sandbox/src/issuer/issuer.ts';
import type { StandInIssuer } from '../../sandbox/src/issuer/issuer.ts';
import type { App } from '../../src/compose/app.ts';
import { githubJob, jobRules, startJob } from '../support/job.ts';
import type { Job } from '../support/job.ts';
import { runCli } from '../support/process.ts';
import { startStepFront } from '../support/step-front.ts';
import type { StepFront } from '../support/step-front.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const LONG = 240_000;
const SOON = { timeout: 60_000, interval: 50 };

let issuer: StandInIssuer;
// Also a connection that is open leads nowhere while the server is away.
let front: StepFront;
let world: World;
let app: App;

beforeAll(async () => {
  // Builds the bundle where a source is newer.
  await runCli(['exec', '--help'], {});
  [issuer, front] = await Promise.all([startIssuer(), startStepFront()]);
  const atOnce = 'match: { clients: [api-deploy] }, approve: true';
  const rules = jobRules(issuer.url, front.url).replace(/name: An owner agrees\n.*/, `{ name: At once, ${atOnce} }`);
  world = await startWorld({ rules });
  app = await world.start();
  front.leadTo(app.port);
}, LONG);
afterAll(async () => {
  await world.stop();
  await Promise.all([front.close(), issuer.stop()]);
});

const says = async (job: Job, text: string): Promise<void> => {
  await expect.poll(() => `${job.out()}${job.err()}`, { ...SOON, message: text }).toContain(text);
};

const SCRIPT = `process.on('SIGUSR2', () => process.exit(4)); setInterval(() => undefined, 1000); console.log('running')`;

/** The command ends, and there is no server. */
const endWhileAway = async (): Promise<Job> => {
  const wanted = ['--role', 'orders-db/read', '--for', '10m', '--reason', 'migration of release 118'];
  const env = { LATCHKEY_URL: front.url, ...githubJob(issuer) };
  const job = startJob(['exec', ...wanted, '--', process.execPath, '-e', SCRIPT], env);
  await says(job, 'running');
  front.leadTo(null);
  job.child.kill('SIGUSR2');
  await says(job, 'Giving the access back: Latchkey cannot be reached');
  return job;
};

type Ended = { cause: string; reason: string | null; state: string };

const lastGrant = async (): Promise<Ended | undefined> =>
  (
    await world.sql<Ended>(
      `select end_cause as cause, end_reason as reason, state from grants order by created_at desc limit 1`,
    )
  )[0];

test('the server is waited for, and learns the exit code', { timeout: LONG }, async () => {
  const job = await endWhileAway();
  front.leadTo(app.port);
  expect(await job.ended).toBe(4);
  expect(job.err()).toContain('The access is given back.');
  await expect.poll(lastGrant, SOON).toEqual({ cause: 'done', reason: 'Exit code 4', state: 'removed' });
});

test('a signal ends the wait, and the silence ends the access', { timeout: LONG }, async () => {
  const job = await endWhileAway();
  job.child.kill('SIGTERM');
  expect(await job.ended).toBe(143);
  expect(job.err()).toContain('The access could not be given back');
  front.leadTo(app.port);
  await world.sql(`update heartbeats set heard_at = heard_at - interval '61 seconds'`);
  await expect.poll(async () => (await lastGrant())?.cause, SOON).toBe('client_lost');
});
