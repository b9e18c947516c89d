/** Small policies, asks and facts for tests: everything has a plain value, and a test names only what it is about. */
import { compileCondition } from '../../../src/domain/policy/condition.ts';
import type { ClientEntry } from '../../../src/domain/clients/client.ts';
import type { Condition, Policy, Role, Rule, RuleMatch, Target } from '../../../src/domain/policy/types.ts';
import type { RequestedAccess, DecisionFacts } from '../../../src/domain/policy/decision-facts.ts';
import { boundEmail } from '../../../src/domain/principals/identity.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

const condition = (source: string): Condition => {
  const compiled = compileCondition(source);
  if ('problems' in compiled) throw new Error(compiled.problems.join('; '));
  return compiled.condition;
};

const clientNamed = (name: string): ClientEntry => ({
  name,
  issuer: 'github',
  audience: 'latchkey',
  repository: { id: '456789', name: 'acme/api' },
  project: null,
  organization: null,
  pipeline: null,
  serviceAccount: null,
  workflow: null,
  environment: null,
  refs: ['refs/heads/main'],
  events: null,
  runners: null,
  claims: {},
  isUnsafe: false,
  channel: null,
});

type RuleParts = Partial<Omit<Rule, 'match' | 'when'>> & { match?: Partial<RuleMatch>; when?: string };

const NO_LIMIT: RuleMatch = {
  targets: null,
  roles: null,
  people: null,
  groups: null,
  clients: null,
  gates: null,
  alerts: null,
};

export const rule = (name: string, parts: RuleParts = {}): Rule => {
  const { match, when, ...rest } = parts;
  return {
    name,
    match: { ...NO_LIMIT, ...match },
    when: when === undefined ? null : condition(when),
    effect: { kind: 'ask', approvals: [{ from: ['owners'], count: 1 }] },
    isInOrder: false,
    require: { ticket: null, reasonChars: 0 },
    escalate: null,
    maxMs: null,
    pendingMs: null,
    claimMs: null,
    remindMs: null,
    limits: { openRequests: null, liveGrants: null },
    line: null,
    ...rest,
  };
};

export const deny = (name: string, parts: RuleParts = {}): Rule =>
  rule(name, { effect: { kind: 'deny', message: `No: ${name}.` }, ...parts });

export const approve = (name: string, parts: RuleParts = {}): Rule =>
  rule(name, { effect: { kind: 'approve' }, ...parts });

const role = (name: string, maxMs: number): Role => ({
  name,
  title: name,
  scope: {},
  maxMs,
  defaultMs: 30 * MINUTE,
  isSensitive: false,
});

const target = (name: string, owners: string[]): Target => ({
  name,
  title: name,
  provider: 'postgres',
  config: {},
  owners,
  channel: null,
  warning: null,
  roles: { read: role('read', 4 * HOUR), write: role('write', HOUR) },
});

export const policyOf = (rules: Rule[], parts: Partial<Policy> = {}): Policy => ({
  overrides: {},
  issuers: {},
  clients: { 'api-deploy': clientNamed('api-deploy'), api: clientNamed('api') },
  accounts: {},
  unlinkedAccounts: 'restrict',
  gates: [],
  pullRequests: [],
  sha256: 'test',
  timezone: 'Europe/Berlin',
  windows: {},
  freezes: {},
  calendars: {},
  lists: {},
  groups: {
    dba: { kind: 'people', people: ['dana@acme.test', 'omar@acme.test'] },
    sre: { kind: 'slack_usergroup', handle: 'sre' },
    'on-call': { kind: 'slack_usergroup', handle: 'on-call' },
  },
  targets: { orders: target('orders', ['dba']), billing: target('billing', ['dba', 'sam@acme.test']) },
  rules,
  pendingMs: 4 * HOUR,
  claimMs: HOUR,
  remindMs: 15 * MINUTE,
  limits: { openRequests: 5, liveGrants: 3 },
  breakGlass: null,
  incidents: null,
  alerts: [],
  audit: null,
  auditors: [],
  reviews: [],
  admins: [],
  managerField: null,
  tests: [],
  ...parts,
});

export const askFor = (parts: Partial<RequestedAccess> = {}): RequestedAccess => ({
  target: 'orders',
  role: 'read',
  durationMs: 30 * MINUTE,
  reason: 'look at order 1183',
  ticket: null,
  ...parts,
});

type FactParts = Partial<Omit<DecisionFacts, 'requester' | 'incident'>> & {
  requester?: Partial<DecisionFacts['requester']>;
  incident?: Partial<DecisionFacts['incident']>;
};

/** Wednesday noon UTC, one o'clock in Berlin. */
export const factsFor = (parts: FactParts = {}): DecisionFacts => ({
  now: parts.now ?? new Date('2026-01-14T12:00:00Z'),
  requester: {
    personId: 'T1:U0ANNA',
    userId: 'U0ANNA',
    email: boundEmail('anna@acme.test'),
    groups: [],
    ...parts.requester,
  },
  incident: { open: false, channel: '', severity: '', ...parts.incident },
  client: parts.client ?? null,
  pullRequest: parts.pullRequest ?? null,
  alert: parts.alert ?? null,
});
