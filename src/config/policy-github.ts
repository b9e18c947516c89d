/** `gates` and `pull_requests` of the policy file: built, and checked for what could never happen. */
import type { ClientEntry } from '../domain/clients/client.ts';
import type { GateEntry, PullRequestEntry } from '../domain/github/entries.ts';
import { CLAIMS_OF_RUN } from '../domain/github/run.ts';
import { CLAIMS_OF_DEPLOYMENT } from '../domain/gitlab/deployment.ts';
import { splitRole } from '../domain/policy/role-name.ts';
import { formatDuration, parseDuration } from '../domain/time/durations.ts';
import { checkGatePatterns, checkGateShapes } from './policy-deployments.ts';
import type { PolicyDocument } from './policy-schema.ts';
import type { Check } from './policy-check.ts';
import type { Path } from './problem.ts';
import { suggestion } from './problem.ts';

const msOrNull = (text: string | undefined): number | null => (text === undefined ? null : parseDuration(text));

const split = (text: string): { target: string; role: string } => {
  const [target, role] = splitRole(text);
  return role === '' ? { target: '', role: target } : { target, role };
};

export const buildGates = ({ gates = [] }: PolicyDocument): GateEntry[] =>
  gates.map(({ client, environment, role, for: length }) => ({
    client,
    environment,
    access: role === undefined ? null : { ...split(role), durationMs: msOrNull(length) },
  }));

export const buildPullRequests = ({ pull_requests: entries = [] }: PolicyDocument): PullRequestEntry[] =>
  entries.map(({ repository, label, base = null, role, for: length, client }) => ({
    issuer: repository.issuer,
    repository: { id: repository.id, name: repository.name ?? null },
    label,
    base,
    ...split(role),
    durationMs: msOrNull(length),
    to: client === undefined ? { kind: 'author' } : { kind: 'client', client },
  }));

type Access = { target: string; role: string; durationMs: number | null };

const checkAccess = (check: Check, { target, role, durationMs }: Access, path: Path): void => {
  const { report, policy, roles } = check;
  const found = policy.targets[target]?.roles[role];
  if (!found) {
    if (!check.isComplete) return;
    const names = roles.flatMap((each) => each.roles.map((one) => `${each.target}/${one}`));
    const named = target === '' ? role : `${target}/${role}`;
    const message = `"${named}" is no role of any target${suggestion(named, names, 'write target/role.')}`;
    return report.refuse('unknown_role', [...path, 'role'], message);
  }
  if (durationMs === null || durationMs <= found.maxMs) return;
  const message = `It requests more time than ${target}/${role} allows (${formatDuration(found.maxMs)}); make "for" shorter.`;
  report.refuse('too_long', [...path, 'for'], message);
};

/** Whose deployments wait for a decision. */
type Host = 'github' | 'gitlab';

const isOf = (check: Check, hosts: readonly Host[], { issuer, path }: { issuer: string; path: Path }): boolean => {
  const { issuers } = check.policy;
  const kind = Object.hasOwn(issuers, issuer) ? issuers[issuer]?.kind : undefined;
  if (hosts.some((host) => host === kind)) return true;
  if (!check.isComplete) return false;
  const names = Object.values(issuers)
    .filter((one) => hosts.some((host) => host === one.kind))
    .map(({ name }) => name);
  const why = kind === undefined ? 'is no issuer of this policy' : `is no issuer of the kind ${hosts.join(' or ')}`;
  const message = `"${issuer}" ${why}${suggestion(issuer, names, 'define it under issuers, as github: { kind: github }.')}`;
  check.report.refuse('unknown_issuer', path, message);
  return false;
};

/** The client, where it is one of such an issuer. */
const clientAt = (check: Check, hosts: readonly Host[], { name, path }: { name: string; path: Path }) => {
  const { clients } = check.policy;
  const client = Object.hasOwn(clients, name) ? clients[name] : undefined;
  if (client) return isOf(check, hosts, { issuer: client.issuer, path }) ? client : null;
  if (!check.isComplete) return null;
  const message = `"${name}" is no client of this policy${suggestion(name, Object.keys(clients), 'define it under clients.')}`;
  check.report.refuse('unknown_client', path, message);
  return null;
};

/** What only the token of the job says. */
const unseenIn = (check: Check, { issuer, claims, workflow, runners }: ClientEntry): string[] => {
  const isGitlab = check.policy.issuers[issuer]?.kind === 'gitlab';
  const seen: readonly string[] = isGitlab ? CLAIMS_OF_DEPLOYMENT : CLAIMS_OF_RUN;
  return [
    ...Object.keys(claims).flatMap((claim) => (seen.includes(claim) ? [] : [`claims.${claim}`])),
    ...(isGitlab && workflow !== null ? ['workflow'] : []),
    ...(runners === null ? [] : ['runners']),
  ];
};

/** It would bind nothing: without a role nobody looks at a token, and the deployment is all that is decided. */
const checkSeen = (check: Check, client: ClientEntry, path: Path): void => {
  const unseen = unseenIn(check, client);
  if (unseen.length === 0) return;
  const what = unseen.join(' and ');
  const message = `"${client.name}" is bound by ${what}, which only the token of the job says, and a gate without a role is decided before there is one; give the gate a role, or name a client that is not bound by ${what}.`;
  check.report.refuse('gate_unseen', [...path, 'client'], message);
};

const checkGate = (check: Check, { client: name, environment, access }: GateEntry, path: Path): void => {
  const client = clientAt(check, ['github', 'gitlab'], { name, path: [...path, 'client'] });
  const bound = client?.environment ?? null;
  if (bound !== null && bound !== environment) {
    const message = `"${name}" is bound to the environment ${bound}, so this gate never opens; write environment: ${bound}.`;
    check.report.refuse('gate_never', [...path, 'environment'], message);
  }
  if (access) checkAccess(check, access, path);
  else if (client) checkSeen(check, client, path);
};

const checkOnce = (
  check: Check,
  keys: readonly string[],
  { section, what }: { section: string; what: string },
): void => {
  for (const [index, key] of keys.entries()) {
    if (keys.indexOf(key) === index) continue;
    check.report.refuse('duplicate_entry', [section, index], `Another entry is for the same ${what}; keep one.`);
  }
};

const checkPullRequest = (check: Check, entry: PullRequestEntry, path: Path): void => {
  isOf(check, ['github'], { issuer: entry.issuer, path: [...path, 'repository', 'issuer'] });
  checkAccess(check, entry, path);
  if (entry.to.kind === 'author') return;
  const client = clientAt(check, ['github'], { name: entry.to.client, path: [...path, 'client'] });
  const bound = client?.repository?.id ?? null;
  if (bound === null || bound === entry.repository.id) return;
  const message = `"${entry.to.client}" is bound to the repository ${bound}, so none of its jobs can use this; name a client of the repository ${entry.repository.id}.`;
  check.report.refuse('other_repository', [...path, 'client'], message);
};

/** Exactly one, so that nobody gets access by leaving a line out. */
const checkTo = (check: Check, document: PolicyDocument): void => {
  for (const [index, { to, client }] of (document.pull_requests ?? []).entries()) {
    if ((to === undefined) !== (client === undefined)) continue;
    const message = 'It must say who gets the access: to: author, or client: with the name of a client, and not both.';
    check.report.refuse('no_grantee', ['pull_requests', index], message);
  }
};

export const checkGithub = (check: Check, document: PolicyDocument): void => {
  const { gates, pullRequests } = check.policy;
  for (const [index, gate] of gates.entries()) checkGate(check, gate, ['gates', index]);
  for (const [index, entry] of pullRequests.entries()) checkPullRequest(check, entry, ['pull_requests', index]);
  checkTo(check, document);
  checkGateShapes(check, document);
  checkGatePatterns(check);
  const gateKeys = gates.map(({ client, environment }) => JSON.stringify([client, environment]));
  checkOnce(check, gateKeys, { section: 'gates', what: 'client and environment' });
  const pullKeys = pullRequests.map(({ repository, label }) => JSON.stringify([repository.id, label]));
  checkOnce(check, pullKeys, { section: 'pull_requests', what: 'repository and label' });
  warnUnset(check);
};

const warnUnset = (check: Check): void => {
  if (check.areVariablesOptional) return;
  const { gates, pullRequests, clients, issuers } = check.policy;
  const kindOf = ({ client }: GateEntry): string | undefined => issuers[clients[client]?.issuer ?? '']?.kind;
  const ofGithub = gates.filter((gate) => kindOf(gate) !== 'gitlab');
  if (!check.hasGithubApp && ofGithub.length + pullRequests.length > 0) {
    const section = ofGithub.length > 0 ? 'gates' : 'pull_requests';
    const message = `"${section}" needs the GitHub App, and LATCHKEY_GITHUB_APP_ID is not set, so nothing comes from GitHub; docs/github.md says how to make one.`;
    check.report.warn('no_github_app', [section], message);
  }
  if (check.hasGitlabToken || ofGithub.length === gates.length) return;
  const message =
    '"gates" has a client of GitLab, and LATCHKEY_GITLAB_TOKEN is not set, so no deployment of it is seen; docs/gitlab.md says how to make a token.';
  check.report.warn('no_gitlab_token', ['gates'], message);
};
