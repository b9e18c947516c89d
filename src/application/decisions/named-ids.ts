/** Which Slack ids stood behind names of the policy in a decision: user groups by handle, and the requester's manager. */
import { groupsToRead } from '../../domain/policy/candidates.ts';
import type { Policy } from '../../domain/policy/types.ts';
import { handleOf } from '../../domain/principals/user-groups.ts';
import type { Request } from '../../domain/requests/request.ts';
import type { Tx } from '../deps.ts';
import type { EligibleApprovers } from './eligible-approvers.ts';

type Deciding = { policy: Policy; request: Request; rule: string | null };

/** Every name that may have had a say: groups that rules for the role look at, and its approvers. */
const namesIn = ({ policy, request, rule }: Deciding): string[] => {
  const deciding = policy.rules.find(({ name }) => name === rule);
  const approvers =
    deciding?.effect.kind === 'ask'
      ? deciding.effect.approvals.flatMap(({ from, also = [] }) => [...from, ...also])
      : [];
  return [
    ...groupsToRead(policy, request),
    ...approvers,
    ...(deciding?.escalate ? [deciding.escalate.to] : []),
    ...(policy.targets[request.target]?.owners ?? []),
    ...(request.isBreakGlass ? (policy.breakGlass?.who ?? []) : []),
  ];
};

/** Group of the policy -> id of the user group that counted as it. */
const userGroupIds = async (tx: Pick<Tx, 'userGroups'>, deciding: Deciding): Promise<Record<string, string>> => {
  const { groups } = deciding.policy;
  const named = [...new Set(namesIn(deciding))].flatMap((name) => {
    const group = Object.hasOwn(groups, name) ? groups[name] : undefined;
    return group?.kind === 'slack_usergroup' ? [{ name, handle: group.handle }] : [];
  });
  if (named.length === 0) return {};
  const handles = named.map(({ handle }) => handleOf(handle));
  const bound = await tx.userGroups.boundFor(deciding.request.requesterId, handles);
  // An id in the policy is bound to nothing: it is itself.
  return Object.fromEntries(named.map(({ name, handle }) => [name, bound.get(handleOf(handle)) ?? handle]));
};

export const managersOf = (eligibleApprovers: readonly Pick<EligibleApprovers, 'managers'>[]): string[] => [
  ...new Set(eligibleApprovers.flatMap(({ managers }) => managers)),
];

/** For the event of a decision; without what had no part in it. */
export const namedIds = async (
  tx: Pick<Tx, 'userGroups'>,
  { managerIds = [], ...deciding }: Deciding & { managerIds?: string[] },
): Promise<{ userGroups?: Record<string, string>; managers?: string[] }> => {
  const userGroups = await userGroupIds(tx, deciding);
  return {
    ...(Object.keys(userGroups).length > 0 && { userGroups }),
    ...(managerIds.length > 0 && { managers: managerIds }),
  };
};
