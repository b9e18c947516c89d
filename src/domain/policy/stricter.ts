/**
 * When it could not be known whether an earlier rule applies, that rule is not simply passed over: it might have needed more
 * than the one that then decides. What both need is demanded, so that a failed look-up never makes access easier.
 */
import type { Requirement } from '../requests/request.ts';
import { requestProblems } from '../requests/request-problems.ts';
import { requirementOf, sourceKey } from './sources.ts';
import type { Policy, Role, Rule, Target } from './types.ts';
import type { RequestProblem, Verdict } from './verdict.ts';
import type { RequestedAccess } from './decision-facts.ts';

type Sendable = Exclude<Verdict, { decision: 'deny' }>;
export type Uncertain = {
  policy: Policy;
  target: Target;
  role: Role;
  requested: RequestedAccess;
  rules: readonly Rule[];
};

const keyOf = ({ from, also = [] }: Requirement): string =>
  [from, also].map((sources) => sources.map(sourceKey).sort().join(' ')).join(' / ');

/** One requirement for the same people, with the higher count. */
const merged = (all: readonly Requirement[]): Requirement[] => {
  const byPeople = new Map<string, Requirement>();
  for (const requirement of all) {
    const known = byPeople.get(keyOf(requirement));
    if (!known || known.count < requirement.count) byPeople.set(keyOf(requirement), requirement);
  }
  return [...byPeople.values()];
};

const withoutTwins = (problems: readonly RequestProblem[]): RequestProblem[] => [
  ...new Map(problems.map((problem) => [`${problem.field} ${problem.code}`, problem])).values(),
];

/** `rules` are those that need approvals and could not be judged; without any, the verdict stays as it is. */
export const stricter = (verdict: Sendable, { policy, target, role, requested, rules }: Uncertain): Sendable => {
  if (rules.length === 0) return verdict;
  const capMs = Math.min(verdict.capMs, ...rules.map(({ maxMs }) => maxMs ?? role.maxMs));
  const problems = withoutTwins([
    ...verdict.problems,
    ...rules.flatMap((rule) => requestProblems(requested, rule, capMs)),
  ]);
  const uncertain = rules.flatMap(({ effect }) => (effect.kind === 'ask' ? effect.approvals : []));
  const decided = verdict.decision === 'ask' ? verdict.requirements : [];
  const needsApprovals = verdict.decision === 'ask';
  return {
    decision: 'ask',
    code: 'approvals_needed',
    rule: verdict.rule,
    passedOver: verdict.passedOver,
    capMs,
    problems,
    requirements: merged([...uncertain.map((approval) => requirementOf(policy, target, approval)), ...decided]),
    isInOrder: needsApprovals && verdict.isInOrder,
    escalate: needsApprovals ? verdict.escalate : null,
    pendingMs: needsApprovals ? verdict.pendingMs : policy.pendingMs,
    claimMs: verdict.claimMs,
    remindMs: needsApprovals ? verdict.remindMs : policy.remindMs,
  };
};
