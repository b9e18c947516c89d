/** The job a token was made for: what people are shown, what a request belongs to, and who started it. */
import { storableStart } from '../../lib/storable.ts';
import type { ClientJob, IssuerKind } from '../principals/client.ts';
import { innerClaims, looseClaim, textClaim } from './claims.ts';
import type { Claims } from './claims.ts';
import type { Issuer } from './issuer.ts';

/** Text as the token has it; empty where it says nothing. `job`: of this job in its run. */
type Run = Record<
  | 'repository'
  | 'repositoryId'
  | 'ref'
  | 'environment'
  | 'workflow'
  | 'event'
  | 'run'
  | 'attempt'
  | 'job'
  | 'sha'
  | 'actor'
  | 'actorId'
  | 'actorEmail'
  | 'runUrl',
  string
>;

const EMPTY: Run = {
  repository: '',
  repositoryId: '',
  ref: '',
  environment: '',
  workflow: '',
  event: '',
  run: '',
  attempt: '',
  job: '',
  sha: '',
  actor: '',
  actorId: '',
  actorEmail: '',
  runUrl: '',
};

/** `https://github.com`, or the host of an Enterprise server; where a token cannot be linked to, nothing. */
const githubHost = (url: string): string => {
  const { hostname, origin } = new URL(url);
  if (hostname === 'token.actions.githubusercontent.com') return 'https://github.com';
  return hostname.startsWith('token.actions.') ? `https://${hostname.slice('token.actions.'.length)}` : origin;
};

const ofGithub = (claims: Claims, { url }: Issuer): Run => ({
  ...EMPTY,
  repository: textClaim(claims, 'repository'),
  repositoryId: looseClaim(claims, 'repository_id'),
  ref: textClaim(claims, 'ref'),
  environment: textClaim(claims, 'environment'),
  workflow: textClaim(claims, 'job_workflow_ref') || textClaim(claims, 'workflow_ref'),
  event: textClaim(claims, 'event_name'),
  run: looseClaim(claims, 'run_id'),
  attempt: looseClaim(claims, 'run_attempt'),
  job: looseClaim(claims, 'check_run_id'),
  sha: textClaim(claims, 'sha'),
  actor: textClaim(claims, 'actor'),
  actorId: looseClaim(claims, 'actor_id'),
  runUrl: /^[\w.-]+\/[\w.-]+ \d+$/.test(`${textClaim(claims, 'repository')} ${looseClaim(claims, 'run_id')}`)
    ? `${githubHost(url)}/${textClaim(claims, 'repository')}/actions/runs/${looseClaim(claims, 'run_id')}`
    : '',
});

const ofGitlab = (claims: Claims, { url }: Issuer): Run => ({
  ...EMPTY,
  repository: textClaim(claims, 'project_path'),
  repositoryId: looseClaim(claims, 'project_id'),
  ref: textClaim(claims, 'ref_path'),
  environment: textClaim(claims, 'environment'),
  workflow: textClaim(claims, 'ci_config_ref_uri'),
  event: textClaim(claims, 'pipeline_source'),
  run: looseClaim(claims, 'pipeline_id'),
  attempt: '',
  job: looseClaim(claims, 'job_id'),
  sha: textClaim(claims, 'sha'),
  actor: textClaim(claims, 'user_login'),
  actorId: looseClaim(claims, 'user_id'),
  actorEmail: textClaim(claims, 'user_email'),
  runUrl: /^[\w./-]+ \d+$/.test(`${textClaim(claims, 'project_path')} ${looseClaim(claims, 'job_id')}`)
    ? `${url.replace(/\/+$/, '')}/${textClaim(claims, 'project_path')}/-/jobs/${looseClaim(claims, 'job_id')}`
    : '',
});

export const buildkiteRef = (claims: Claims): string => {
  const tag = textClaim(claims, 'build_tag');
  const branch = textClaim(claims, 'build_branch');
  return tag ? `refs/tags/${tag}` : branch && `refs/heads/${branch}`;
};

const ofBuildkite = (claims: Claims): Run => ({
  ...EMPTY,
  repository: [textClaim(claims, 'organization_slug'), textClaim(claims, 'pipeline_slug')].filter(Boolean).join('/'),
  repositoryId: looseClaim(claims, 'pipeline_id'),
  ref: buildkiteRef(claims),
  workflow: textClaim(claims, 'step_key'),
  event: textClaim(claims, 'build_source'),
  run: looseClaim(claims, 'build_number'),
  job: textClaim(claims, 'job_id'),
  sha: textClaim(claims, 'build_commit'),
});

export const CIRCLECI = 'oidc.circleci.com/';

const ofCircleci = (claims: Claims): Run => {
  const text = (name: string): string => textClaim(claims, `${CIRCLECI}${name}`);
  const [, user = ''] = /(?:^|\/)user\/([^/]+)/.exec(textClaim(claims, 'sub')) ?? [];
  return {
    ...EMPTY,
    repository: text('vcs-origin'),
    repositoryId: text('project-id'),
    ref: text('vcs-ref'),
    run: text('workflow-id') || text('pipeline-id'),
    job: text('job-id'),
    actorId: user,
  };
};

const ofKubernetes = (claims: Claims): Run => {
  const inside = innerClaims(claims, 'kubernetes.io');
  const pod = innerClaims(inside, 'pod');
  const account = innerClaims(inside, 'serviceaccount');
  const [, , namespace = '', name = ''] = textClaim(claims, 'sub').split(':');
  return {
    ...EMPTY,
    repository: [namespace, name].filter(Boolean).join('/'),
    repositoryId: textClaim(account, 'uid'),
    workflow: textClaim(pod, 'name'),
    run: textClaim(pod, 'uid'),
    job: textClaim(pod, 'uid'),
    environment: textClaim(inside, 'namespace'),
  };
};

const ofAnyIssuer = (claims: Claims): Run => ({
  ...EMPTY,
  repository: textClaim(claims, 'repository') || textClaim(claims, 'sub'),
  repositoryId: looseClaim(claims, 'repository_id'),
  ref: textClaim(claims, 'ref'),
  environment: textClaim(claims, 'environment'),
  workflow: textClaim(claims, 'workflow'),
  event: textClaim(claims, 'event_name'),
  run: looseClaim(claims, 'run_id'),
  attempt: looseClaim(claims, 'run_attempt'),
  job: looseClaim(claims, 'job_id'),
  sha: textClaim(claims, 'sha'),
  actor: textClaim(claims, 'actor'),
  actorId: looseClaim(claims, 'actor_id'),
});

const READERS: Record<IssuerKind, (claims: Claims, issuer: Issuer) => Run> = {
  github: ofGithub,
  gitlab: ofGitlab,
  buildkite: ofBuildkite,
  circleci: ofCircleci,
  kubernetes: ofKubernetes,
  oidc: ofAnyIssuer,
};

const TEXT_MAX = 500;

/** Names come from people who push: bounded, without control characters, and with no half of a character, which no database keeps. */
const tidy = (text: string): string => storableStart(text.replaceAll(/\p{Cc}/gu, ' '), TEXT_MAX);

/** What makes two tokens tokens of one job. Where the issuer names no job, one token is one job: `token` names it. */
const keyOf = ({ url }: Issuer, { run, job, repository, repositoryId, attempt }: Run, token: string): string =>
  JSON.stringify(
    run === '' && job === '' ? [url, 'token', token] : [url, repositoryId || repository, run, attempt, job],
  );

const attemptOf = (text: string): number => (/^\d{1,9}$/.test(text) ? Number(text) : 0);

/** `token` names the token itself: its `jti`, or its hash. */
export const jobOf = (issuer: Issuer, claims: Claims, token: string): ClientJob => {
  const run = READERS[issuer.kind](claims, issuer);
  return {
    key: keyOf(issuer, run, token),
    repository: tidy(run.repository),
    repositoryId: tidy(run.repositoryId),
    ref: tidy(run.ref),
    environment: tidy(run.environment),
    workflow: tidy(run.workflow),
    event: tidy(run.event),
    run: tidy(run.run),
    attempt: attemptOf(run.attempt),
    sha: tidy(run.sha),
    actor: tidy(run.actor),
    actorId: tidy(run.actorId),
    ...(run.actorEmail !== '' && { actorEmail: tidy(run.actorEmail) }),
    subject: tidy(textClaim(claims, 'sub')),
    runUrl: run.runUrl || null,
  };
};
