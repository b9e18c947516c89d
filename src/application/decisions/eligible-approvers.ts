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
import { readMembers } from '../identity/members.ts';
import type { Members } from '../identity/members.ts';

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
};

export type EligibleApproversDeps = {
  directory: Deps['directory'];
  store: { read: Pick<Store['read'], 'absencesOf'> };
};

type Asking = { requester: Requester; requirements: readonly Requirement[]; freshness: Freshness };

const NOBODY: Members = { people: [], managers: [], unknown: [], failures: [], conflicts: [] };

/** Who is asked anyway is not quiet. */
const withQuiet = ([asked, also]: [Members, Members]): Members & { quiet: Person[] } => {
  const quiet = also.people.filter((person) => !asked.people.some(({ id }) => id === person.id));
  return {
    people: [...asked.people, ...quiet],
    quiet,
    managers: [...asked.managers, ...also.managers],
    unknown: [...asked.unknown, ...also.unknown],
    failures: [...asked.failures, ...also.failures],
    conflicts: [...asked.conflicts, ...also.conflicts],
  };
};

export const eligibleApproversOf = async (
  deps: EligibleApproversDeps,
  { requester, requirements, freshness }: Asking,
): Promise<EligibleApprovers[]> => {
  const found = await Promise.all(
    requirements.map(async ({ from, also = [] }) => {
      const read = (sources: Source[]) =>
        readMembers(deps.directory, personIn(requester), { from: sources, freshness });
      return withQuiet(await Promise.all([read(from), also.length > 0 ? read(also) : NOBODY]));
    }),
  );
  const others = found.map(({ people }) => people.filter((member) => !isBehind(requester, member)));
  const ids = [...new Set(others.flat().map(({ id }) => id))];
  const absences = await activeAbsences(deps, await deps.store.read.absencesOf(ids), { requester, freshness });
  const delegates = [...absences.values()].flatMap(({ delegate }) => (delegate ? [delegate.id] : []));
  const awayToo = new Set((await deps.store.read.absencesOf(delegates)).map(({ personId }) => personId));
  return others.map((members, index) => {
    const away = members.flatMap((person) => {
      const absence = absences.get(person.id);
      return absence ? [{ ...absence, person }] : [];
    });
    const standIns = away.flatMap(({ person: absent, delegate }) =>
      delegate ? [{ delegate, absent, isAway: awayToo.has(delegate.id) }] : [],
    );
    const { people = [], managers = [], quiet = [], unknown = [], failures = [], conflicts = [] } = found[index] ?? {};
    const isOnlyRequester = members.length === 0 && people.length > 0 && unknown.length === 0;
    return { members, managers, quiet, away, standIns, isOnlyRequester, unknown, failures, conflicts };
  });
};

/** By absent person. A delegate who is deactivated, no full member, or the requester is none. */
const activeAbsences = async (
  deps: EligibleApproversDeps,
  absences: Absence[],
  { requester, freshness }: Pick<Asking, 'requester' | 'freshness'>,
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
export const fillersOf = ({ members, standIns }: EligibleApprovers, votes: readonly Cast[]): Set<string> => {
  const own = members.map(({ id }) => id);
  const represented = standIns.filter(({ absent }) => !hasVoted(absent, votes));
  return new Set([...own, ...represented.map(({ delegate }) => delegate.id)]);
};

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
