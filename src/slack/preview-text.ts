/** What will happen if this is sent, in words: the form's preview and `explain` say the same. */
import { DomainError } from '../domain/errors.ts';
import type { Policy } from '../domain/policy/types.ts';
import type { Verdict } from '../domain/policy/verdict.ts';
import type { PotentialApprovers } from '../application/decisions/potential-approvers.ts';
import type { PreviewResult } from '../application/queries/preview.ts';
import { factsOf } from '../application/messages/facts.ts';
import { ERROR_SHOWN_MAX } from './messages/render/limits.ts';
import { oneOf, remainLines, ruleName, warning } from './messages/render/phrases.ts';
import { pluralize } from '../lib/pluralize.ts';
import { inline, sentenceList } from './messages/render/text.ts';
import { alreadyLine, liveFullLine } from './messages/render/moves.ts';
import { sentenceOf } from './errors.ts';
import { sentenceOfDenial, sentenceOfProblem } from './sentences/problems.ts';

const NAME_SHOWN_MAX = 80;

const denialReason = (eligible: PotentialApprovers): string => {
  const label = inline(eligible.label, 100);
  if (eligible.isOnlyRequester)
    return `*You are the only approver* (${label}), and no one approves their own request. An admin can add another approver.`;
  if (eligible.people.length === 0) return `*No approver now:* ${label} has no members. An admin can add one.`;
  return `*Too few approvers now:* it needs ${eligible.count} of ${label}, which has ${eligible.people.length}. An admin can add more.`;
};

/** `*Needs 2 approvals:*` */
const needed = (eligible: readonly PotentialApprovers[]): string =>
  `*Needs ${pluralize(
    eligible.reduce((sum, { count }) => sum + count, 0),
    'approval',
  )}:*`;

const decisionLines = ({ verdict, eligible, allowedBy }: PreviewResult): string[] => {
  if (verdict.decision === 'deny') return [`*Cannot be sent.* ${sentenceOfDenial(verdict)}`];
  if (verdict.decision === 'approve') return [`Rule ${ruleName(verdict.rule)} approves this at once.`];
  if (allowedBy.length > 0) {
    const names = sentenceList(allowedBy.map(({ name }) => inline(name, NAME_SHOWN_MAX)));
    return [`*Pre-approved* by ${names}: you get access at once.`];
  }
  const order = verdict.isInOrder ? ', in this order' : '';
  const short = eligible.filter(({ people, count, unknown }) => people.length < count && unknown.length === 0);
  return [
    `${needed(eligible)} ${sentenceList(eligible.map(oneOf))}${order}.`,
    `Rule ${ruleName(verdict.rule)} will decide.`,
    ...short.map(denialReason),
  ];
};

/** Problems of the field that is being filled in are shown only when they are about something that was chosen. */
const problemLines = (verdict: Verdict, isTyping: boolean): string[] =>
  verdict.problems
    .filter(({ code }) => !isTyping || code !== 'reason_missing')
    .map((problem) => sentenceOfProblem(problem));

export type PreviewFacts = { target: string; role: string; isTyping: boolean };

export const previewLines = (policy: Policy, requested: PreviewFacts, result: PreviewResult): string[] => {
  const care = warning(factsOf(policy, requested));
  const problem = result.targetProblem
    ? `*The target has a problem now:* ${inline(result.targetProblem, ERROR_SHOWN_MAX)}`
    : null;
  const has = result.alreadyHas ? alreadyLine(result.alreadyHas) : null;
  const limit = result.limit
    ? `*Cannot be sent now.* ${sentenceOf(new DomainError(result.limit.code, { ...result.limit.facts, isAhead: true }))}`
    : null;
  const full = !result.limit && result.liveFull ? liveFullLine(result.liveFull) : null;
  const lines = [
    has,
    limit,
    ...decisionLines(result),
    full,
    ...problemLines(result.verdict, requested.isTyping),
    care,
    ...remainLines(result),
    problem,
  ];
  return lines.filter((line) => line !== null);
};
