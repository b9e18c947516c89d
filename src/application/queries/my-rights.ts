/** What this person may do, for a help that shows nothing else. It gives no right: each verb judges by itself, from fresh look-ups. */
import { accountHost } from '../../domain/clients/account-host.ts';
import type { Policy } from '../../domain/policy/types.ts';
import type { Deps } from '../deps.ts';
import { mayBy } from '../identity/named-among.ts';
import type { PersonCaller } from '../identity/caller.ts';

export type Rights = {
  isAdmin: boolean;
  isAuditor: boolean;
  /** Owns a target, or a rule asks them. */
  mayApprove: boolean;
  mayBreakGlass: boolean;
  mayOverride: boolean;
  mayReview: boolean;
  hasIncidents: boolean;
  /** A target gives credentials for a public key. */
  usesKeys: boolean;
  /** Jobs of GitHub or GitLab request access, and people may link their accounts there. */
  linksAccounts: boolean;
};

/** A manager is the one whom the requester's profile names: that cannot be asked of the manager. */
const approversIn = ({ rules, targets }: Policy): string[] => [
  ...Object.values(targets).flatMap(({ owners }) => owners),
  ...rules.flatMap(({ effect, escalate }) => [
    ...(effect.kind === 'ask' ? effect.approvals.flatMap(({ from, also = [] }) => [...from, ...also]) : []),
    ...(escalate ? [escalate.to] : []),
  ]),
];

const named = (refs: readonly string[]): string[] => [
  ...new Set(refs.filter((ref) => ref !== 'owners' && ref !== 'manager')),
];

/** What cannot be looked up now is shown: a line too many does less harm than one that is missing. */
export const myRights = async (deps: Deps, { caller }: { caller: PersonCaller }): Promise<Rights> => {
  const policy = deps.policy();
  const { admins, auditors, breakGlass, incidents, issuers, targets } = policy;
  const isIn = async (refs: readonly string[]): Promise<boolean> =>
    (await mayBy(deps, { policy, person: caller.person, refs: named(refs), freshness: 'recent' })) !== 'no';
  const [isAdmin, isNamedAuditor, mayApprove, mayBreakGlass, isReviewer, mayOverride] = await Promise.all([
    isIn(admins),
    isIn(auditors),
    isIn(approversIn(policy)),
    isIn(breakGlass?.who ?? []),
    isIn(breakGlass?.reviewers ?? []),
    isIn(Object.values(policy.overrides).flat()),
  ]);
  return {
    isAdmin,
    isAuditor: isAdmin || isNamedAuditor,
    mayApprove,
    mayBreakGlass,
    mayOverride,
    mayReview: isReviewer || (mayApprove && policy.reviews.length > 0),
    hasIncidents: incidents !== null,
    usesKeys: Object.keys(targets).some((target) => deps.access.isIssued({ target })),
    linksAccounts: Object.values(issuers).some((issuer) => accountHost(issuer) !== null),
  };
};
