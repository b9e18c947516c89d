/** Who may approve, for each requirement. For showing, recent look-ups serve; a refusal needs fresh ones. */
import type { Person } from '../../domain/principals/person.ts';
import type { Requester } from '../../domain/principals/requester.ts';
import type { Requirement } from '../../domain/requests/request.ts';
import { eligibleApproversOf } from './eligible-approvers.ts';
import type { EligibleApprovers, EligibleApproversDeps, Delegate } from './eligible-approvers.ts';
import type { ConflictingEmail } from '../identity/email-binding-ports.ts';

type ApproverQuery = Parameters<typeof eligibleApproversOf>[1];

const approversOf = async (deps: EligibleApproversDeps, query: ApproverQuery): Promise<PotentialApprovers[]> => {
  const eligibleApprovers = await eligibleApproversOf(deps, query);
  return query.requirements.flatMap(({ label, count }, index) => {
    const found = eligibleApprovers[index];
    return found ? [potential(label, count, found)] : [];
  });
};

/** The requester is left out in every identity. */
export const potentialApprovers = (
  deps: EligibleApproversDeps,
  requester: Requester,
  requirements: readonly Requirement[],
): Promise<PotentialApprovers[]> => approversOf(deps, { requester, requirements, freshness: 'recent' });

/** The same, where a refusal hangs on it. */
export const approversNow = (
  deps: EligibleApproversDeps,
  requester: Requester,
  requirements: readonly Requirement[],
): Promise<PotentialApprovers[]> => approversOf(deps, { requester, requirements, freshness: 'fresh' });

const potential = (
  label: string,
  count: number,
  { members, quiet, away, standIns, isOnlyRequester, unknown, conflicts }: EligibleApprovers,
): PotentialApprovers => ({
  label,
  count,
  people: members,
  quiet,
  isOnlyRequester,
  away,
  standIns,
  unknown,
  conflicts,
});

/**
 * Who may approve for one requirement, the requester left out. `unknown` names what could not be looked up; with none,
 * fewer people than `count` means that it cannot be filled.
 */
export type PotentialApprovers = {
  label: string;
  count: number;
  people: Person[];
  /** Of `people`, who may decide without being asked. */
  quiet: Person[];
  isOnlyRequester: boolean;
  /** Of `people`, who is away: they may decide, and are not pinged. */
  away: EligibleApprovers['away'];
  standIns: Delegate[];
  unknown: string[];
  /** Addresses that are not trusted, and so may be why there are too few. */
  conflicts: ConflictingEmail[];
};
