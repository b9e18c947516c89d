/** `rules:` of the policy file: what each is for, when, and what it leads to. */
import { compileCondition } from '../domain/policy/condition.ts';
import { parseDuration } from '../domain/time/durations.ts';
import { patternProblem } from '../domain/policy/safe-pattern.ts';
import type { Rule, RuleMatch } from '../domain/policy/types.ts';
import type { PolicyDocument } from './policy-schema.ts';
import type { Path } from './problem.ts';
import type { Report } from './report.ts';

const msOrNull = (text: string | undefined): number | null => (text === undefined ? null : parseDuration(text));

type RuleShape = PolicyDocument['rules'][number];

const buildMatch = ({
  targets,
  roles,
  people,
  groups,
  clients,
  gates,
  alerts,
}: NonNullable<RuleShape['match']>): RuleMatch => ({
  targets: targets ?? null,
  roles: roles ?? null,
  people: people ?? null,
  groups: groups ?? null,
  clients: clients ?? null,
  gates: gates ?? null,
  alerts: alerts ?? null,
});

const listOf = (refs: string | string[]): string[] => (typeof refs === 'string' ? [refs] : [...new Set(refs)]);

const buildEffect = (rule: RuleShape, path: Path, report: Report): Rule['effect'] => {
  const kinds = (['deny', 'approve', 'approvals'] as const).filter((kind) => rule[kind] !== undefined);
  if (kinds.length !== 1) {
    const found = kinds.length === 0 ? 'says nothing about the outcome' : `has ${kinds.join(' and ')}`;
    report.refuse(
      'rule_effect',
      path,
      `Rule "${rule.name}" ${found}; it must have exactly one of deny, approve: true and approvals.`,
    );
  }
  const useless =
    rule.deny !== undefined
      ? (['require', 'in_order', 'escalate', 'max', 'pending', 'claim', 'remind', 'limits'] as const)
      : (['in_order', 'escalate', 'pending', 'remind'] as const);
  if (rule.approvals === undefined) {
    for (const key of useless)
      if (rule[key] !== undefined)
        report.refuse('useless_key', [...path, key], `"${key}" means nothing in a rule without approvals; remove it.`);
  }
  if (rule.deny !== undefined) return { kind: 'deny', message: rule.deny };
  if (!rule.approvals) return { kind: 'approve' };
  return {
    kind: 'ask',
    approvals: rule.approvals.map(({ from, also, count }) => ({
      from: listOf(from),
      ...(also === undefined ? {} : { also: listOf(also) }),
      count: count ?? 1,
    })),
  };
};

const buildCondition = (rule: RuleShape, path: Path, report: Report): Rule['when'] => {
  if (rule.when === undefined) return null;
  const compiled = compileCondition(rule.when);
  if ('condition' in compiled) {
    // Else it would never decide: what approves by itself is for clients only where it names them.
    if (rule.approve && compiled.variables.includes('client') && rule.match?.clients === undefined) {
      const message = `"${rule.name}" approves by itself and looks at the client without naming it; add match: { clients: [...] } with the names it is for.`;
      report.refuse('client_unnamed', [...path, 'when'], message);
    }
    return compiled.condition;
  }
  for (const problem of compiled.problems)
    report.refuse('bad_condition', [...path, 'when'], `The condition of "${rule.name}" is refused: ${problem}.`);
  return null;
};

/** A rule that approves by itself keeps nobody waiting, so there is nothing open to count. */
const buildLimits = ({ limits, approve }: RuleShape, path: Path, report: Report): Rule['limits'] => {
  if (limits?.open_requests !== undefined && approve !== undefined)
    report.refuse(
      'useless_key',
      [...path, 'limits', 'open_requests'],
      '"open_requests" means nothing in a rule that approves by itself: its requests never wait; remove it.',
    );
  return { openRequests: limits?.open_requests ?? null, liveGrants: limits?.live_grants ?? null };
};

export const buildRule = (rule: RuleShape, index: number, report: Report): Rule => {
  const path = ['rules', index];
  const ticket = rule.require?.ticket ?? null;
  const problem = ticket === null ? null : patternProblem(ticket);
  if (problem !== null) report.refuse('bad_pattern', [...path, 'require', 'ticket'], `The ticket pattern ${problem}.`);
  return {
    name: rule.name,
    match: buildMatch(rule.match ?? {}),
    when: buildCondition(rule, path, report),
    effect: buildEffect(rule, path, report),
    isInOrder: rule.in_order ?? false,
    require: { ticket, reasonChars: rule.require?.reason ?? 0 },
    escalate: rule.escalate ? { afterMs: parseDuration(rule.escalate.after), to: rule.escalate.to } : null,
    maxMs: msOrNull(rule.max),
    pendingMs: msOrNull(rule.pending),
    claimMs: msOrNull(rule.claim),
    remindMs: msOrNull(rule.remind),
    limits: buildLimits(rule, path, report),
    line: report.lineOf(path),
  };
};
