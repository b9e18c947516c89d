/** Does one rule that covers the role match this request? Said with the reason, so that `explain` can repeat it. */
import { compileGlob, isLiteralGlob } from './glob.ts';
import { isTheOneNamed, mayMean, namedAddress, normalEmail } from '../principals/identity.ts';
import type { Rule } from './types.ts';
import type { SkippedRule } from './verdict.ts';
import type { DecisionFacts, ConditionFacts } from './decision-facts.ts';

export type RuleOutcome = { isMatch: boolean; why: SkippedRule['why'] | null; detail: string };

const MATCHED: RuleOutcome = { isMatch: true, why: null, detail: '' };

const UNSURE: RuleOutcome = { isMatch: false, why: 'condition_error', detail: 'who is on call could not be read' };

const isPersonMatch = (pattern: string, requester: DecisionFacts['requester']): boolean => {
  const address = requester.email === null ? null : namedAddress(requester.email);
  if (isLiteralGlob(pattern))
    return isTheOneNamed(pattern, { id: requester.personId, userId: requester.userId, address });
  return address !== null && compileGlob(namedAddress(pattern))(address);
};

/** Another account of the human whom the rule names may stand behind the address: that gives nothing, and is no way past a denial. */
const isPersonSuspect = (pattern: string, { email }: DecisionFacts['requester']): boolean => {
  const mailbox = email === null ? null : normalEmail(email);
  if (email === null || mailbox === null) return false;
  return isLiteralGlob(pattern) ? mayMean(pattern, [email]) : compileGlob(pattern.toLowerCase())(mailbox);
};

const SUSPECT: RuleOutcome = {
  isMatch: false,
  why: 'condition_error',
  detail: 'their address may be another of a person whom the rule means, and is not the one it names',
};

/** What approves by itself lets a client in only where it names it: such a rule was written with people in mind. */
const clientProblem = ({ match: { clients }, effect }: Rule, client: DecisionFacts['client']): string | null => {
  if (clients === null)
    return client !== null && effect.kind === 'approve' ? 'approves by itself and names no client' : null;
  const isNamed = client !== null && clients.some((pattern) => compileGlob(pattern)(client.name));
  return isNamed ? null : `is for the clients ${clients.join(', ') || '(none)'}`;
};

const notMatched = (detail: string): RuleOutcome => ({ isMatch: false, why: 'no_match', detail });

const unknownDetail = (group: string, contested: readonly string[]): string =>
  contested.includes(group)
    ? `whether they are in ${group} hangs on an address that is not trusted`
    : `the members of ${group} could not be read`;

const matchGroups = (groups: readonly string[], requester: DecisionFacts['requester']): RuleOutcome => {
  if (groups.some((group) => requester.groups.includes(group))) return MATCHED;
  const unknown = groups.find((group) => requester.unknownGroups?.includes(group));
  if (unknown !== undefined)
    return { isMatch: false, why: 'condition_error', detail: unknownDetail(unknown, requester.contestedGroups ?? []) };
  return notMatched(`is for members of ${groups.join(', ') || 'no group'}`);
};

const matchCondition = (
  rule: Rule,
  { requester, alert }: DecisionFacts,
  conditionFacts: ConditionFacts,
): RuleOutcome => {
  if (!rule.when) return MATCHED;
  const { groups, alerts, source } = rule.when;
  if (alerts !== null && alert?.isUnknown === true) return UNSURE;
  const unknown = requester.unknownGroups?.find((group) => groups === null || groups.includes(group));
  if (unknown !== undefined)
    return { isMatch: false, why: 'condition_error', detail: unknownDetail(unknown, requester.contestedGroups ?? []) };
  try {
    return rule.when.evaluate(conditionFacts)
      ? MATCHED
      : { isMatch: false, why: 'condition_false', detail: `its condition is false: ${source}` };
  } catch (error) {
    const text = error instanceof Error ? (error.message.split('\n')[0] ?? '') : 'unknown error';
    return { isMatch: false, why: 'condition_error', detail: `its condition failed (${text}): ${source}` };
  }
};

/** Everything a rule limits besides target and role, which `candidatesFor` has already looked at. */
export const matchRule = (rule: Rule, facts: DecisionFacts, conditionFacts: ConditionFacts): RuleOutcome => {
  const { people, groups, alerts } = rule.match;
  const isNamed = people === null || people.some((pattern) => isPersonMatch(pattern, facts.requester));
  if (!isNamed && !people.some((pattern) => isPersonSuspect(pattern, facts.requester)))
    return notMatched(`is for ${people.join(', ') || 'nobody'}`);
  const wrongClient = clientProblem(rule, facts.client);
  if (wrongClient !== null) return notMatched(wrongClient);
  const isUnsure = alerts !== null && facts.alert?.isUnknown === true && alerts.includes(facts.alert.name);
  if (alerts !== null && !isUnsure && !(facts.alert && alerts.includes(facts.alert.name)))
    return notMatched(`is for who is on call for the alerts ${alerts.join(', ') || '(none)'}`);
  const inGroups = groups === null ? MATCHED : matchGroups(groups, facts.requester);
  if (inGroups.why === 'no_match') return inGroups;
  const condition = matchCondition(rule, facts, conditionFacts);
  if (condition.why === 'condition_false') return condition;
  if (isUnsure) return UNSURE;
  if (!isNamed) return SUSPECT;
  return inGroups.isMatch ? condition : inGroups;
};

/** What the requester would be with another of their addresses. */
export type Variant = { facts: DecisionFacts; conditionFacts: ConditionFacts };

const HEDGED: RuleOutcome = {
  isMatch: false,
  why: 'condition_error',
  detail: 'it hangs on an address of theirs that is not trusted until an admin confirms it',
};

/**
 * A rule matches for sure when none of the requester's other addresses makes its condition false, and perhaps when one of them
 * makes it match: so an address that is given up or taken on neither escapes a rule nor gets into one.
 */
export const hedged = (rule: Rule, outcome: RuleOutcome, others: readonly Variant[]): RuleOutcome => {
  const isMet = ({ facts, conditionFacts }: Variant): boolean => matchCondition(rule, facts, conditionFacts).isMatch;
  if (outcome.isMatch && others.every(isMet)) return outcome;
  const isPossible = [outcome, ...others.map((other) => matchRule(rule, other.facts, other.conditionFacts))].some(
    ({ isMatch, why }) => isMatch || why === 'condition_error',
  );
  return isPossible ? (outcome.why === 'condition_error' ? outcome : HEDGED) : outcome;
};
