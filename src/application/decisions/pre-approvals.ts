/** Whether pre-approvals fill what the rule of now needs. Each pre-approval is its giver's vote, and nothing more. */
import { humansAmong, isSameHuman } from '../../domain/principals/identity.ts';
import { tally } from '../../domain/requests/tally.ts';
import type { Tally } from '../../domain/requests/tally.ts';
import type { Verdict } from '../../domain/policy/verdict.ts';
import type { RequestedAccess } from '../../domain/policy/decision-facts.ts';
import type { Person } from '../../domain/principals/person.ts';
import { humanIn, idsBehind } from '../../domain/principals/requester.ts';
import type { Requester } from '../../domain/principals/requester.ts';
import type { Requirement } from '../../domain/requests/request.ts';
import { countedOf, eligibleApproversOf } from './eligible-approvers.ts';
import type { EligibleApprovers } from './eligible-approvers.ts';
import { managersOf } from './named-ids.ts';
import type { Freshness } from '../identity/directory.ts';
import type { PreApprovalView } from '../../domain/requests/pre-approval.ts';
import type { Deps } from '../deps.ts';

/** Looked up before the transaction: who may approve now. A giver who may no longer approve does not count. */
export type Ahead = { requester: Requester; requirements: Requirement[]; managers: string[]; members: Person[][] };

/** Pre-approvals of one person: more than anybody has. */
const LIMIT = 200;

/** `startsAt`: null where it begins at once. */
type PreApprovalQuery = {
  requester: Requester;
  verdict: Verdict;
  requested: Pick<RequestedAccess, 'target' | 'role'>;
  startsAt: Date | null;
};

type Reader = { store: { read: Pick<Deps['store']['read'], 'preApprovals'> } };

/** What this person was allowed for this role, and is still. */
export const livePreApprovals = async (
  { store }: Reader,
  personId: string,
  requested: Pick<RequestedAccess, 'target' | 'role'>,
): Promise<PreApprovalView[]> => {
  const all = await store.read.preApprovals({ personId }, LIMIT);
  return all.filter(
    (one) => one.personId === personId && one.target === requested.target && one.role === requested.role,
  );
};

/** Those that still hold when the access begins: nobody agreed to a start after their word ends. */
export const holdingAt = (preApprovals: readonly PreApprovalView[], startsAt: Date | null): PreApprovalView[] =>
  preApprovals.filter(({ expiresAt }) => startsAt === null || startsAt < expiresAt);

/** null where nothing was allowed that would let this person in at once. */
export const aheadOf = async (
  deps: Deps,
  { requester, verdict, requested, startsAt }: PreApprovalQuery,
): Promise<Ahead | null> => {
  if (verdict.decision !== 'ask') return null;
  const live = holdingAt(await livePreApprovals(deps, requester.id, requested), startsAt);
  if (live.length === 0) return null;
  const ahead = await lookUp(deps, requester, { requirements: verdict.requirements, freshness: 'fresh' });
  return isFilled(ahead, live) ? ahead : null;
};

/** For showing, from recent look-ups: those whose pre-approvals would let this person in at once; empty where they would not. */
export const allowedBy = async (
  deps: Deps,
  { requester, verdict, requested, startsAt }: PreApprovalQuery,
): Promise<Person[]> => {
  if (verdict.decision !== 'ask') return [];
  const live = holdingAt(await livePreApprovals(deps, requester.id, requested), startsAt);
  if (live.length === 0) return [];
  const ahead = await lookUp(deps, requester, { requirements: verdict.requirements, freshness: 'recent' });
  return isFilled(ahead, live) ? [...new Map(live.map(({ by }) => [by.id, by])).values()] : [];
};

type Looking = { requirements: Requirement[]; freshness: Freshness };

export const lookUp = async (
  deps: Deps,
  requester: Requester,
  { requirements, freshness }: Looking,
): Promise<Ahead> => {
  const eligibleApprovers = await eligibleApproversOf(deps, { requester, requirements, freshness });
  return {
    requester,
    requirements,
    managers: managersOf(eligibleApprovers),
    members: eligibleApprovers.map(countedOf),
  };
};

type Voted = { eligibleApprovers: readonly EligibleApprovers[]; votes: readonly { voter: Person }[] };

/**
 * Those of the pre-approvals that are a vote on a request that waits: their giver may approve it now by their own right, and has not
 * voted. An approver who votes on it says what they mean now, and their pre-approval is silent.
 */
export const countingAhead = (
  preApprovals: readonly PreApprovalView[],
  { eligibleApprovers, votes }: Voted,
): PreApprovalView[] => {
  const may = new Set(eligibleApprovers.flatMap((one) => countedOf(one).map(({ id }) => id)));
  const first = new Map(preApprovals.toReversed().map((one) => [one.byPersonId, one]));
  return [...first.values()].filter(({ by }) => may.has(by.id) && !votes.some(({ voter }) => isSameHuman(voter, by)));
};

export const count = ({ requester, requirements, members }: Ahead, preApprovals: readonly PreApprovalView[]): Tally => {
  const ids = members.map((people) => new Set(people.map(({ id }) => id)));
  const givers = [...new Map(preApprovals.map(({ by }) => [by.id, by])).values()];
  return tally({
    requirements,
    isInOrder: false,
    votes: givers.map(({ id }) => ({ personId: id, kind: 'approve' as const })),
    requester: idsBehind(requester),
    members: (index) => ids[index] ?? new Set(),
    humanOf: humansAmong([...humanIn(requester), ...givers, ...members.flat()]),
  });
};

export const isFilled = (ahead: Ahead, preApprovals: readonly PreApprovalView[]): boolean =>
  count(ahead, preApprovals).isSatisfied;

const listed = (items: string[]): string =>
  items.length < 2 ? (items[0] ?? '') : `${items.slice(0, -1).join(', ')} and ${items.at(-1) ?? ''}`;

/** For the decision: by whom, and which pre-approvals. `voters` are those who agreed to the request. */
export const noteOf = (preApprovals: readonly PreApprovalView[], voters: readonly Person[] = []): string => {
  const agreed = voters.length > 0 ? `by ${listed(voters.map(({ name }) => name))}, and ` : '';
  const givers = listed([...new Set(preApprovals.map(({ by }) => by.name))]);
  const noun = preApprovals.length === 1 ? 'pre-approval' : 'pre-approvals';
  return `${agreed}in advance by ${givers} (${noun} ${preApprovals.map(({ id }) => id).join(', ')})`;
};
