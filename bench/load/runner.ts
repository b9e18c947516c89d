/** GitHub as far as the end of a job needs it: the App's side, a job with its token, and the event that the job ended. */
import { githubClaims } from '../../sandbox/src/issuer/claims.ts';
import { startGithub } from '../../sandbox/src/github/github.ts';
import type { Github } from '../../sandbox/src/github/github.ts';
import type { Job, Repository, Run } from '../../sandbox/src/github/state.ts';
import { theIssuer } from './jobs.ts';

type Known = { github: Github; repository: Repository; jobs: Map<number, { run: Run; job: Job }> };

const FIRST_JOB = 81_000;

let known: Known | null = null;

const theGithub = (): Known => {
  if (!known) throw new Error('GitHub was not started.');
  return known;
};

/** What Latchkey knows of the App. */
export const startApp = async (): Promise<Record<string, string>> => {
  const github = known?.github ?? (await startGithub());
  known ??= { github, repository: github.addRepository('acme/api', 456_789), jobs: new Map() };
  return {
    LATCHKEY_GITHUB_APP_ID: github.state.appId,
    LATCHKEY_GITHUB_APP_KEY: github.state.privateKey.pkcs1,
    LATCHKEY_GITHUB_WEBHOOK_SECRET: github.state.secret,
    LATCHKEY_GITHUB_API_URL: github.apiUrl,
  };
};

export type RunnerJob = { id: number; token: string };

export const addJob = async ({ url }: { url: string }): Promise<RunnerJob> => {
  const { github, repository, jobs } = theGithub();
  github.state.hookUrl = `${url}/hooks/github`;
  const run = github.addRun({ repository });
  const id = FIRST_JOB + jobs.size;
  jobs.set(id, { run, job: github.addJob(run, id) });
  const claims = { check_run_id: String(id), run_id: String(run.id), run_attempt: '1', sha: run.sha, actor_id: '7' };
  return { id, token: await theIssuer().mint({ ...githubClaims(claims), aud: url }) };
};

export const completeJob = async ({ id }: { id: number }): Promise<void> => {
  const { github, jobs } = theGithub();
  const found = jobs.get(id);
  if (!found) throw new Error(`There is no job ${id}.`);
  await github.completeJob(found.run, found.job);
};
