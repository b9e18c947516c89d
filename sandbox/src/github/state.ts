/** What the stand-in holds: repositories, runs with their gates and jobs, pull requests, and what the App wrote to them. */
import { createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { fairWeather, type Weather } from '../embedded/weather.ts';
import { newOrganization, type Organization } from './members.ts';

export type Account = { id: number; login: string };
export type Repository = { id: number; full_name: string; installation: number };

export type Gate = {
  environment: string;
  /** `bypassed`: an administrator started the jobs without an answer. */
  state: 'waiting' | 'approved' | 'rejected' | 'bypassed';
  /** Status reports: at most ten, of at most 1024 characters. */
  reports: string[];
  comment: string | null;
};

export type Job = {
  id: number;
  name: string;
  status: 'queued' | 'in_progress' | 'completed';
  conclusion: string | null;
};

export type Run = {
  id: number;
  repository: Repository;
  attempt: number;
  sha: string;
  branch: string;
  /** `branch` is the name of a tag, which the API does not say. */
  isTag?: boolean;
  event: string;
  path: string;
  actor: Account;
  /** Who started this attempt. */
  starter: Account;
  status: 'waiting' | 'in_progress' | 'completed';
  conclusion: string | null;
  gates: Gate[];
  jobs: Job[];
};

/** `committer`: the author where it is left out. `isSigned`: by the committer, with an address that GitHub has verified. */
export type Commit = {
  sha: string;
  author: Account | null;
  email: string;
  committer?: { account: Account | null; email: string };
  message?: string;
  isSigned?: boolean;
};

export type Pull = {
  number: number;
  repository: Repository;
  title: string;
  state: 'open' | 'closed';
  merged: boolean;
  draft: boolean;
  user: Account;
  labels: string[];
  base: string;
  head: { ref: string; sha: string; repository: { id: number; full_name: string } };
  mergeCommit: string | null;
  commits: Commit[];
};

export type Check = {
  id: number;
  repository: string;
  name: string;
  head_sha: string;
  status: string;
  conclusion: string | null;
  details_url: string | null;
  output: { title: string; summary: string } | null;
};

/** `owner` null: of a time when gists had none. */
export type Gist = { id: string; owner: Account | null; files: Record<string, string> };

export type Delivery = {
  id: number;
  guid: string;
  deliveredAt: Date;
  isRedelivery: boolean;
  statusCode: number;
  event: string;
  action: string | null;
  installation: number;
  repository: number;
  payload: object;
};

/** `primary`, `secondary`: GitHub's two rate limits. `error`: 502. `down`: connections are closed. `moved`: a redirect, as after a rename. */
export const GITHUB_FAULTS = ['primary', 'secondary', 'error', 'down', 'moved'] as const;
export type GithubFault = (typeof GITHUB_FAULTS)[number];

export type Permissions = Record<string, 'read' | 'write'>;

export type State = {
  appId: string;
  publicKey: KeyObject;
  privateKey: { pkcs1: string; pkcs8: string };
  secret: string;
  permissions: Permissions;
  events: string[];
  repositories: Repository[];
  runs: Run[];
  pulls: Pull[];
  comments: { id: number; repository: string; number: number; body: string }[];
  checks: Check[];
  gists: Gist[];
  deliveries: Delivery[];
  tokens: Map<string, { installation: number; expiresAt: number }>;
  organization: Organization;
  /** `METHOD path`, of every call. */
  calls: string[];
  fault: GithubFault | null;
  weather: Weather;
  /** Where webhooks go; null where they fail. */
  hookUrl: string | null;
};

export const PERMISSIONS: Permissions = {
  actions: 'read',
  checks: 'write',
  contents: 'read',
  deployments: 'write',
  metadata: 'read',
  pull_requests: 'write',
};

export const EVENTS = [
  'deployment_protection_rule',
  'deployment_status',
  'pull_request',
  'workflow_job',
  'workflow_run',
];

export const newState = (): State => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    appId: '31337',
    publicKey: createPublicKey(privateKey),
    privateKey: {
      pkcs1: privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
      pkcs8: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    },
    secret: randomUUID(),
    permissions: { ...PERMISSIONS },
    events: [...EVENTS],
    repositories: [],
    runs: [],
    pulls: [],
    comments: [],
    checks: [],
    gists: [],
    deliveries: [],
    tokens: new Map(),
    organization: newOrganization(),
    calls: [],
    fault: null,
    weather: fairWeather(),
    hookUrl: null,
  };
};

export const accountJson = ({ id, login }: Account): object => ({ id, login, type: 'User' });

export const repositoryJson = ({ id, full_name: fullName }: Repository): object => ({
  id,
  name: fullName.split('/')[1],
  full_name: fullName,
  private: true,
  html_url: `https://github.com/${fullName}`,
  default_branch: 'main',
  owner: { id: 4321, login: fullName.split('/')[0], type: 'Organization' },
});

export const runJson = (run: Run): object => ({
  id: run.id,
  name: 'Deploy',
  run_number: run.id % 1000,
  run_attempt: run.attempt,
  head_sha: run.sha,
  head_branch: run.branch,
  event: run.event,
  path: run.path,
  status: run.status,
  conclusion: run.conclusion,
  actor: accountJson(run.actor),
  triggering_actor: accountJson(run.starter),
  repository: repositoryJson(run.repository),
  head_repository: repositoryJson(run.repository),
  html_url: `https://github.com/${run.repository.full_name}/actions/runs/${run.id}`,
  referenced_workflows: [],
});

export const pullJson = (pull: Pull): object => ({
  number: pull.number,
  title: pull.title,
  state: pull.state,
  merged: pull.merged,
  draft: pull.draft,
  user: accountJson(pull.user),
  labels: pull.labels.map((name) => ({ name })),
  base: { ref: pull.base, sha: 'b'.repeat(40), repo: repositoryJson(pull.repository) },
  head: {
    ref: pull.head.ref,
    sha: pull.head.sha,
    repo: { id: pull.head.repository.id, full_name: pull.head.repository.full_name },
  },
  merge_commit_sha: pull.mergeCommit,
  changed_files: 2,
  commits: pull.commits.length,
  html_url: `https://github.com/${pull.repository.full_name}/pull/${pull.number}`,
});

export const commitJson = ({ sha, author, email, committer, message, isSigned = false }: Commit): object => {
  const by = committer ?? { account: author, email };
  return {
    sha,
    author: author && accountJson(author),
    committer: by.account && accountJson(by.account),
    commit: {
      author: { email, name: author?.login ?? email },
      committer: { email: by.email, name: by.account?.login ?? by.email },
      message: message ?? 'Repair the orders',
      verification: { verified: isSigned, reason: isSigned ? 'valid' : 'unsigned', signature: null, payload: null },
    },
  };
};
