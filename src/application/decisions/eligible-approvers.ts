/**
 * Who may vote on a request: the members of each requirement, and the one who stands in for a member who is away. A stand-in votes
 * by the absent person's right, once, while the absence lasts, and only if the absent person has not voted. There are no chains.
 */
import { isSameHuman } from '../../domain/principals/identity.ts';
import { isBehind, personIn } from '../../domain/principals/requester.ts';
import type { Person } from '../../domain/principals/person.ts';
import type { Requester } from '../../domain/principals/requester.ts';
import type { Requirement, Source } from '../../domain/requests/request.ts';
import type { Absence, Vote } from '../../domain/requests/vote.ts';
import type { Freshness } from '../identity/directory.ts';
import type { Deps, Store } from '../deps.ts';
import { maybeBehind } from '../identity/account-holders.ts';
import { readMembers } from '../identity/members.ts';
import type { Members } from '../identity/members.ts';
import { readBehind } from '../identity/people-behind.ts';
import type { UnlinkedAccount } from '../identity/people-behind.ts';

/** `isAway`: the stand-in is away too; they may vote, and nobody may vote as their delegate. */
export type Delegate = { delegate: Person; absent: Person; isAway: boolean };

/** For one requirement. The requester is in neither list, in any identity. */
export type EligibleApprovers = {
  members: Person[];
  /** Of the members, whom the requester's profile names as their manager: recorded with the decision. */
  managers: Members['managers'];
  /** Of the members, who may fill it without being asked: neither pinged nor written to. */
  quiet: Person[];
  /** Of the members, who is away; they may vote all the same. */
  away: (Absence & { person: Person })[];
  standIns: Delegate[];
  /** True when there are members, and each of them is the requester. */
  isOnlyRequester: boolean;
  /** What could not be looked up, and why: then there may be more members than these. */
  unknown: Members['unknown'];
  failures: Members['failures'];
  conflicts: Members['conflicts'];
  /** Accounts behind the request of which it is not known whose they are. */
  unlinked: UnlinkedAccount[];
  /** Ids of members and stand-ins who may be behind one of those: they are notified, and do not count until they show that they are not. */
  uncounted: ReadonlySet<string>;
};

export type EligibleApproversDeps = Pick<Deps, 'directory' | 'log' | 'policy'> & {
  store: { read: Pick<Store['read'], 'absencesOf' | 'linksOf' | 'linksOfPerson'> };
};

type ApproverQuery = { requester: Requester; requirements: readonly Requirement[]; freshness: Freshness };

const NOBODY: Members = { people: [], managers: [], unknown: [], failures: [], conflicts: [] };

type Read = Members & { quiet: Person[] };

/** Who is notified anyway is not quiet. */
const withQuiet = ([named, also]: [Members, Members]): Read => {
  const quiet = also.people.filter((person) => !named.people.some(({ id }) => id === person.id));
  return {
    people: [...named.people, ...quiet],
    quiet,
    managers: [...named.managers, ...also.managers],
    unknown: [...named.unknown, ...also.unknown],
    failures: [...named.failures, ...also.failures],
    conflicts: [...named.conflicts, ...also.conflicts],
  };
};

type Absences = { absences: ReadonlyMap<string, Absence>; awayToo: ReadonlySet<string> };

const readEach = (
  { directory }: EligibleApproversDeps,
  { requester, requirements, freshness }: ApproverQuery,
): Promise<Read[]> =>
  Promise.all(
    requirements.map(async ({ from, also = [] }) => {
      const read = (sources: Source[]) => readMembers(directory, personIn(requester), { from: sources, freshness });
      return withQuiet(await Promise.all([read(from), also.length > 0 ? read(also) : NOBODY]));
    }),
  );

type Known = Pick<EligibleApprovers, 'members' | 'away' | 'standIns' | 'isOnlyRequester'>;

const knownOf = (members: Person[], { people, unknown }: Read, { absences, awayToo }: Absences): Known => {
  const away = members.flatMap((person) => {
    const absence = absences.get(person.id);
    return absence ? [{ ...absence, person }] : [];
  });
  const standIns = away.flatMap(({ person: absent, delegate }) =>
    delegate ? [{ delegate, absent, isAway: awayToo.has(delegate.id) }] : [],
  );
  return {
    members,
    away,
    standIns,
    isOnlyRequester: members.length === 0 && people.length > 0 && unknown.length === 0,
  };
};

export const eligibleApproversOf = async (
  deps: EligibleApproversDeps,
  { requester: stored, requirements, freshness }: ApproverQuery,
): Promise<EligibleApprovers[]> => {
  const { requester, unlinked } = await readBehind(deps, stored, freshness);
  const found = await readEach(deps, { requester, requirements, freshness });
  const others = found.map(({ people }) => people.filter((member) => !isBehind(requester, member)));
  const ids = [...new Set(others.flat().map(({ id }) => id))];
  const absences = await activeAbsences(deps, await deps.store.read.absencesOf(ids), { requester, freshness });
  const delegates = [...absences.values()].flatMap(({ delegate }) => delegate ?? []);
  const awayToo = new Set(
    (await deps.store.read.absencesOf(delegates.map(({ id }) => id))).map(({ personId }) => personId),
  );
  const uncounted = await maybeBehind(deps, { people: [...others.flat(), ...delegates], unlinked, freshness });
  return found.map((read, index) => {
    const { managers, quiet, unknown, failures, conflicts } = read;
    const known = knownOf(others[index] ?? [], read, { absences, awayToo });
    return { ...known, managers, quiet, unknown, failures, conflicts, unlinked, uncounted };
  });
};

/** By absent person. A delegate who is deactivated, no full member, or the requester is none. */
const activeAbsences = async (
  deps: EligibleApproversDeps,
  absences: Absence[],
  { requester, freshness }: Pick<ApproverQuery, 'requester' | 'freshness'>,
): Promise<Map<string, Absence>> => {
  const checked = await Promise.all(
    absences.map(async (absence): Promise<[string, Absence]> => {
      const stored = absence.delegate;
      if (!stored) return [absence.personId, absence];
      const from = [{ kind: 'person', ref: stored.userId } as const];
      const { directory } = deps;
      const read = freshness === 'fresh' ? directory.members : directory.recentMembers;
      const [delegate = null] = await read(from, personIn(requester));
      const isFit = delegate !== null && delegate.id === stored.id && !isBehind(requester, delegate);
      return [absence.personId, { ...absence, delegate: isFit ? delegate : null }];
    }),
  );
  return new Map(checked);
};

type Cast = Pick<Vote, 'voterId'> & { voter: Person };

const hasVoted = (person: Person, votes: readonly Cast[]): boolean =>
  votes.some(({ voter }) => isSameHuman(voter, person));

/** Person ids that may fill a requirement now. One right is used once: who has voted is not represented as well. */
export const fillersOf = (approvers: EligibleApprovers, votes: readonly Cast[]): Set<string> => {
  const own = countedOf(approvers).map(({ id }) => id);
  const represented = approvers.standIns.filter(({ absent }) => !hasVoted(absent, votes));
  const delegates = represented.map(({ delegate }) => delegate.id).filter((id) => !approvers.uncounted.has(id));
  return new Set([...own, ...delegates]);
};

/** Members whose approval counts now. */
export const countedOf = ({ members, uncounted }: Pick<EligibleApprovers, 'members' | 'uncounted'>): Person[] =>
  members.filter(({ id }) => !uncounted.has(id));

export type Right = { kind: 'own' } | { kind: 'stead'; of: Person } | { kind: 'used'; of: Person } | { kind: 'none' };

/** By what right this person may vote: their own goes first. `used`: the absent person has voted already. */
export const rightOf = (
  person: Person,
  eligibleApprovers: readonly EligibleApprovers[],
  votes: readonly Cast[],
): Right => {
  if (eligibleApprovers.some(({ members }) => members.some(({ id }) => id === person.id))) return { kind: 'own' };
  const absent = eligibleApprovers
    .flatMap(({ standIns }) => standIns)
    .filter(({ delegate }) => delegate.id === person.id)
    .map((standIn) => standIn.absent);
  const free = absent.find((one) => !hasVoted(one, votes));
  if (free) return { kind: 'stead', of: free };
  const [used] = absent;
  return used ? { kind: 'used', of: used } : { kind: 'none' };
};

/** Everyone who may vote, for telling apart who is one human with several accounts. */
export const everyoneOf = (eligibleApprovers: readonly EligibleApprovers[]): Person[] =>
  eligibleApprovers.flatMap(({ members, standIns }) => [...members, ...standIns.map(({ delegate }) => delegate)]);
