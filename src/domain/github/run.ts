/** A run of a workflow as GitHub's API describes it, and which client its job would be. */
import type { ClaimCheck } from '../clients/match-client.ts';
import { matchClient } from '../clients/match-client.ts';
import type { Claims } from '../clients/claims.ts';
import type { ClientEntry } from '../clients/client.ts';
import type { Issuer } from '../clients/issuer.ts';
import type { ClientJob } from '../principals/client.ts';
import type { Account, Repository } from './events.ts';

export type RunFacts = {
  id: string;
  attempt: number;
  sha: string;
  /** A branch or a tag: the API does not say which. The token of the job does, and the commit shows it before. */
  branch: string;
  event: string;
  /** Of the workflow's file, without a ref. */
  path: string;
  /** Called workflows, as `owner/repository/path@ref`, in every form that is known. */
  called: string[];
  actor: Account;
  /** Who started this attempt. */
  starter: Account;
  isCompleted: boolean;
  isCancelled: boolean;
  /** Null where the fork is gone. */
  headRepositoryId: string | null;
  url: string;
};

const refsOf = ({ branch }: RunFacts): string[] => [`refs/heads/${branch}`, `refs/tags/${branch}`];

const workflowsOf = ({ path, called }: RunFacts, repository: Repository, ref: string): string[] => [
  `${repository.fullName}/${path}@${ref}`,
  ...called,
];

/** Only a token says these, and what is not among the claims below; they are looked at when the job fetches its credentials. */
const UNSEEN = new Set(['aud', 'runner_environment']);
export const CLAIMS_OF_RUN = [
  'repository_id',
  'repository',
  'environment',
  'ref',
  'job_workflow_ref',
  'event_name',
] as const;

type Seen = { issuer: Issuer; repository: Repository; environment: string; run: RunFacts };

const claimsOf = (
  { repository, environment, run }: Seen,
  ref: string,
  workflow: string,
): Claims & Record<(typeof CLAIMS_OF_RUN)[number], string> => ({
  repository_id: repository.id,
  repository: repository.fullName,
  environment,
  ref,
  job_workflow_ref: workflow,
  event_name: run.event,
});

/** `ref` and `workflow`: which of the forms fitted. `failing`: null where it is this client, as far as can be seen before the job runs. */
export type RunMatch = { ref: string; workflow: string; failing: ClaimCheck | null };

const triesOf = (seen: Seen, client: ClientEntry): RunMatch[] =>
  refsOf(seen.run).flatMap((ref) =>
    workflowsOf(seen.run, seen.repository, ref).map((workflow): RunMatch => {
      const claims = claimsOf(seen, ref, workflow);
      const { checks } = matchClient({ issuer: seen.issuer, claims, defaultAudiences: [] }, client);
      const isUnseen = (claim: string): boolean => Object.hasOwn(client.claims, claim) && !Object.hasOwn(claims, claim);
      const isSeen = ({ claim }: ClaimCheck): boolean => !UNSEEN.has(claim) && !isUnseen(claim);
      return { ref, workflow, failing: checks.find((check) => isSeen(check) && !check.isMet) ?? null };
    }),
  );

export const matchRun = (seen: Seen, client: ClientEntry): RunMatch => {
  const tried = triesOf(seen, client);
  const [first] = tried;
  if (!first) throw new Error('a run has a ref');
  return tried.find(({ failing }) => failing === null) ?? first;
};

/** It is this client with each of these refs. Which of them it is of, its commit says; null where the client is bound to none. */
export const refsThatFit = (seen: Seen, client: ClientEntry): RunMatch[] | null => {
  if (client.refs === null && client.workflow === null && !Object.hasOwn(client.claims, 'ref')) return null;
  const fitting = triesOf(seen, client).filter(({ failing }) => failing === null);
  return fitting.filter(({ ref }, index) => fitting.findIndex((one) => one.ref === ref) === index);
};

/** The job before it runs: its key is the gate's, until the job that starts takes the request over. */
export const jobOfRun = (seen: Seen, { ref, workflow }: RunMatch): ClientJob => {
  const { issuer, repository, environment, run } = seen;
  const place = [issuer.url, repository.id, run.id, run.attempt, environment, run.sha];
  return {
    key: JSON.stringify(['gate', ...place]),
    repository: repository.fullName,
    repositoryId: repository.id,
    ref,
    environment,
    workflow,
    event: run.event,
    run: run.id,
    attempt: run.attempt,
    sha: run.sha,
    actor: run.actor.login,
    actorId: run.actor.id,
    ...(run.attempt > 1 && { ranAgainBy: run.starter.login }),
    subject: '',
    runUrl: run.url,
  };
};

/** What `jobOf` makes of the token of this job. */
export const jobKeyOf = (
  issuerUrl: string,
  of: { repositoryId: string; run: string; attempt: number; job: string },
): string => JSON.stringify([issuerUrl, of.repositoryId, of.run, String(of.attempt), of.job]);
