/** Which client a token is: every claim that its entry names, checked one by one, so that `client explain` can show each. */
import { compileGlob } from '../policy/glob.ts';
import type { IssuerKind } from '../principals/client.ts';
import { claimOf, innerClaims, shownClaim, textClaim } from './claims.ts';
import type { Claims, Scalar } from './claims.ts';
import type { ClientEntry, Named } from './client.ts';
import { DEFAULT_EVENTS, EVENT_CLAIM, isDangerousEvent } from './events.ts';
import type { Issuer } from './issuer.ts';
import { CIRCLECI, buildkiteRef } from './job.ts';

/** `expected` and `found` are for people. */
export type ClaimCheck = { claim: string; expected: string; found: string; isMet: boolean };
export type ClientMatch = { client: string; isMatch: boolean; checks: ClaimCheck[] };

export type Presented = { issuer: Issuer; claims: Claims; defaultAudiences: readonly string[] };

const equal = (claims: Claims, claim: string, expected: Scalar): ClaimCheck => {
  const found = claimOf(claims, claim);
  return { claim, expected: shownClaim(expected), found: shownClaim(found), isMet: found === expected };
};

/** One audience, ours: a token for several services could be passed on by any of them. */
const audienceCheck = (claims: Claims, accepted: readonly string[]): ClaimCheck => {
  const found = claimOf(claims, 'aud');
  const only: unknown = Array.isArray(found) && found.length === 1 ? found[0] : found;
  return {
    claim: 'aud',
    expected:
      accepted[0] === undefined
        ? 'an audience in the policy, or LATCHKEY_PUBLIC_URL'
        : `${shownClaim(accepted[0])} alone`,
    found: shownClaim(found),
    isMet: typeof only === 'string' && only !== '' && accepted.includes(only),
  };
};

const namedChecks = (claims: Claims, named: Named | null, claim: { id: string; name: string }): ClaimCheck[] =>
  named === null
    ? []
    : [
        ...(named.id === null ? [] : [equal(claims, claim.id, named.id)]),
        ...(named.name === null ? [] : [equal(claims, claim.name, named.name)]),
      ];

/** The full ref, by kind: `ref` of GitLab is a bare name that a tag and a branch can share. */
const REFS: Record<IssuerKind, { claim: string; read(claims: Claims): string }> = {
  github: { claim: 'ref', read: (claims) => textClaim(claims, 'ref') },
  gitlab: { claim: 'ref_path', read: (claims) => textClaim(claims, 'ref_path') },
  buildkite: { claim: 'build_tag or build_branch', read: buildkiteRef },
  circleci: { claim: `${CIRCLECI}vcs-ref`, read: (claims) => textClaim(claims, `${CIRCLECI}vcs-ref`) },
  kubernetes: { claim: 'ref', read: (claims) => textClaim(claims, 'ref') },
  oidc: { claim: 'ref', read: (claims) => textClaim(claims, 'ref') },
};

const refChecks = (kind: IssuerKind, claims: Claims, refs: readonly string[] | null): ClaimCheck[] => {
  if (refs === null) return [];
  const { claim, read } = REFS[kind];
  const found = read(claims);
  const isMet = found !== '' && refs.some((pattern) => compileGlob(pattern)(found));
  return [{ claim, expected: `one of ${refs.join(', ')}`, found: shownClaim(found || undefined), isMet }];
};

const eventChecks = (kind: IssuerKind, claims: Claims, { events, isUnsafe }: ClientEntry): ClaimCheck[] => {
  const claim = EVENT_CLAIM[kind];
  if (claim === null) return [];
  const value = claimOf(claims, claim);
  const found = shownClaim(value);
  const isDangerous = typeof value === 'string' && isDangerousEvent(kind, value) && !isUnsafe;
  const allowed = events ?? DEFAULT_EVENTS[kind];
  if (allowed === null) return [{ claim, expected: 'no event that anyone can start', found, isMet: !isDangerous }];
  const isMet = typeof value === 'string' && allowed.includes(value) && !isDangerous;
  return [{ claim, expected: `one of ${allowed.join(', ')}`, found, isMet }];
};

/** In pipelines of merge requests `project_id` names the fork, and `job_project_id` where the job runs. */
const forkCheck = (claims: Claims, { isUnsafe }: ClientEntry): ClaimCheck => {
  const job = claimOf(claims, 'job_project_id');
  const project = claimOf(claims, 'project_id');
  const isMet = (job === undefined && isUnsafe) || (typeof job === 'string' && job === project);
  return { claim: 'job_project_id', expected: `${shownClaim(project)}, as project_id`, found: shownClaim(job), isMet };
};

const githubChecks = (claims: Claims, client: ClientEntry): ClaimCheck[] => [
  ...namedChecks(claims, client.repository, { id: 'repository_id', name: 'repository' }),
  ...(client.workflow === null ? [] : [equal(claims, 'job_workflow_ref', client.workflow)]),
  ...(client.environment === null ? [] : [equal(claims, 'environment', client.environment)]),
  ...(client.runners === null ? [] : [equal(claims, 'runner_environment', client.runners)]),
];

const gitlabChecks = (claims: Claims, client: ClientEntry): ClaimCheck[] => [
  ...namedChecks(claims, client.project, { id: 'project_id', name: 'project_path' }),
  forkCheck(claims, client),
  ...(client.workflow === null ? [] : [equal(claims, 'ci_config_ref_uri', client.workflow)]),
  ...(client.environment === null ? [] : [equal(claims, 'environment', client.environment)]),
];

const buildkiteChecks = (claims: Claims, client: ClientEntry): ClaimCheck[] => [
  ...namedChecks(claims, client.organization, { id: 'organization_id', name: 'organization_slug' }),
  ...namedChecks(claims, client.pipeline, { id: 'pipeline_id', name: 'pipeline_slug' }),
];

/** A person with a shell in the job would have what the job has. */
const shellCheck = (claims: Claims): ClaimCheck => {
  const claim = `${CIRCLECI}ssh-rerun`;
  const found = claimOf(claims, claim);
  const isMet = found === undefined || found === false || found === 'false';
  return { claim, expected: 'false', found: shownClaim(found), isMet };
};

const circleciChecks = (claims: Claims, client: ClientEntry): ClaimCheck[] => [
  ...namedChecks(claims, client.project, { id: `${CIRCLECI}project-id`, name: `${CIRCLECI}vcs-origin` }),
  ...(client.isUnsafe ? [] : [shellCheck(claims)]),
];

/** The nested object says the same, in clusters that have it: then it must. */
const kubernetesChecks = (claims: Claims, { serviceAccount }: ClientEntry): ClaimCheck[] => {
  if (serviceAccount === null) return [];
  const { namespace, name } = serviceAccount;
  const inside = innerClaims(claims, 'kubernetes.io');
  const account = innerClaims(inside, 'serviceaccount');
  const nested = [
    { ...equal(inside, 'namespace', namespace), claim: 'kubernetes.io.namespace' },
    { ...equal(account, 'name', name), claim: 'kubernetes.io.serviceaccount.name' },
  ];
  const isNested = claimOf(claims, 'kubernetes.io') !== undefined;
  return [equal(claims, 'sub', `system:serviceaccount:${namespace}:${name}`), ...(isNested ? nested : [])];
};

const BY_KIND: Record<IssuerKind, (claims: Claims, client: ClientEntry) => ClaimCheck[]> = {
  github: githubChecks,
  gitlab: gitlabChecks,
  buildkite: buildkiteChecks,
  circleci: circleciChecks,
  kubernetes: kubernetesChecks,
  oidc: () => [],
};

export const matchClient = ({ issuer, claims, defaultAudiences }: Presented, client: ClientEntry): ClientMatch => {
  const { kind } = issuer;
  const checks = [
    equal({ issuer: issuer.name }, 'issuer', client.issuer),
    audienceCheck(claims, client.audience === null ? defaultAudiences : [client.audience]),
    ...BY_KIND[kind](claims, client),
    ...Object.entries(client.claims).map(([claim, value]) => equal(claims, claim, value)),
    ...refChecks(kind, claims, client.refs),
    ...eventChecks(kind, claims, client),
  ];
  return { client: client.name, isMatch: checks.every(({ isMet }) => isMet), checks };
};

export type WhichClient = { client: ClientEntry | null; matches: ClientMatch[] };

/** A token that fits two clients is none of them: which rules are for it would hang on the order of a file. */
export const whichClient = (presented: Presented, clients: readonly ClientEntry[]): WhichClient => {
  const matches = clients.map((client) => matchClient(presented, client));
  const fitting = clients.filter((_, index) => matches[index]?.isMatch === true);
  const [only] = fitting;
  return { client: only !== undefined && fitting.length === 1 ? only : null, matches };
};
