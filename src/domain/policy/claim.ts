/** How long an approval may be used: what the rule that decides says, else the policy. A policy's rules have names of their own. */
import type { Policy } from './types.ts';

export const claimMsOf = ({ claimMs, rules }: Pick<Policy, 'claimMs' | 'rules'>, ruleName: string | null): number =>
  rules.find(({ name }) => name === ruleName)?.claimMs ?? claimMs;
