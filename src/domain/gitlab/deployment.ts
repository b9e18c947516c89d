/** A deployment of GitLab that waits for approvals, as its API describes it, and which client its job would be. */
import type { Claims } from '../clients/claims.ts';
import type { ClientEntry } from '../clients/client.ts';
import type { Issuer } from '../clients/issuer.ts';
import { matchClient } from '../clients/match-client.ts';
import type { ClaimCheck } from '../clients/match-client.ts';
import type { ClientJob } from '../principals/client.ts';

export type GitlabProject = { id: string; path: string; page: string };

export type Deployment = {
  id: string;
  environment: string;
  isBlocked: boolean;
  /** Failed or canceled: its job does not run any more. */
  isDead: boolean;
  sha: string;
  /** Full; GitLab's own `ref` is a bare name. */
  ref: string;
  pipeline: string;
  /** Null where GitLab does not say it. */
  pipelineSource: string | null;
  job: string;
  /** Approvals that GitLab still waits for. */
  missingApprovals: number;
  starter: { id: string; login: string };
};

export type SeenDeployment = { issuer: Issuer; project: GitlabProject; deployment: Deployment };

/** Only a token says these, and what is not among the claims below; they are looked at when the job requests its credentials. */
const UNSEEN = new Set(['aud', 'ci_config_ref_uri']);
export const CLAIMS_OF_DEPLOYMENT: readonly string[] = [
  'project_id',
  'project_path',
  'job_project_id',
  'environment',
  'ref_path',
  'pipeline_source',
];

const claimsOf = ({ project, deployment }: SeenDeployment): Claims => ({
  project_id: project.id,
  project_path: project.path,
  // A fork has its own deployments, and its jobs for a merge request have another ref.
  job_project_id: project.id,
  environment: deployment.environment,
  ref_path: deployment.ref,
  ...(deployment.pipelineSource !== null && { pipeline_source: deployment.pipelineSource }),
});

/** Null where it is this client, as far as can be seen before the job runs. */
export const deploymentMismatch = (seen: SeenDeployment, client: ClientEntry): ClaimCheck | null => {
  const { checks } = matchClient({ issuer: seen.issuer, claims: claimsOf(seen), defaultAudiences: [] }, client);
  const isUntold = (claim: string): boolean => claim === 'pipeline_source' && seen.deployment.pipelineSource === null;
  const isUnseen = (claim: string): boolean =>
    UNSEEN.has(claim) || (Object.hasOwn(client.claims, claim) && !CLAIMS_OF_DEPLOYMENT.includes(claim));
  return checks.find(({ claim, isMet }) => !isMet && !isUnseen(claim) && !isUntold(claim)) ?? null;
};

/** The job before it runs: its key is the deployment's, until the job that starts takes the request over. */
export const jobOfDeployment = ({ issuer, project, deployment }: SeenDeployment): ClientJob => ({
  key: JSON.stringify(['gitlab', issuer.url, project.id, deployment.id]),
  repository: project.path,
  repositoryId: project.id,
  ref: deployment.ref,
  environment: deployment.environment,
  workflow: '',
  event: deployment.pipelineSource ?? '',
  run: deployment.pipeline,
  attempt: 0,
  sha: deployment.sha,
  actor: deployment.starter.login,
  actorId: deployment.starter.id,
  subject: '',
  runUrl: `${project.page}/-/jobs/${deployment.job}`,
});
