/** A client as tests and questions state it: the claims that its entry demands, with what is stated on top. */
import type { StatedClient } from '../policy/policy-test.ts';
import type { ClientFacts, ClientJob, IssuerKind } from '../principals/client.ts';
import type { Claims } from './claims.ts';
import type { ClientEntry } from './client.ts';
import { DEFAULT_EVENTS, EVENT_CLAIM } from './events.ts';
import type { Issuer } from './issuer.ts';
import { matchClient } from './match-client.ts';
import type { ClaimCheck } from './match-client.ts';
import { CIRCLECI, jobOf } from './job.ts';

const clientFactsOf = ({ name, issuer }: Pick<ClientEntry, 'name' | 'issuer'>, job: ClientJob): ClientFacts => ({
  name,
  issuer,
  repository: job.repository,
  repositoryId: job.repositoryId,
  ref: job.ref,
  environment: job.environment,
  workflow: job.workflow,
  event: job.event,
  run: job.run,
  attempt: job.attempt,
  sha: job.sha,
  actor: job.actor,
});

const given = (claims: Record<string, string | null | undefined>): Claims =>
  Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== null && value !== undefined));

const BY_KIND: Record<IssuerKind, (entry: ClientEntry, ref: string | undefined) => Claims> = {
  github: ({ repository, workflow, environment, runners }, ref) =>
    given({
      repository_id: repository?.id,
      repository: repository?.name,
      job_workflow_ref: workflow,
      environment,
      runner_environment: runners,
      ref,
    }),
  gitlab: ({ project, workflow, environment }, ref) =>
    given({
      project_id: project?.id,
      job_project_id: project?.id,
      project_path: project?.name,
      ci_config_ref_uri: workflow,
      environment,
      ref_path: ref,
    }),
  buildkite: ({ organization, pipeline }, ref) =>
    given({
      organization_id: organization?.id,
      organization_slug: organization?.name,
      pipeline_id: pipeline?.id,
      pipeline_slug: pipeline?.name,
      build_tag: ref?.startsWith('refs/tags/') ? ref.slice(10) : null,
      build_branch: ref?.startsWith('refs/heads/') ? ref.slice(11) : null,
    }),
  circleci: ({ project }, ref) =>
    given({
      [`${CIRCLECI}project-id`]: project?.id,
      [`${CIRCLECI}vcs-origin`]: project?.name,
      [`${CIRCLECI}vcs-ref`]: ref,
    }),
  kubernetes: ({ serviceAccount }) =>
    given({ sub: serviceAccount && `system:serviceaccount:${serviceAccount.namespace}:${serviceAccount.name}` }),
  oidc: () => ({}),
};

/** The least that a token must say to be this client. */
const demandedClaims = (entry: ClientEntry, kind: IssuerKind): Claims => {
  const event = EVENT_CLAIM[kind];
  const started = entry.events?.[0] ?? DEFAULT_EVENTS[kind]?.[0];
  return {
    ...BY_KIND[kind](entry, entry.refs?.[0]?.replaceAll('*', 'x')),
    ...(event !== null && started !== undefined && { [event]: started }),
    ...entry.claims,
  };
};

const AUDIENCE = 'stated';

/** `misfit`: the first claim by which such a token would not be this client. */
export type Stated = { facts: ClientFacts; misfit: ClaimCheck | null };

export const statedFacts = (entry: ClientEntry, issuer: Issuer, { claims: stated }: StatedClient): Stated => {
  const claims = { ...demandedClaims(entry, issuer.kind), aud: entry.audience ?? AUDIENCE, ...stated };
  const { checks } = matchClient({ issuer, claims, defaultAudiences: [AUDIENCE] }, entry);
  return {
    facts: clientFactsOf(entry, jobOf(issuer, claims, AUDIENCE)),
    misfit: checks.find(({ isMet }) => !isMet) ?? null,
  };
};
