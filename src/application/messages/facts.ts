/** What a message shows besides the request itself: the policy's words and recent look-ups. Missing look-ups are null, never guessed. */
import { targetNamed } from '../../domain/policy/deployments.ts';
import type { EndGuarantee } from '../../domain/grants/end-guarantee.ts';
import type { Policy, Role, Target } from '../../domain/policy/types.ts';
import type { ManualSteps } from '../grants/access-ports.ts';
import type { UnlinkedAccount } from '../identity/people-behind.ts';
import type { Person } from '../../domain/principals/person.ts';
import type { PotentialApprovers } from '../decisions/potential-approvers.ts';

/** Who may fill one requirement. Without `quiet`, `away`, `standIns`, `unknown` and `conflicts` nobody and nothing is. */
export type EligibleShown = Pick<PotentialApprovers, 'label' | 'count' | 'people'> &
  Partial<Pick<PotentialApprovers, 'quiet' | 'away' | 'standIns' | 'unknown' | 'conflicts'>> & {
    /** Those of `unknown` that stay so until an admin fixes them. */
    unreadable?: string[];
  };

export type MessageFacts = {
  /** Where the requester's picture is; null for a client, or where it is not known. */
  face: string | null;
  /** The requester has the one message of the request, which says all of it: what is posted besides is short. */
  isBeside: boolean;
  target: Target | null;
  role: Role | null;
  /** The requester's groups, for the approvers. */
  groups: string[] | null;
  /** Who may fill each requirement, the requester left out. */
  eligible: EligibleShown[] | null;
  /** What no vote fills yet. */
  missing: { label: string; count: number }[] | null;
  /** User ids of those whose answer is waited for now: may decide, are not away, have not voted. null when not known. */
  waitingFor: string[] | null;
  /** Whose pre-approval counts, though they have not voted. */
  ahead: Person[];
  /** Whom the rule falls back on, once the request was silent for too long. */
  fallback: EligibleShown | null;
  /** Accounts behind it of which it is not known whose they are. `isAllowed`: the policy lets that pass. `toLink`: user ids of those who are notified and do not count until they link theirs. */
  unlinked: { accounts: UnlinkedAccount[]; isAllowed: boolean; toLink: string[] } | null;
  /** The requester of a request that waits may take the same at once. */
  mayBreakGlass: boolean;
  /** What *+30 min* would request; null where it could not be granted. */
  offerMs: number | null;
  /** What keeps the request from being decided: nobody could be notified in Slack, or all who may decide are away. */
  unreachable: 'untold' | 'away' | null;
  /** Of a grant that is stuck: how a human ends it in the target. */
  byHand: ManualSteps | null;
  /** What its end does and does not do in the target; null where the target is not in the policy. */
  guarantee: EndGuarantee | null;
  /** What holds of the access while it lasts. */
  terms: string[];
};

export const factsOf = (policy: Policy, requested: { target: string; role: string }): MessageFacts => {
  const target = targetNamed(policy, requested.target);
  return {
    face: null,
    isBeside: true,
    target,
    role: target?.roles[requested.role] ?? null,
    groups: null,
    eligible: null,
    missing: null,
    waitingFor: null,
    ahead: [],
    fallback: null,
    unreachable: null,
    byHand: null,
    guarantee: null,
    terms: [],
    unlinked: null,
    mayBreakGlass: false,
    offerMs: null,
  };
};
