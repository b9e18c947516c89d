/** Says in words which rule decides and why, who would be asked, and what stands in the way. Plain text: each channel escapes and dresses it. */
import { formatDuration } from '../time/durations.ts';
import { pluralize } from '../../lib/pluralize.ts';
import { limitsOf } from './limits.ts';
import { decide } from './decide.ts';
import { isDeployment } from './deployments.ts';
import { overridableFreezes } from './freeze-override.ts';
import type { Reachability } from './reachability.ts';
import type { Requirement, Source } from '../requests/request.ts';
import type { Policy } from './types.ts';
import type { RequestProblem, Verdict } from './verdict.ts';
import type { RequestedAccess, DecisionFacts } from './decision-facts.ts';

export type Explanation = { verdict: Verdict; lines: string[] };

export type ExplainInput = {
  policy: Policy;
  requested: RequestedAccess;
  facts: DecisionFacts;
  /** Who would be asked, where the caller could look it up. */
  reach?: Reachability;
  /** Person id -> name for people; the id where it is left out. */
  nameOf?: (personId: string) => string;
  /** Who is meant by these sources as far as the policy says it; used where nobody was looked up. */
  listed?: (sources: readonly Source[]) => string;
};

const ordinal = (line: number | null): string => (line === null ? '' : ` (line ${line})`);

const number = (facts: RequestProblem['facts'], key: string): number => Number(facts[key] ?? 0);

const PROBLEM_WORDS: Record<RequestProblem['code'], (facts: RequestProblem['facts']) => string> = {
  unknown_target: (facts) => `There is no target "${facts['target']}".`,
  unknown_role: (facts) => `"${facts['target']}" has no role "${facts['role']}"; it has ${facts['roles']}.`,
  bad_duration: (facts) =>
    `The duration is not usable; write one up to ${formatDuration(number(facts, 'capMs'))}, such as 30m.`,
  duration_over_cap: (facts) =>
    `${formatDuration(number(facts, 'askedMs'))} is longer than the ${formatDuration(number(facts, 'capMs'))} that is allowed here; request less.`,
  reason_missing: () => 'A reason is needed: say what you are going to do.',
  reason_too_short: (facts) =>
    facts['why'] === 'not_text'
      ? `The reason does not read like one; write at least ${facts['minimum']} characters of real text.`
      : `The reason has ${facts['length']} characters; this rule wants at least ${facts['minimum']}.`,
  reason_too_long: (facts) => `The reason has ${facts['length']} characters; at most ${facts['maximum']} fit.`,
  ticket_missing: (facts) => `A ticket is needed, of the shape ${facts['pattern']}.`,
  ticket_mismatch: (facts) => `The ticket does not have the shape ${facts['pattern']}.`,
  ticket_too_long: (facts) => `The ticket has ${facts['length']} characters; at most ${facts['maximum']} fit.`,
};

/** One sentence about what the requester can fix. */
export const problemSentence = ({ code, facts }: RequestProblem): string => PROBLEM_WORDS[code](facts);

/** A deployment has no length. */
const upTo = ({ target }: RequestedAccess, { capMs }: Verdict): string =>
  isDeployment(target) ? '' : `, for up to ${formatDuration(capMs)}`;

const outcomeLine = ({ policy, requested }: ExplainInput, verdict: Verdict): string => {
  const line = policy.rules.find(({ name }) => name === verdict.rule)?.line ?? null;
  const by = verdict.rule === null ? '' : `by the rule "${verdict.rule}"${ordinal(line)}`;
  if (verdict.decision === 'approve') return `Approved at once ${by}${upTo(requested, verdict)}.`;
  if (verdict.decision === 'ask') return `Decided ${by}${upTo(requested, verdict)}.`;
  return verdict.code === 'no_rule' ? `Denied: ${verdict.message}` : `Denied ${by}: ${verdict.message}`;
};

const REACH_WORDS = {
  ok: '',
  nobody: 'nobody can be reached for this',
  only_requester: 'only the requester could, and nobody decides about themselves',
  too_few: 'there are too few people',
} as const;

const listedLine = ({ listed }: ExplainInput, from: readonly Source[]): string => {
  const names = listed?.(from) ?? '';
  return names === '' ? '' : `: ${names}`;
};

const askedLine = (input: ExplainInput, { from }: Pick<Requirement, 'from'>, at: number): string => {
  const found = input.reach?.requirements[at];
  if (!found) return listedLine(input, from);
  const shown = found.eligible.slice(0, 10).map((id) => input.nameOf?.(id) ?? id);
  const more = found.eligible.length > shown.length ? ` and ${found.eligible.length - shown.length} more` : '';
  const names = shown.length > 0 ? `: ${shown.join(', ')}${more}` : '';
  return found.state === 'ok' ? names : `${names} (${REACH_WORDS[found.state]})`;
};

const nameOfSource = (source: Source): string =>
  source.kind === 'group' ? source.name : source.kind === 'person' ? source.ref : 'the manager';

const unasked = (also: readonly Source[]): string =>
  also.length > 0 ? ` (or ${also.map(nameOfSource).join(', ')}, who may and get no message)` : '';

const approvalLines = (input: ExplainInput, verdict: Verdict): string[] => {
  if (verdict.decision !== 'ask') return [];
  const order = verdict.isInOrder && verdict.requirements.length > 1 ? ', one after the other' : '';
  const lines = verdict.requirements.map(
    ({ label, from, also = [], count }, at) =>
      `  - ${count} from ${label}${unasked(also)}${askedLine(input, { from }, at)}`,
  );
  const { escalate } = verdict;
  const to = escalate === null ? '' : nameOfSource(escalate.to);
  const later =
    escalate === null ? [] : [`Nobody answers within ${formatDuration(escalate.afterMs)}: ${to} may approve too.`];
  return [
    `It needs${order}:`,
    ...lines,
    ...later,
    `Unanswered, it expires after ${formatDuration(verdict.pendingMs)}.`,
  ];
};

const passedLines = ({ passedOver }: Verdict): string[] => {
  const passed = passedOver.map(({ rule, line, detail }) => `  - "${rule}"${ordinal(line)} ${detail}`);
  return passed.length > 0 ? ['Passed over:', ...passed] : [];
};

/** What one person may have at the same time; nothing where nothing may be sent. */
const limitLines = (policy: Policy, verdict: Verdict): string[] => {
  if (verdict.decision === 'deny') return [];
  const { openRequests, liveGrants } = limitsOf(policy, verdict.rule);
  return [
    `One person may have ${pluralize(openRequests, 'open request')} and ${pluralize(liveGrants, 'live grant')} at a time.`,
  ];
};

const overrideLines = ({ policy, requested, facts }: ExplainInput, { decision }: Verdict): string[] =>
  decision === 'deny'
    ? overridableFreezes(policy, requested, facts).map(
        ({ freeze, by }) =>
          `${by.join(' or ')} may override the freeze "${freeze}" for one request, because of an open incident or an alert.`,
      )
    : [];

export const explain = (input: ExplainInput): Explanation => {
  const { policy, requested, facts } = input;
  const verdict = decide(policy, requested, facts);
  const [first] = verdict.problems;
  // Nothing was decided: the target or the role does not exist.
  if (verdict.capMs === 0 && first) return { verdict, lines: [problemSentence(first)] };
  const fix = verdict.problems.map((problem) => `  - ${problemSentence(problem)}`);
  const lines = [
    outcomeLine(input, verdict),
    ...overrideLines(input, verdict),
    ...approvalLines(input, verdict),
    ...(fix.length > 0 ? ['Before it can be sent:', ...fix] : []),
    ...limitLines(policy, verdict),
    ...passedLines(verdict),
  ];
  return { verdict, lines };
};
