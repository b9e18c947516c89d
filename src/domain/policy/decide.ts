/** Decides one request. Pure: policy, request and facts in; verdict out. The same call serves the form's preview, the button, `explain` and `replay`. */
import { requestProblems } from '../requests/request-problems.ts';
import { freezeSentences } from './calendar.ts';
import type { Calendar } from './calendar.ts';
import { candidatesFor } from './candidates.ts';
import type { Candidate } from './candidates.ts';
import { targetNamed } from './deployments.ts';
import { boundEmail, namedAddress, normalEmail } from '../principals/identity.ts';
import { hedged, matchRule } from './rule-match.ts';
import type { RuleOutcome, Variant } from './rule-match.ts';
import { requirementOf, sourceOf } from './sources.ts';
import { stricter } from './stricter.ts';
import type { Policy, Role, Rule, Target } from './types.ts';
import type { RequestProblem, SkippedRule, Verdict } from './verdict.ts';
import type { RequestedAccess, DecisionFacts, ConditionFacts } from './decision-facts.ts';

const NO_CLIENT: ConditionFacts['client'] = {
  name: '',
  issuer: '',
  repository: '',
  repository_id: '',
  ref: '',
  environment: '',
  workflow: '',
  event: '',
  run: '',
  attempt: 0,
  sha: '',
  actor: '',
};
const NO_PULL_REQUEST = { number: 0, labels: [], author: '', base: '', head: '', sha: '' };

const NO_ALERT = { firing: false, name: '', source: '', severity: '' };

const alertOf = ({ alert }: DecisionFacts): ConditionFacts['alert'] =>
  alert ? { firing: true, name: alert.name, source: alert.source, severity: alert.severity } : NO_ALERT;

/** Records from before a fact was kept do not have it: it is empty then. */
const clientOf = ({ client }: DecisionFacts): ConditionFacts['client'] => {
  if (!client) return NO_CLIENT;
  const { repositoryId, ...rest } = client;
  return { ...NO_CLIENT, ...rest, repository_id: repositoryId ?? '' };
};

const conditionFactsOf = (calendar: Calendar, requested: RequestedAccess, facts: DecisionFacts): ConditionFacts => ({
  request: {
    target: requested.target,
    role: requested.role,
    durationMs: requested.durationMs,
    reason: requested.reason,
    ticket: requested.ticket ?? '',
  },
  requester: { email: facts.requester.email ?? '', groups: facts.requester.groups },
  incident: facts.incident,
  client: clientOf(facts),
  pull_request: { ...NO_PULL_REQUEST, ...facts.pullRequest },
  alert: alertOf(facts),
  now: facts.now,
  calendar,
});

/** As denials see it: without the freezes that were overridden. */
const calendarFor = (policy: Policy, { overridden = [] }: DecisionFacts): Calendar =>
  overridden.length === 0
    ? policy
    : {
        ...policy,
        freezes: Object.fromEntries(Object.entries(policy.freezes).filter(([name]) => !overridden.includes(name))),
      };

type Passed = SkippedRule & { index: number };
/** `uncertainty`: why it is not certain that the rule matches. */
type Denial = { rule: Rule; uncertainty: string | null };
type Found = Denial | null;
/** `uncertain`: rules that need approvals and might apply, had everything been readable. */
type Judge = {
  facts: DecisionFacts;
  conditionFacts: ConditionFacts;
  /** The requester by each address that does not count for them. */
  others: Variant[];
  passed: Passed[];
  uncertain: Rule[];
};

/** Those that they carry and that do not count for them, and those of the same mailbox, which may be theirs. */
const otherEmailsOf = ({ requester: { email, otherEmails = [] } }: DecisionFacts): string[] => {
  const known: string[] = email === null ? otherEmails : [email, ...otherEmails];
  const mailboxes = known.map(normalEmail).filter((one) => one !== null);
  const others = new Set<string>([...otherEmails, ...mailboxes]);
  if (email !== null) others.delete(namedAddress(email));
  return [...others];
};

const othersOf = (calendar: Calendar, requested: RequestedAccess, facts: DecisionFacts): Variant[] =>
  otherEmailsOf(facts).map((email) => {
    // As if it were theirs: `hedged` takes it against them alone.
    const other = { ...facts, requester: { ...facts.requester, email: boundEmail(email) } };
    return { facts: other, conditionFacts: conditionFactsOf(calendar, requested, other) };
  });

const outcomeOf = (rule: Rule, { facts, conditionFacts, others }: Judge): RuleOutcome => {
  const outcome = matchRule(rule, facts, conditionFacts);
  return others.length === 0 ? outcome : hedged(rule, outcome, others);
};

/** Fails closed: a deny whose condition cannot be evaluated denies, an approval then is none, and what it needs is not forgotten. */
const firstMatch = (candidates: Candidate[], judge: Judge): Found => {
  for (const { rule, index } of candidates) {
    const { isMatch, why, detail } = outcomeOf(rule, judge);
    const isByError = why === 'condition_error' && rule.effect.kind === 'deny';
    if (isMatch || isByError) return { rule, uncertainty: isMatch ? null : detail };
    if (why === 'condition_error' && rule.effect.kind === 'ask') judge.uncertain.push(rule);
    judge.passed.push({ rule: rule.name, line: rule.line, why: why ?? 'no_match', detail, index });
  }
  return null;
};

const inFileOrder = (passed: Passed[]): SkippedRule[] =>
  passed.sort((a, b) => a.index - b.index).map(({ rule, line, why, detail }) => ({ rule, line, why, detail }));

const unknownVerdict = (problem: RequestProblem): Verdict => ({
  decision: 'deny',
  code: 'no_rule',
  message: 'This target or role is not in the policy.',
  rule: null,
  passedOver: [],
  capMs: 0,
  problems: [problem],
});

type Unmatched = { requested: RequestedAccess; role: Role; passedOver: SkippedRule[]; message: string };

const noRule = ({ requested, role, passedOver, message }: Unmatched): Verdict => ({
  decision: 'deny',
  code: 'no_rule',
  message,
  rule: null,
  passedOver,
  capMs: role.maxMs,
  problems: requestProblems(requested, null, role.maxMs),
});

type Decided = {
  policy: Policy;
  target: Target;
  role: Role;
  requested: RequestedAccess;
  rule: Rule;
  passedOver: SkippedRule[];
};

const byDeny = (
  { policy, requested, role, passedOver }: Pick<Decided, 'policy' | 'requested' | 'role' | 'passedOver'>,
  { rule, uncertainty }: Denial,
  now: Date,
): Verdict => {
  const until = freezeSentences(policy, rule.when?.freezes ?? [], now);
  const said = [rule.effect.kind === 'deny' ? rule.effect.message : '', ...until].join(' ');
  return {
    decision: 'deny',
    code: 'denied_by_rule',
    message: uncertainty === null ? said : `${said} (This rule counts as met, since ${uncertainty}.)`,
    rule: rule.name,
    passedOver,
    capMs: role.maxMs,
    problems: requestProblems(requested, null, role.maxMs),
  };
};

const byRule = ({
  policy,
  target,
  role,
  requested,
  rule,
  passedOver,
}: Decided): Exclude<Verdict, { decision: 'deny' }> => {
  const capMs = rule.maxMs === null ? role.maxMs : Math.min(role.maxMs, rule.maxMs);
  const problems = requestProblems(requested, rule, capMs);
  const claimMs = rule.claimMs ?? policy.claimMs;
  if (rule.effect.kind !== 'ask') {
    return { decision: 'approve', code: 'approved_by_rule', rule: rule.name, passedOver, capMs, problems, claimMs };
  }
  // Written out: spreading a shared part here took half of the whole decision's time.
  return {
    decision: 'ask',
    code: 'approvals_needed',
    rule: rule.name,
    passedOver,
    capMs,
    problems,
    requirements: rule.effect.approvals.map((approval) => requirementOf(policy, target, approval)),
    isInOrder: rule.isInOrder,
    escalate: rule.escalate ? { afterMs: rule.escalate.afterMs, to: sourceOf(policy, rule.escalate.to) } : null,
    pendingMs: rule.pendingMs ?? policy.pendingMs,
    claimMs,
    remindMs: rule.remindMs ?? policy.remindMs,
  };
};

const judgeBy = (calendar: Calendar, requested: RequestedAccess, facts: DecisionFacts): Judge => ({
  facts,
  conditionFacts: conditionFactsOf(calendar, requested, facts),
  others: othersOf(calendar, requested, facts),
  passed: [],
  uncertain: [],
});

/**
 * A matching deny wins wherever it stands; else the first rule that matches decides; else nobody gets in.
 * `passedOver` lists the rules for this role that were looked at and did not match; with any `problems`, nothing may be sent.
 */
export const decide = (policy: Policy, requested: RequestedAccess, facts: DecisionFacts): Verdict => {
  const target = targetNamed(policy, requested.target);
  if (!target)
    return unknownVerdict({
      field: 'target',
      code: 'unknown_target',
      facts: { target: requested.target.slice(0, 80) },
    });
  const role = Object.hasOwn(target.roles, requested.role) ? target.roles[requested.role] : undefined;
  if (!role) {
    const roles = Object.keys(target.roles).join(', ');
    return unknownVerdict({
      field: 'role',
      code: 'unknown_role',
      facts: { target: target.name, role: requested.role.slice(0, 80), roles },
    });
  }
  const { denies, others } = candidatesFor(policy, target.name, role.name);
  const judge = judgeBy(policy, requested, facts);
  const calendar = calendarFor(policy, facts);
  const denied = firstMatch(
    denies,
    calendar === policy ? judge : { ...judgeBy(calendar, requested, facts), passed: judge.passed },
  );
  // What a client may do ends with its place in the policy, also for what it requested before.
  const isGone = facts.client !== null && !Object.hasOwn(policy.clients, facts.client.name);
  const found = denied ?? (isGone ? null : firstMatch(others, judge));
  const passedOver = inFileOrder(judge.passed);
  if (denied) return byDeny({ policy, requested, role, passedOver }, denied, facts.now);
  const message = isGone ? 'This client is not in the policy.' : 'No rule of the policy allows this.';
  if (!found) return noRule({ requested, role, passedOver, message });
  const verdict = byRule({ policy, target, role, requested, rule: found.rule, passedOver });
  return stricter(verdict, { policy, target, role, requested, rules: judge.uncertain });
};
