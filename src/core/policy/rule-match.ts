/** Does one rule that covers the role match this request? Said with the reason, so that `explain` can repeat it. */
import { compileGlob, isLiteralGlob } from './glob.ts';
import { isPersonRef, normalEmail } from './identity.ts';
import type { AskFacts, ConditionFacts, PassedOver, Rule } from './types.ts';

export type RuleOutcome = { isMatch: boolean; why: PassedOver['why'] | null; detail: string };

const MATCHED: RuleOutcome = { isMatch: true, why: null, detail: '' };

const isPersonMatch = (pattern: string, requester: AskFacts['requester']): boolean => {
  if (isLiteralGlob(pattern))
    return isPersonRef(pattern, { id: requester.personId, userId: requester.userId, email: requester.email });
  const email = requester.email === null ? null : normalEmail(requester.email);
  return email !== null && compileGlob(pattern.toLowerCase())(email);
};

const clientName = ({ issuer, repository }: { issuer: string; repository: string }): string =>
  `${issuer.replace(/^[a-z]+:\/\//, '').replace(/\/+$/, '')}/${repository}`;

const notMatched = (detail: string): RuleOutcome => ({ isMatch: false, why: 'no_match', detail });

const matchGroups = (groups: readonly string[], requester: AskFacts['requester']): RuleOutcome => {
  if (groups.some((group) => requester.groups.includes(group))) return MATCHED;
  const unknown = groups.find((group) => requester.unknownGroups?.includes(group));
  if (unknown !== undefined)
    return { isMatch: false, why: 'condition_error', detail: `the members of ${unknown} could not be read` };
  return notMatched(`is for members of ${groups.join(', ') || 'no group'}`);
};

const matchCondition = (rule: Rule, facts: ConditionFacts, unknownGroups: readonly string[]): RuleOutcome => {
  if (!rule.when) return MATCHED;
  const { groups, source } = rule.when;
  const unknown = unknownGroups.find((group) => groups === null || groups.includes(group));
  if (unknown !== undefined)
    return { isMatch: false, why: 'condition_error', detail: `the members of ${unknown} could not be read` };
  try {
    return rule.when.evaluate(facts)
      ? MATCHED
      : { isMatch: false, why: 'condition_false', detail: `its condition is false: ${source}` };
  } catch (error) {
    const text = error instanceof Error ? (error.message.split('\n')[0] ?? '') : 'unknown error';
    return { isMatch: false, why: 'condition_error', detail: `its condition failed (${text}): ${source}` };
  }
};

/** Everything a rule limits besides target and role, which `candidatesFor` has already looked at. */
export const matchRule = (rule: Rule, facts: AskFacts, conditionFacts: ConditionFacts): RuleOutcome => {
  const { people, groups, clients } = rule.match;
  if (people !== null && !people.some((pattern) => isPersonMatch(pattern, facts.requester))) {
    return notMatched(`is for ${people.join(', ') || 'nobody'}`);
  }
  const { client } = facts;
  if (clients !== null && !(client !== null && clients.some((pattern) => compileGlob(pattern)(clientName(client))))) {
    return notMatched(`is for the clients ${clients.join(', ') || '(none)'}`);
  }
  const inGroups = groups === null ? MATCHED : matchGroups(groups, facts.requester);
  if (inGroups.why === 'no_match') return inGroups;
  const condition = matchCondition(rule, conditionFacts, facts.requester.unknownGroups ?? []);
  return condition.why === 'condition_false' ? condition : inGroups.isMatch ? condition : inGroups;
};
