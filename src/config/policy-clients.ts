/** `clients:` and `accounts:` of the policy file: built, and checked for what would let in more than is meant. */
import { compileGlob } from '../domain/policy/glob.ts';
import type { ClientEntry, Named } from '../domain/clients/client.ts';
import { DEFAULT_EVENTS, EVENT_CLAIM, isDangerousEvent } from '../domain/clients/events.ts';
import type { Issuer } from '../domain/clients/issuer.ts';
import type { IssuerKind } from '../domain/principals/client.ts';
import { coversClient, overlapsClient } from '../domain/clients/overlap.ts';
import type { PolicyDocument } from './policy-schema.ts';
import { suggestion } from './problem.ts';
import type { Path } from './problem.ts';
import type { Check } from './policy-check.ts';
import { record } from './record.ts';

type ClientShape = NonNullable<PolicyDocument['clients']>[string];

const namedOf = (named: { id?: string | undefined; name?: string | undefined } | undefined): Named | null =>
  named === undefined ? null : { id: named.id ?? null, name: named.name ?? null };

const buildClient = (name: string, shape: ClientShape): ClientEntry => ({
  name,
  issuer: shape.issuer,
  audience: shape.audience ?? null,
  repository: namedOf(shape.repository),
  project: namedOf(shape.project),
  organization: namedOf(shape.organization),
  pipeline: namedOf(shape.pipeline),
  serviceAccount: shape.service_account ?? null,
  workflow: shape.workflow ?? null,
  environment: shape.environment ?? null,
  refs: shape.refs ?? null,
  events: shape.events ?? null,
  runners: shape.runners ?? null,
  claims: record(Object.entries(shape.claims ?? {})),
  isUnsafe: shape.unsafe === true,
  channel: shape.channel ?? null,
});

export const buildClients = ({ clients = {} }: PolicyDocument): Record<string, ClientEntry> =>
  record(Object.entries(clients).map(([name, shape]) => [name, buildClient(name, shape)]));

export const buildAccounts = ({ accounts = {} }: PolicyDocument): Record<string, Record<string, string>> =>
  record(Object.entries(accounts).map(([issuer, ids]) => [issuer, record(Object.entries(ids))]));

type At = { check: Check; client: ClientEntry; issuer: Issuer; path: Path };

/** What an entry of each kind may hold; `binding` must be there, with its id, and one of `narrowing`. */
type KindRules = {
  keys: readonly (keyof ClientEntry)[];
  binding: keyof ClientEntry;
  narrowing: readonly (keyof ClientEntry)[];
  how: string;
};

const KINDS: Record<IssuerKind, KindRules> = {
  github: {
    keys: ['repository', 'workflow', 'environment', 'refs', 'events', 'runners', 'isUnsafe'],
    binding: 'repository',
    narrowing: ['refs', 'environment', 'workflow'],
    how: 'Read it with `gh api repos/OWNER/NAME --jq .id` and write repository: { id: "…", name: OWNER/NAME }',
  },
  gitlab: {
    keys: ['project', 'workflow', 'environment', 'refs', 'events', 'isUnsafe'],
    binding: 'project',
    narrowing: ['refs', 'environment'],
    how: 'Read it on the project\'s page (Settings, General, Project ID) and write project: { id: "…", name: group/project }',
  },
  buildkite: {
    keys: ['organization', 'pipeline', 'refs', 'events', 'isUnsafe'],
    binding: 'pipeline',
    narrowing: ['refs'],
    how: 'Let the job request the claims (`buildkite-agent oidc request-token --claim organization_id,pipeline_id`), read the ids in the settings of organization and pipeline, and write organization: { id: "…" } and pipeline: { id: "…" }',
  },
  circleci: {
    keys: ['project', 'refs', 'isUnsafe'],
    binding: 'project',
    narrowing: ['refs'],
    how: 'Read it in Project Settings, Overview, and write project: { id: "…" }',
  },
  kubernetes: {
    keys: ['serviceAccount'],
    binding: 'serviceAccount',
    narrowing: [],
    how: 'Write service_account: { namespace: ops, name: nightly }',
  },
  oidc: {
    keys: [],
    binding: 'claims',
    narrowing: [],
    how: 'Write the claims that no other job has, as claims: { sub: "…" }',
  },
};

const KEY_NAMES: Partial<Record<keyof ClientEntry, string>> = { serviceAccount: 'service_account', isUnsafe: 'unsafe' };
const keyOf = (field: keyof ClientEntry): string => KEY_NAMES[field] ?? field;

const OPTIONAL = [
  'repository',
  'project',
  'organization',
  'pipeline',
  'serviceAccount',
  'workflow',
  'environment',
  'refs',
  'events',
  'runners',
  'isUnsafe',
] as const satisfies readonly (keyof ClientEntry)[];

const isSet = (client: ClientEntry, field: keyof ClientEntry): boolean =>
  client[field] !== null && client[field] !== false;

const checkKeys = ({ check, client, issuer: { kind }, path }: At): void => {
  for (const field of OPTIONAL) {
    if (!isSet(client, field) || KINDS[kind].keys.includes(field)) continue;
    const known = [...KINDS[kind].keys.map(keyOf), 'claims'].join(', ');
    const message = `"${keyOf(field)}" means nothing for an issuer of the kind ${kind}, so it would bind nothing; use ${known}.`;
    check.report.refuse('useless_key', [...path, keyOf(field)], message);
  }
};

/** Of these a token says nothing about who it is for, or everything that is checked anyway. */
const NO_BINDING = new Set(['iss', 'aud', 'exp', 'iat', 'nbf', 'jti']);

const isBound = ({ client, issuer: { kind } }: At): boolean => {
  if (kind === 'oidc') return Object.keys(client.claims).some((claim) => !NO_BINDING.has(claim));
  if (kind === 'kubernetes') return client.serviceAccount !== null;
  const named = client[KINDS[kind].binding];
  return typeof named === 'object' && named !== null && 'id' in named && named.id !== null;
};

const BOUND_TO: Record<IssuerKind, string> = {
  github: 'no repository by its id: a name can be taken over by others',
  gitlab: 'no project by its id: a path can be taken over by others',
  buildkite: 'no pipeline by its id: a name can be taken over by others',
  circleci: 'no project by its id',
  kubernetes: 'no service account',
  oidc: 'no claim: any job of the issuer would be this client',
};

const checkBound = (at: At): void => {
  const { check, client, issuer, path } = at;
  const { narrowing, how, binding } = KINDS[issuer.kind];
  if (!isBound(at)) {
    const where = isSet(client, binding) ? [...path, keyOf(binding)] : path;
    const message = `"${client.name}" is bound to ${BOUND_TO[issuer.kind]}. ${how}.`;
    check.report.refuse('client_unbound', where, message);
  }
  const isNarrow = narrowing.length === 0 || narrowing.some((field) => isSet(client, field));
  if (isNarrow || Object.keys(client.claims).length > 0) return;
  const message = `"${client.name}" is bound to no branch: anyone who can push any branch would be this client. Add ${narrowing.join(' or ')}, such as refs: ["refs/heads/main"].`;
  check.report.refuse('client_unbound', path, message);
};

const checkEvents = ({ check, client, issuer: { kind }, path }: At): void => {
  if (client.events === null || EVENT_CLAIM[kind] === null) return;
  for (const [index, event] of client.events.entries()) {
    if (!isDangerousEvent(kind, event) || client.isUnsafe) continue;
    const others = DEFAULT_EVENTS[kind]?.join(', ') ?? 'push, web, schedule';
    const message = `${event} lets people who cannot push start this job, with rights of the default branch; leave it out (use ${others}), or add unsafe: true if that is meant.`;
    check.report.refuse('dangerous_event', [...path, 'events', index], message);
  }
};

const checkAudience = (check: Check, clients: readonly ClientEntry[]): void => {
  const [client] = clients.filter(({ audience }) => audience === null);
  if (!client || check.publicUrl !== null) return;
  const message = `"${client.name}" has no audience, and LATCHKEY_PUBLIC_URL, which stands in for it, is not set; set it, or write audience: latchkey.`;
  check.report[check.areVariablesOptional ? 'warn' : 'refuse']('no_audience', ['clients', client.name], message);
};

const checkOverlap = (check: Check, clients: readonly ClientEntry[]): void => {
  for (const [index, one] of clients.entries()) {
    for (const other of clients.slice(index + 1)) {
      const isInside = coversClient(one, other) || coversClient(other, one);
      if (!isInside && !overlapsClient(one, other)) continue;
      const path = ['clients', other.name];
      if (isInside) {
        const message = `Each token of "${other.name}" or of "${one.name}" fits both, and a token that fits two clients is refused; bind one of them to something that the other has not.`;
        check.report.refuse('ambiguous_client', path, message);
      } else {
        const message = `A token can fit both "${one.name}" and "${other.name}", and is refused then; bind one of them to something that the other has not.`;
        check.report.warn('overlapping_clients', path, message);
      }
    }
  }
};

const checkClient = (check: Check, client: ClientEntry): void => {
  const path: Path = ['clients', client.name];
  const issuer = Object.hasOwn(check.policy.issuers, client.issuer) ? check.policy.issuers[client.issuer] : undefined;
  if (!issuer) {
    if (!check.isComplete) return;
    const names = Object.keys(check.policy.issuers);
    const message = `"${client.issuer}" is no issuer of this policy${suggestion(client.issuer, names, 'define it under issuers, as github: { kind: github }.')}`;
    return check.report.refuse('unknown_issuer', [...path, 'issuer'], message);
  }
  const at = { check, client, issuer, path };
  checkKeys(at);
  checkBound(at);
  checkEvents(at);
};

const unknownClient = (check: Check, name: string): string | null => {
  const names = Object.keys(check.policy.clients);
  if (names.some((one) => compileGlob(name)(one)) || !check.isComplete) return null;
  return `"${name}" is no client of this policy${suggestion(name, names, 'define it under clients.')}`;
};

const checkNames = (check: Check): void => {
  const { policy, report } = check;
  for (const [at, rule] of policy.rules.entries()) {
    for (const [index, name] of (rule.match.clients ?? []).entries()) {
      const problem = unknownClient(check, name);
      if (problem !== null)
        report.refuse('unknown_client', [...check.rulePath(at), 'match', 'clients', index], problem);
    }
    if (rule.match.clients === null || (rule.match.people === null && rule.match.groups === null)) continue;
    const message = `"${rule.name}" is for clients and for people or groups at once, and no request is made by both; write a rule for each.`;
    report.refuse('clients_and_people', [...check.rulePath(at), 'match'], message);
  }
  for (const issuer of Object.keys(policy.accounts)) {
    const names = Object.keys(policy.issuers);
    if (names.includes(issuer) || !check.isComplete) continue;
    const message = `"${issuer}" is no issuer of this policy${suggestion(issuer, names, 'define it under issuers.')}`;
    report.refuse('unknown_issuer', ['accounts', issuer], message);
  }
};

const checkTests = (check: Check): void => {
  for (const [at, { name, request, facts }] of check.policy.tests.entries()) {
    const path = check.testPath(at);
    const isByPerson = request.by !== '';
    if (isByPerson === (facts.client !== null)) {
      const message = `The test "${name}" must have exactly one of request.by (a person) and client.`;
      check.report.refuse('test_requester', path, message);
    }
    const problem = facts.client && unknownClient(check, facts.client.name);
    if (problem) check.report.refuse('unknown_client', path, problem);
  }
};

export const checkClients = (check: Check): void => {
  const clients = Object.values(check.policy.clients);
  for (const client of clients) checkClient(check, client);
  checkOverlap(check, clients);
  checkAudience(check, clients);
  checkNames(check);
  checkTests(check);
};
