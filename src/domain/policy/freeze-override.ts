/** Which freezes alone keep a request from being sent, and who may override them. Pure. */
import { activeFreezes } from './calendar.ts';
import { candidatesFor } from './candidates.ts';
import { decide } from './decide.ts';
import type { Policy } from './types.ts';
import type { RequestedAccess, DecisionFacts } from './decision-facts.ts';

/** `by`: groups, emails and Slack ids. */
export type OverridableFreeze = { freeze: string; by: string[] };

/** Of a request that was denied. Empty where it would be denied without the freezes, too, or where one of them has nobody who may override it. */
export const overridableFreezes = (
  policy: Policy,
  requested: RequestedAccess,
  facts: DecisionFacts,
): OverridableFreeze[] => {
  const { denies } = candidatesFor(policy, requested.target, requested.role);
  const named = new Set(denies.flatMap(({ rule }) => rule.when?.freezes ?? []));
  const holding = activeFreezes(policy, facts.now).filter((name) => named.has(name));
  const found = holding.flatMap((freeze) => {
    const by = policy.overrides[freeze];
    return by === undefined ? [] : [{ freeze, by }];
  });
  if (found.length === 0) return [];
  const overridden = found.map(({ freeze }) => freeze);
  return decide(policy, requested, { ...facts, overridden }).decision === 'deny' ? [] : found;
};

const WHO_MAX = 60;

const whoOf = (by: readonly string[]): string => {
  const names = by.join(', ');
  return names.length > WHO_MAX ? `${names.slice(0, WHO_MAX - 1)}…` : names;
};

/** Where a deployment was denied: in the room that a comment on GitLab has. */
export const overrideTextOfRun = ({ id, by }: { id: string; by: readonly string[] }): string =>
  `To override it (${whoOf(by)}), type /prod-access override ${id} in Slack, then run this again.`;

/** For who reads no Slack: how those who may override it do. */
export const overrideText = ({ id, by }: { id: string; by: readonly string[] }): string =>
  `One of ${by.join(', ')} may override it for this request in Slack, because of an open incident or an alert: /prod-access override ${id}`;
