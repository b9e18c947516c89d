/** How much one person may have at the same time, and what a rule raises of it. */
import type { Limits, Policy, Rule } from './types.ts';

export const DEFAULT_LIMITS: Limits = { openRequests: 5, liveGrants: 3 };

/** By the name of the rule that decides; a policy's rules have names of their own. */
export const limitsOf = ({ limits, rules }: Pick<Policy, 'limits' | 'rules'>, ruleName: string | null): Limits => {
  const raised: Partial<Rule['limits']> = rules.find(({ name }) => name === ruleName)?.limits ?? {};
  return {
    openRequests: raised.openRequests ?? limits.openRequests,
    liveGrants: raised.liveGrants ?? limits.liveGrants,
  };
};
