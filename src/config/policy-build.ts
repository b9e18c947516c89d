/** From the document to the policy: durations, conditions, patterns and `${NAME}` become values; what cannot become one is a problem. */
import type { Json } from '../domain/json.ts';
import { parseDuration } from '../domain/time/durations.ts';
import { deploymentOf, deploymentReason } from '../domain/policy/deployments.ts';
import { DEFAULT_LIMITS } from '../domain/policy/limits.ts';
import type { PolicyTest, StatedAlert, StatedClient } from '../domain/policy/policy-test.ts';
import type { BreakGlass, Limits, Policy } from '../domain/policy/types.ts';
import type { PullRequestFacts } from '../domain/requests/pull-request.ts';
import { buildAlerts } from './policy-alerts.ts';
import { buildAudit } from './policy-audit.ts';
import { buildReviews } from './policy-reviews.ts';
import { buildAccounts, buildClients } from './policy-clients.ts';
import { buildGates, buildPullRequests } from './policy-github.ts';
import { fillConfig } from './fill-config.ts';
import type { Fill } from './fill-config.ts';
import type { FoundRows } from './found-text.ts';
import { planOf } from './list-plans.ts';
import { buildGroups } from './policy-groups.ts';
import { buildIncidents } from './policy-incidents.ts';
import { buildIssuers } from './policy-issuers.ts';
import { buildCalendar } from './policy-calendar.ts';
import { buildRule } from './policy-rules.ts';
import type { PolicyDocument } from './policy-schema.ts';
import { buildTargets } from './policy-targets.ts';
import type { PartBuild } from './policy-targets.ts';
import { record } from './record.ts';

type Build = PartBuild & {
  /** Of the policy, so that files that it names are found. */
  file: string;
  sha256: string;
  /** What its lists gave; null where they were not read. */
  found: FoundRows | null;
  ruleAt: number[];
  testAt: number[];
};

const DEFAULTS = { pending: '4h', claim: '1h', remind: '15m' } as const;

const ms = (text: string): number => parseDuration(text);

const stated = (name: string | undefined): StatedAlert | null => (name === undefined ? null : { name, severity: '' });

const statedClient = (client: NonNullable<PolicyDocument['tests']>[number]['client']): StatedClient | null => {
  if (client === undefined) return null;
  return typeof client === 'string' ? { name: client, claims: {} } : { name: client.name, claims: client.claims ?? {} };
};

const statedPullRequest = (
  stated: NonNullable<PolicyDocument['tests']>[number]['pull_request'],
): PullRequestFacts | null =>
  stated === undefined
    ? null
    : {
        number: stated.number ?? 1,
        labels: stated.labels ?? [],
        author: stated.author ?? '',
        base: stated.base ?? '',
        head: stated.head ?? '',
        sha: stated.sha ?? '',
      };

/** The request of a gate without a role has no length. */
const askedIn = ({
  request,
  client,
}: NonNullable<PolicyDocument['tests']>[number]): Pick<PolicyTest['request'], 'role' | 'forMs' | 'reason'> => {
  if (request.gate === undefined)
    return { role: request.role ?? '', forMs: ms(request.for ?? '1m'), reason: request.reason ?? '' };
  const name = statedClient(client)?.name ?? '';
  const reason = request.reason ?? deploymentReason(name, request.gate);
  return { role: `${deploymentOf(name)}/${request.gate}`, forMs: ms('1m'), reason };
};

const buildTest = (test: NonNullable<PolicyDocument['tests']>[number], line: number | null): PolicyTest => {
  const { request, expect } = test;
  return {
    name: test.name,
    request: {
      by: request.by ?? '',
      ...askedIn(test),
      ticket: request.ticket ?? null,
      at: request.at === undefined ? null : new Date(request.at),
    },
    facts: {
      groups: record(Object.entries(test.groups ?? {})),
      incident: test.incident ?? {},
      alert: typeof test.alert === 'object' ? { severity: '', ...test.alert } : stated(test.alert),
      client: statedClient(test.client),
      pullRequest: statedPullRequest(test.pull_request),
    },
    expect: {
      decision: expect.decision,
      rule: expect.rule ?? null,
      from: expect.from ?? null,
      code: expect.code ?? null,
    },
    line,
  };
};

const buildBreakGlass = ({ break_glass: shape }: PolicyDocument): BreakGlass | null =>
  shape
    ? {
        who: shape.who,
        roles: shape.roles,
        maxMs: ms(shape.max),
        notify: shape.tell,
        reviewWithinMs: ms(shape.review_within),
        reviewers: shape.reviewers,
      }
    : null;

const buildLimits = ({ limits }: PolicyDocument): Limits => ({
  openRequests: limits?.open_requests ?? DEFAULT_LIMITS.openRequests,
  liveGrants: limits?.live_grants ?? DEFAULT_LIMITS.liveGrants,
});

const buildLists = ({ document, env, areVariablesOptional, report, file, found }: Build): Policy['lists'] =>
  record(
    Object.entries(document.targets_from ?? {}).map(([name, shape]) => {
      const fill: Fill = { env, report, areVariablesOptional, isComplete: true };
      const place = ['targets_from', name, 'list', 'config'];
      const plan = { file, fill: (config: Json) => fillConfig(config, place, fill), rows: found?.[name] };
      return [name, planOf(shape, plan)] as const;
    }),
  );

/** A rule below the policy would be a limit that does not hold for the same person's other requests. */
const checkRaised = ({ rules, limits }: Policy, { report, ruleAt }: Build): void => {
  for (const [index, { name, limits: own }] of rules.entries()) {
    const pairs = [
      ['open_requests', own.openRequests, limits.openRequests],
      ['live_grants', own.liveGrants, limits.liveGrants],
    ] as const;
    for (const [key, raised, general] of pairs) {
      if (raised === null || raised >= general) continue;
      const path = ['rules', ruleAt[index] ?? index, 'limits', key];
      const message = `Rule "${name}" sets ${key} to ${raised}, below the ${general} of the policy; a rule can only raise it.`;
      report.refuse('limit_lowered', path, message);
    }
  }
};

export const buildPolicy = (build: Build): { policy: Policy; unfilled: Set<string> } => {
  const { document, report, sha256, ruleAt, testAt } = build;
  const { targets, unfilled } = buildTargets(build);
  const timezone = document.timezone ?? 'UTC';
  const policy: Policy = {
    sha256,
    timezone,
    ...buildCalendar(document, { timezone, report, file: build.file }),
    groups: buildGroups(build),
    targets,
    lists: buildLists(build),
    rules: document.rules.map((rule, index) => buildRule(rule, ruleAt[index] ?? index, report)),
    pendingMs: ms(document.pending ?? DEFAULTS.pending),
    claimMs: ms(document.claim ?? DEFAULTS.claim),
    remindMs: ms(document.remind ?? DEFAULTS.remind),
    limits: buildLimits(document),
    breakGlass: buildBreakGlass(document),
    incidents: buildIncidents(document, report),
    alerts: buildAlerts(document),
    audit: buildAudit(document.audit),
    reviews: buildReviews(document.reviews),
    issuers: buildIssuers(document, report),
    clients: buildClients(document),
    accounts: buildAccounts(document),
    unlinkedAccounts: document.unlinked_accounts ?? 'allow',
    gates: buildGates(document),
    pullRequests: buildPullRequests(document),
    admins: document.admins ?? [],
    auditors: document.auditors ?? [],
    managerField: document.manager_field ?? null,
    tests: (document.tests ?? []).map((test, index) =>
      buildTest(test, report.lineOf(['tests', testAt[index] ?? index])),
    ),
  };
  checkRaised(policy, build);
  return { policy, unfilled };
};
