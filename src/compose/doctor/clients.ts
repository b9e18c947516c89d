/** Who lets machines in: the key set of each issuer, and the GitHub App of gates and pull requests. */
import { warningFinding } from '../../domain/finding.ts';
import type { Examined, Finding } from '../../domain/finding.ts';
import type { Issuer } from '../../domain/clients/issuer.ts';
import type { Policy } from '../../domain/policy/types.ts';
import { gitlabPlaces } from '../../application/gitlab/sweep-gitlab.ts';
import { examineGitlab } from '../../gitlab-api/examine.ts';
import { examineGithub } from '../../github-api/examine.ts';
import type { Needed } from '../../github-api/examine.ts';
import { KeysError, readKeys } from '../../http/auth/read-keys.ts';
import { pluralize } from '../../lib/pluralize.ts';
import { plain } from './check.ts';
import type { Look } from './check.ts';
import type { Configured } from './configured.ts';

/** A warning: keys that are known work through an outage. */
const issuerFinding = async (issuer: Issuer): Promise<Finding[]> => {
  try {
    await readKeys(issuer);
    return [];
  } catch (error) {
    if (!(error instanceof KeysError)) throw error;
    const message = `Tokens of the issuer ${issuer.name} cannot be checked: ${error.message} Correct its url or its keys under issuers, or let this machine reach it.`;
    return [warningFinding('issuer_keys', message)];
  }
};

const examineIssuers = async (issuers: readonly Issuer[]): Promise<Examined> =>
  plain(pluralize(issuers.length, 'issuer'), (await Promise.all(issuers.map(issuerFinding))).flat());

const neededBy = ({ gates, pullRequests, clients }: Policy): Needed => {
  const ofGates = gates.map(({ client }) => clients[client]?.repository);
  const ofPulls = pullRequests.map(({ repository }) => repository);
  const named = [...ofGates, ...ofPulls].flatMap((one) =>
    one?.id ? [[one.id, one.name ?? 'a repository'] as const] : [],
  );
  return {
    repositories: [...new Map(named)].map(([id, name]) => ({ id, name })),
    gates: ofGates.some((one) => (one?.id ?? null) !== null),
    pullRequests: pullRequests.length > 0,
  };
};

export const clientLooks = ({ environment: { github, gitlab }, policy }: Configured): Look[] => {
  if (!policy) return [];
  const issuers = Object.values(policy.issuers);
  const issuerLook: Look = { area: 'issuers', name: 'issuers', limitMs: 15_000, look: () => examineIssuers(issuers) };
  const githubLook: Look | null = github && {
    area: 'github',
    name: 'GitHub App',
    limitMs: 30_000,
    look: () => examineGithub(github, neededBy(policy)),
  };
  const gitlabLook: Look | null = gitlab && {
    area: 'gitlab',
    name: 'GitLab',
    limitMs: 30_000,
    look: () => examineGitlab(gitlab, gitlabPlaces({ policy: () => policy, instance: gitlab.url })),
  };
  return [
    ...(issuers.length > 0 ? [issuerLook] : []),
    ...(githubLook ? [githubLook] : []),
    ...(gitlabLook ? [gitlabLook] : []),
  ];
};
