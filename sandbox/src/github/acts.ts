/** What people and runners do on GitHub, each with its webhook. */
import { deliver } from './deliver.ts';
import type { Event, Manner } from './deliver.ts';
import { accountJson, pullJson, runJson } from './state.ts';
import type { Account, Job, Pull, Repository, Run, State } from './state.ts';

export type NewRun = Partial<Omit<Run, 'id' | 'repository'>> & { repository: Repository };
export type NewPull = Partial<Omit<Pull, 'number' | 'repository'>> & { repository: Repository };

export type Acts = {
  addRepository(fullName: string, id: number, installation?: number): Repository;
  addRun(run: NewRun): Run;
  /** The same run again: another attempt, whose gates and jobs begin anew. */
  rerun(run: Run, by?: Account): void;
  /** A job of the run is about to start in this environment. */
  requestGate(run: Run, environment: string, manner?: Manner): Promise<void>;
  addJob(run: Run, id: number): Job;
  completeJob(run: Run, job: Job, manner?: Manner): Promise<void>;
  cancelRun(run: Run, manner?: Manner): Promise<void>;
  /** Another rule of the environment rejects the deployment. Only the status of the deployment says so here. */
  rejectElsewhere(run: Run, environment: string): Promise<void>;
  /** An administrator's *Start all waiting jobs*: docs.github.com, Reviewing deployments, Bypassing deployment protection rules. */
  bypass(run: Run, environment: string): Promise<void>;
  addPull(pull: NewPull): Pull;
  label(pull: Pull, label: string, by: Account): Promise<void>;
  unlabel(pull: Pull, label: string, by: Account): Promise<void>;
  push(pull: Pull, commit: Pull['commits'][number]): Promise<void>;
  close(pull: Pull, mergeCommit: string | null): Promise<void>;
  send(event: Event, manner?: Manner): Promise<void>;
};

export const SHA = '5f1c2d3e4b5a69788796a5b4c3d2e1f001122334';

const STARTER: Account = { id: 7, login: 'robin-gh' };

let second = 0;

/** GitHub writes seconds. No two deliveries here have the same body, as no two events of one thing have there. */
const changedAt = (): string => {
  second = Math.max(Math.floor(Date.now() / 1000), second + 1);
  return new Date(second * 1000).toISOString().replace('.000Z', 'Z');
};

const gateEvent = (run: Run, environment: string): Event => ({
  event: 'deployment_protection_rule',
  action: 'requested',
  repository: run.repository,
  sender: accountJson(run.actor),
  payload: {
    environment,
    event: run.event,
    deployment_callback_url: `https://api.github.com/repos/${run.repository.full_name}/actions/runs/${run.id}/deployment_protection_rule`,
    deployment: {
      id: run.id * 10,
      sha: run.sha,
      ref: run.branch,
      environment,
      task: 'deploy',
      payload: {},
      updated_at: changedAt(),
    },
    pull_requests: [],
  },
});

const jobEvent = (run: Run, job: Job): Event => ({
  event: 'workflow_job',
  action: 'completed',
  repository: run.repository,
  payload: {
    workflow_job: {
      ...job,
      run_id: run.id,
      run_attempt: run.attempt,
      head_sha: run.sha,
      completed_at: changedAt(),
      check_run_url: `https://api.github.com/repos/${run.repository.full_name}/check-runs/${job.id}`,
    },
  },
});

const runEvent = (run: Run): Event => ({
  event: 'workflow_run',
  action: 'completed',
  repository: run.repository,
  payload: { workflow_run: { ...runJson(run), updated_at: changedAt() } },
});

const statusEvent = (run: Run, environment: string, state: string): Event => ({
  event: 'deployment_status',
  action: 'created',
  repository: run.repository,
  payload: {
    deployment_status: { state, environment, description: '' },
    deployment: {
      id: run.id * 10,
      sha: run.sha,
      ref: run.branch,
      environment,
      task: 'deploy',
      payload: {},
      updated_at: changedAt(),
    },
    workflow_run: { id: run.id, run_number: run.id % 1000, head_sha: run.sha, event: run.event },
  },
});

const pullEvent = (pull: Pull, action: string, { by, more = {} }: { by: Account; more?: object }): Event => ({
  event: 'pull_request',
  action,
  repository: pull.repository,
  sender: accountJson(by),
  payload: { number: pull.number, pull_request: { ...pullJson(pull), updated_at: changedAt() }, ...more },
});

let runs = 9_000;

const newRun = ({ repository, ...more }: NewRun): Run => {
  runs += 1;
  return {
    id: runs,
    repository,
    attempt: 1,
    sha: SHA,
    branch: 'main',
    event: 'push',
    path: '.github/workflows/deploy.yml',
    actor: STARTER,
    starter: more.actor ?? STARTER,
    status: 'in_progress',
    conclusion: null,
    gates: [],
    jobs: [],
    ...more,
  };
};

const newPull = (number: number, { repository, ...more }: NewPull): Pull => ({
  number,
  repository,
  title: 'Repair the orders of June',
  state: 'open',
  merged: false,
  draft: false,
  user: STARTER,
  labels: [],
  base: 'main',
  head: {
    ref: 'repair-orders',
    sha: 'a'.repeat(40),
    repository: { id: repository.id, full_name: repository.full_name },
  },
  mergeCommit: null,
  commits: [{ sha: 'a'.repeat(40), author: STARTER, email: 'robin@acme.test' }],
  ...more,
});

type Send = (event: Event, manner?: Manner) => Promise<void>;

type RunActs = Omit<Acts, 'addPull' | 'label' | 'unlabel' | 'push' | 'close' | 'send'>;

/** What becomes of a deployment that waits, beside Latchkey's answer. */
const outcomeActs = (send: Send): Pick<Acts, 'rejectElsewhere' | 'bypass' | 'cancelRun'> => ({
  rejectElsewhere: (run, environment) => {
    Object.assign(run, { status: 'completed', conclusion: 'failure' });
    return send(statusEvent(run, environment, 'failure'));
  },
  bypass: (run, environment) => {
    for (const gate of run.gates) if (gate.environment === environment) gate.state = 'bypassed';
    run.status = 'in_progress';
    return send(statusEvent(run, environment, 'in_progress'));
  },
  cancelRun: (run, manner) => {
    Object.assign(run, { status: 'completed', conclusion: 'cancelled' });
    return send(runEvent(run), manner);
  },
});

const runActs = (state: State, send: Send): RunActs => ({
  addRepository: (fullName, id, installation = 77) => {
    const made = { id, full_name: fullName, installation };
    state.repositories.push(made);
    return made;
  },
  addRun: (given) => {
    const run = newRun(given);
    state.runs.push(run);
    return run;
  },
  rerun: (run, by = run.actor) => {
    run.attempt += 1;
    Object.assign(run, { starter: by, gates: [], jobs: [], status: 'in_progress', conclusion: null });
  },
  requestGate: (run, environment, manner) => {
    run.gates.push({ environment, state: 'waiting', reports: [], comment: null });
    run.status = 'waiting';
    return send(gateEvent(run, environment), manner);
  },
  addJob: (run, id) => {
    const job: Job = { id, name: 'migrate', status: 'in_progress', conclusion: null };
    run.jobs.push(job);
    return job;
  },
  completeJob: (run, job, manner) => {
    Object.assign(job, { status: 'completed', conclusion: 'success' });
    return send(jobEvent(run, job), manner);
  },
  ...outcomeActs(send),
});

export const createActs = (state: State): Acts => {
  const send: Send = async (event, manner) => void (await deliver(state, event, manner));
  return {
    ...runActs(state, send),
    send,
    addPull: (given) => {
      const pull = newPull(state.pulls.length + 40, given);
      state.pulls.push(pull);
      return pull;
    },
    label: (pull, label, by) => {
      pull.labels.push(label);
      return send(pullEvent(pull, 'labeled', { by, more: { label: { name: label } } }));
    },
    unlabel: (pull, label, by) => {
      pull.labels = pull.labels.filter((one) => one !== label);
      return send(pullEvent(pull, 'unlabeled', { by, more: { label: { name: label } } }));
    },
    push: (pull, commit) => {
      const before = pull.head.sha;
      pull.head.sha = commit.sha;
      pull.commits.push(commit);
      const by = commit.author ?? pull.user;
      return send(pullEvent(pull, 'synchronize', { by, more: { before, after: commit.sha } }));
    },
    close: (pull, mergeCommit) => {
      Object.assign(pull, { state: 'closed', merged: mergeCommit !== null, mergeCommit });
      return send(pullEvent(pull, 'closed', { by: pull.user }));
    },
  };
};
