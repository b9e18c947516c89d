/** Runs the policy's own `tests:` against it. Pure, and on a fixed clock, so that a file that passed once passes for ever. */
import { statedFacts } from '../domain/clients/stated.ts';
import { splitRole } from '../domain/policy/role-name.ts';
import type { ClaimCheck } from '../domain/clients/match-client.ts';
import type { Stated } from '../domain/clients/stated.ts';
import { decide } from '../domain/policy/decide.ts';
import { mappingNamed } from '../domain/alerts/mapping.ts';
import { boundEmail, isTheOneNamed, namedAddress } from '../domain/principals/identity.ts';
import type { BoundEmail } from '../domain/principals/identity.ts';
import type { PolicyTest, StatedAlert, StatedClient } from '../domain/policy/policy-test.ts';
import type { Policy } from '../domain/policy/types.ts';
import type { Verdict } from '../domain/policy/verdict.ts';
import type { AlertFacts, DecisionFacts } from '../domain/policy/decision-facts.ts';

/** A Wednesday noon. A test about a date says `at`; any other must not start to fail because a freeze began. */
const CLIENT_MISMATCH = 'client_mismatch';
const TEST_CLOCK = new Date('2026-01-14T12:00:00Z');

export type PolicyTestResult = {
  name: string;
  line: number | null;
  isPassed: boolean;
  message: string;
  verdict: Verdict;
};

/** Someone known by an email or a Slack id only, as tests and the command line name people. */
export const personFromRef = (ref: string): { id: string; userId: string; email: BoundEmail | null } =>
  ref.includes('@')
    ? { id: '', userId: '', email: boundEmail(namedAddress(ref)) }
    : { id: '', userId: ref, email: null };

/** The groups someone is in as far as the file says, with `given` members for those only Slack or an on-call service knows. */
export const groupsOfPerson = (policy: Policy, ref: string, given: Record<string, string[]>): string[] => {
  const { id, userId, email } = personFromRef(ref);
  const account = { id, userId, address: email === null ? null : namedAddress(email) };
  return Object.entries(policy.groups).flatMap(([name, group]) => {
    const known = group.kind === 'people' ? group.people : [];
    const people = Object.hasOwn(given, name) ? (given[name] ?? []) : known;
    return people.some((member) => isTheOneNamed(member, account)) ? [name] : [];
  });
};

/** As if it fired and the requester were on call for it, or the client that it names. For another role or client it says nothing, as in life. */
export const alertStated = (
  policy: Policy,
  stated: StatedAlert | null,
  { role, client }: { role: string; client: string | null },
): AlertFacts | null => {
  const mapping = stated && mappingNamed(policy, stated.name);
  if (!mapping || `${mapping.target}/${mapping.role}` !== role || mapping.client !== client) return null;
  return { name: mapping.name, source: mapping.source, severity: stated.severity, isUnknown: false };
};

/** A client is in no group, and is nobody whom a rule could name. */
export const clientRequester: DecisionFacts['requester'] = { personId: '', userId: '', email: null, groups: [] };

export const clientStated = (policy: Policy, stated: StatedClient | null): Stated | null => {
  const entry = stated && Object.hasOwn(policy.clients, stated.name) ? policy.clients[stated.name] : undefined;
  const issuer = entry && Object.hasOwn(policy.issuers, entry.issuer) ? policy.issuers[entry.issuer] : undefined;
  return stated && entry && issuer ? statedFacts(entry, issuer, stated) : null;
};

const requesterOf = (policy: Policy, { request, facts }: PolicyTest): DecisionFacts['requester'] => {
  if (facts.client !== null) return clientRequester;
  const { id, userId, email } = personFromRef(request.by);
  return { personId: id, userId, email, groups: groupsOfPerson(policy, request.by, facts.groups) };
};

const testFacts = (policy: Policy, test: PolicyTest, client: Stated | null): DecisionFacts => {
  const { open = false, channel = '', severity = '' } = test.facts.incident;
  return {
    now: test.request.at ?? TEST_CLOCK,
    requester: requesterOf(policy, test),
    incident: { open, channel, severity },
    client: client?.facts ?? null,
    pullRequest: test.facts.pullRequest,
    alert: alertStated(policy, test.facts.alert, {
      role: test.request.role,
      client: test.facts.client?.name ?? null,
    }),
  };
};

const showList = (list: readonly string[]): string => `[${list.join(', ')}]`;

const differences = (test: PolicyTest, verdict: Verdict): string[] => {
  const { expect } = test;
  const isRefused = verdict.problems.length > 0 && verdict.decision !== 'deny';
  const decision = isRefused ? 'refuse' : verdict.decision;
  const found: string[] = [];
  if (decision !== expect.decision) {
    const why = isRefused
      ? ` (${verdict.problems.map(({ code }) => code).join(', ')})`
      : verdict.decision === 'deny'
        ? ` (${verdict.message})`
        : '';
    found.push(`expected ${expect.decision}, got ${decision}${why}`);
  }
  if (expect.rule !== null && expect.rule !== verdict.rule)
    found.push(`expected the rule "${expect.rule}", got ${verdict.rule === null ? 'none' : `"${verdict.rule}"`}`);
  const labels = verdict.decision === 'ask' ? verdict.requirements.map(({ label }) => label) : [];
  if (expect.from !== null && showList(expect.from) !== showList(labels))
    found.push(`expected approvals from ${showList(expect.from)}, got ${showList(labels)}`);
  const codes = isRefused ? verdict.problems.map(({ code }) => code) : [verdict.code];
  if (expect.code !== null && !codes.some((code) => code === expect.code))
    found.push(`expected the code ${expect.code}, got ${codes.join(', ')}`);
  return found;
};

/** Such a token gets no session, so no rule is looked at. */
const misfitDifferences = ({ expect }: PolicyTest, { claim, expected, found }: ClaimCheck): string[] => {
  const isExpected = expect.decision === 'refuse' && (expect.code === null || expect.code === CLIENT_MISMATCH);
  if (isExpected && expect.rule === null) return [];
  return [
    `expected ${expect.decision}, got refuse (${CLIENT_MISMATCH}): a token of this client has ${claim} ${expected}, and here it is ${found}`,
  ];
};

const runPolicyTest = (policy: Policy, test: PolicyTest): PolicyTestResult => {
  const [target, role] = splitRole(test.request.role);
  const { forMs: durationMs, reason, ticket } = test.request;
  const client = clientStated(policy, test.facts.client);
  const verdict = decide(policy, { target, role, durationMs, reason, ticket }, testFacts(policy, test, client));
  const found = client?.misfit ? misfitDifferences(test, client.misfit) : differences(test, verdict);
  return { name: test.name, line: test.line, isPassed: found.length === 0, message: found.join('; '), verdict };
};

export const runPolicyTests = (policy: Policy): PolicyTestResult[] =>
  policy.tests.map((test) => runPolicyTest(policy, test));
