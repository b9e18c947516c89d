/** Judges access that is taken first and reviewed after. Pure: who may is looked up by the caller. */
import { requestProblems } from '../requests/request-problems.ts';
import { decide } from './decide.ts';
import { compileRoleGlob } from './glob.ts';
import { requirementOf } from './sources.ts';
import type { BreakGlass, Policy, Target } from './types.ts';
import type { RequestProblem } from './verdict.ts';
import type { RequestedAccess, DecisionFacts } from './decision-facts.ts';
import type { Requirement } from '../requests/request.ts';

/** Least characters of real text: others judge the reason afterwards. */
export const BREAK_GLASS_REASON_CHARS = 10;

export type BreakGlassVerdict = {
  capMs: number;
  defaultMs: number;
  problems: RequestProblem[];
  /** The rule that would have decided, or null where none would. */
  rule: string | null;
  /** The approvals that are skipped; where a rule denies, those of the owners: they are notified in any case. */
  skipped: Requirement[];
  /** The rule that says no and is overridden. */
  overrides: { rule: string | null; message: string } | null;
  /** A rule would have approved this at once: there was no need. */
  isNeedless: boolean;
};

/** An empty list of roles is no role. */
export const isBreakGlassRole = ({ roles }: BreakGlass, requested: Pick<RequestedAccess, 'target' | 'role'>): boolean =>
  roles.map(compileRoleGlob).some(({ isTarget, isRole }) => isTarget(requested.target) && isRole(requested.role));

const ownersOf = (policy: Policy, target: Target): Requirement[] =>
  target.owners.length > 0 ? [requirementOf(policy, target, { from: ['owners'], count: 1 })] : [];

/**
 * Break-glass overrides missing approvals, tickets and denials; it never reaches a role that `break_glass.roles` does not name, and
 * never lasts longer than `break_glass.max` and the role's own cap. `problems` are what the person can fix.
 */
export const evaluateBreakGlass = (
  policy: Policy,
  breakGlass: BreakGlass,
  evaluated: { requested: RequestedAccess; facts: DecisionFacts },
): BreakGlassVerdict | null => {
  const { requested, facts } = evaluated;
  const target = Object.hasOwn(policy.targets, requested.target) ? policy.targets[requested.target] : undefined;
  const role = target && Object.hasOwn(target.roles, requested.role) ? target.roles[requested.role] : undefined;
  if (!target || !role) return null;
  const capMs = Math.min(role.maxMs, breakGlass.maxMs);
  const defaultMs = Math.min(role.defaultMs, capMs);
  const wanted = { ...requested, durationMs: requested.durationMs || defaultMs };
  const verdict = decide(policy, wanted, facts);
  const isDenied = verdict.decision === 'deny';
  const judged: BreakGlassVerdict = {
    capMs,
    defaultMs,
    problems: requestProblems(wanted, { require: { ticket: null, reasonChars: BREAK_GLASS_REASON_CHARS } }, capMs),
    rule: verdict.rule,
    skipped: verdict.decision === 'ask' ? verdict.requirements : isDenied ? ownersOf(policy, target) : [],
    overrides: isDenied ? { rule: verdict.rule, message: verdict.message } : null,
    isNeedless: verdict.decision === 'approve',
  };
  return judged;
};
