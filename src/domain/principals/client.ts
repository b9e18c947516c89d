/**
 * A machine that requests: a CI job or a workload, known by the claims of its identity token. What a client may be is written in the
 * policy; the client is the same for all of its jobs, and a `ClientJob` says which of them it is this time.
 */

import type { AccountBehind } from './ci-account.ts';

/** How an issuer's tokens are read. */
export const ISSUER_KINDS = ['github', 'gitlab', 'kubernetes', 'buildkite', 'circleci', 'oidc'] as const;
export type IssuerKind = (typeof ISSUER_KINDS)[number];

export type Client = {
  kind: 'client';
  /** `client:<name>`. */
  id: string;
  /** Its name in the policy. */
  name: string;
  /** The issuer's name in the policy. */
  issuer: string;
  issuerKind: IssuerKind;
  /** What the policy binds it to, in words: `repository acme/api (456789), environment production`. */
  binding: string;
  /** Where messages about its requests go, as the policy names it; null is where the target's messages go. */
  channel: string | null;
};

/**
 * One job, as its token said. Text is empty where the issuer says nothing of it, as conditions read it. Everything here may be shown.
 */
export type ClientJob = {
  /** Distinguishes this job from every other of its client. Only the same job sees its requests and reads their credentials. */
  key: string;
  /** `owner/name`, or a GitLab project's path. */
  repository: string;
  /** What identifies the repository for good; a name can be freed and taken. */
  repositoryId: string;
  ref: string;
  environment: string;
  workflow: string;
  event: string;
  /** The run's or pipeline's id. */
  run: string;
  /** From 1; 0 where the issuer does not count. */
  attempt: number;
  sha: string;
  /** Who started it, by the name and the id that the issuer knows. */
  actor: string;
  actorId: string;
  /** Its address, where the issuer says it. It may be one that nobody checked: it only ever counts against the one who has it, and is not shown. */
  actorEmail?: string;
  /** The Slack account of the person behind that account, where the policy or a link names one. */
  actorUserId?: string;
  /** Who started this attempt, where it is not the first and that is known. */
  ranAgainBy?: string;
  /** The token's subject, for issuers that say nothing else. */
  subject: string;
  /** Link to the run, http or https; null where none is known. */
  runUrl: string | null;
  /** What it says that it will run; for people alone. */
  plan?: string;
  /** Link to what it changes. */
  diffUrl?: string;
  /** How the checks of its commit stood when it requested. */
  checks?: string;
};

/** What conditions see of a client that requests. */
export type ClientFacts = Pick<Client, 'name' | 'issuer'> &
  Pick<
    ClientJob,
    'repository' | 'repositoryId' | 'ref' | 'environment' | 'workflow' | 'event' | 'run' | 'attempt' | 'sha' | 'actor'
  >;

/**
 * What a client's door has established. `startedBy`: the people behind the job, who started, wrote or labelled what it does; Slack user
 * ids, principal ids or addresses. None of them ever approves it. `accounts`: of the CI, beside the one that started the job.
 */
export type ClientSession = { client: Client; job: ClientJob; startedBy: string[]; accounts?: AccountBehind[] };

/** No principal of another kind has an id of this form: a person's begins with a Slack team id. */
export const clientIdOf = (name: string): string => `client:${name}`;
