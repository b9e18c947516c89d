/** People and groups as Slack and the on-call schedules know them: the `Directory`. What decides is proven to be so still; what only shows may be seconds old. */
import { DomainError, isDomainError } from '../domain/errors.ts';
import type { GroupSource, Policy } from '../domain/policy/types.ts';
import type { Person } from '../domain/principals/person.ts';
import type { Source } from '../domain/requests/request.ts';
import type { Log } from '../lib/log.ts';
import { addressOf } from '../domain/principals/email-bindings.ts';
import { mayMean } from '../domain/principals/identity.ts';
import type { EmailBindings, ConflictingEmail, GroupsRead } from '../application/identity/email-binding-ports.ts';
import type { UnreadableGroups } from '../application/identity/unreadable-groups.ts';
import type { HandleBindings } from '../application/identity/user-group-ports.ts';
import type { OnCallServices } from '../application/identity/on-call-ports.ts';
import type { Facts } from '../application/identity/fact-ports.ts';
import type { Directory } from '../application/identity/directory.ts';
import type { Account } from '../domain/principals/account.ts';
import type { Workspace } from '../application/identity/workspace-ports.ts';
import { accountProblem } from './account-problem.ts';
import { note, standingOf, whomAddressMeans } from './email-lookup.ts';
import type { AddressSources, Freshness, Standing } from './email-lookup.ts';
import { createLoaders } from './loaders.ts';
import type { Loaders } from './loaders.ts';
import { createGroupStates } from './group-states.ts';
import type { GroupStates } from './group-states.ts';
import { userGroupMembers } from './user-groups.ts';

/** Of a larger user group, what counts of the members themselves is what may be shown: one call each, per click, would meet Slack's rate limit. */
const FRESH_MEMBERS_MAX = 25;

export type DirectorySettings = {
  workspace: Workspace;
  /** The team Latchkey serves; known once Slack has said who the token belongs to. */
  teamId: () => string;
  policy: () => Policy;
  book: EmailBindings;
  handles: HandleBindings;
  unreadable: UnreadableGroups;
  onCall: OnCallServices;
  facts: Facts;
  log: Log;
};

type Sources = DirectorySettings & Loaders & { states: GroupStates } & Pick<AddressSources, 'accounts'>;

export const createDirectory = (settings: DirectorySettings): Directory => {
  const sources: Sources = {
    ...settings,
    ...createLoaders(settings),
    states: createGroupStates(settings.unreadable),
    accounts: {
      byEmail: (email, freshness) =>
        countedPerson(async () => toPerson(sources, await sources.emails[freshness](email))),
      byId: (userId, freshness) => countedPerson(() => person(sources, userId, freshness)),
    },
  };
  return {
    person: (userId) => actor(sources, userId),
    whyUnreadable: (name) => sources.states.whyUnreadable(name),
    accountProblem: (ref) => accountProblem(sources, ref),
    lookAtGroup: (name) => lookAtGroup(sources, name),
    conflicts: (from) => conflictsOf(sources, from),
    members: (from, requester) => members(sources, from, { requester, freshness: 'fresh' }),
    groupsOf: (who, names) => groupsOf(sources, who, { names, freshness: 'fresh' }),
    recentMembers: (from, requester) => members(sources, from, { requester, freshness: 'recent' }),
    recentFace: (userId) => faceOf(sources, userId),
    recentGroupsOf: (who, names) => groupsOf(sources, who, { names, freshness: 'recent' }),
  };
};

const toPerson = (sources: Sources, user: Account): Person => {
  const { id, team_id: teamId, profile } = user;
  const isExternal = !id || teamId !== sources.teamId() || user.is_stranger === true;
  const isLimited = user.is_bot === true || user.is_restricted === true || user.is_ultra_restricted === true;
  if (isExternal || isLimited || id === 'USLACKBOT') throw new DomainError('unknown_person', { id: id ?? null });
  const email = profile?.email || null;
  return {
    kind: 'person',
    id: `${teamId}:${id}`,
    teamId,
    userId: id,
    name: profile?.display_name || profile?.real_name || user.real_name || user.name || id,
    email,
    timezone: user.tz || null,
    isActive: user.deleted !== true,
  };
};

const person = (sources: Sources, userId: string, freshness: Freshness): Promise<Person> =>
  personBy(sources, userId, sources.users[freshness]);

const personBy = async (sources: Sources, userId: string, read: Loaders['users']['young']): Promise<Person> => {
  const found = toPerson(sources, await read(userId));
  if (!found.isActive) throw new DomainError('inactive_person', { id: userId, name: found.name });
  return found;
};

/** A card without a face is better than none, so nothing fails for it. */
const faceOf = async (sources: Sources, userId: string): Promise<string | null> => {
  try {
    const { profile } = await sources.users.lasting(userId);
    const url = profile.image_48 ?? null;
    return url?.startsWith('https://') === true ? url : null;
  } catch (error) {
    if (!isDomainError(error)) throw error;
    return null;
  }
};

/** The one who does something: what they carry is noted, so that an address that moves is seen to move. */
const actor = async (sources: Sources, userId: string): Promise<Person> => {
  const found = await person(sources, userId, 'fresh');
  await note(sources, [found]);
  return found;
};

/** Someone a list names; null when the account is gone, foreign, a guest or deactivated: they do not count, the others do. */
const countedPerson = async (look: () => Promise<Person>): Promise<Person | null> => {
  try {
    const found = await look();
    return found.isActive ? found : null;
  } catch (error) {
    if (isDomainError(error) && (error.code === 'unknown_person' || error.code === 'inactive_person')) return null;
    throw error;
  }
};

const byEmail = async (sources: Sources, email: string, freshness: Freshness): Promise<Person | null> =>
  (await whomAddressMeans(sources, email, freshness)).person;

const byRef = (sources: Sources, ref: string, freshness: Freshness): Promise<Person | null> =>
  ref.includes('@') ? byEmail(sources, ref, freshness) : countedPerson(() => person(sources, ref, freshness));

const groupMembers = async (sources: Sources, group: GroupSource, freshness: Freshness): Promise<(Person | null)[]> => {
  if (group.kind === 'people') return Promise.all(group.people.map((ref) => byRef(sources, ref, freshness)));
  if (group.kind === 'on_call_schedule') {
    const emails = await sources.schedules.emails(group, freshness);
    return Promise.all(emails.map((email) => byEmail(sources, email, freshness)));
  }
  const ids = await userGroupMembers(sources, group.handle, freshness);
  if (ids.length <= FRESH_MEMBERS_MAX)
    return Promise.all(ids.map((id) => countedPerson(() => person(sources, id, freshness))));
  await sources.readMany(ids);
  // What counts at a vote is seconds old at most, however many calls are waited for.
  const read = freshness === 'fresh' ? sources.users.young : sources.users.recent;
  return Promise.all(ids.map((id) => countedPerson(() => personBy(sources, id, read))));
};

const lookAtGroup = async (sources: Sources, name: string): Promise<void> => {
  const group = policyGroup(sources, name);
  await sources.states.watch(name, group, async () => {
    if (group.kind === 'slack_usergroup') await userGroupMembers(sources, group.handle, 'fresh');
    if (group.kind === 'on_call_schedule') await sources.schedules.emails(group, 'fresh');
  });
};

const policyGroup = (sources: Sources, name: string): GroupSource => {
  const { groups } = sources.policy();
  const group = Object.hasOwn(groups, name) ? groups[name] : undefined;
  if (!group)
    throw new DomainError('lookup_failed', {
      what: `group ${name}`,
      lasting: [`The policy has no group ${name} any more. An admin of Latchkey can add it.`],
    });
  return group;
};

type MembersQuery = { requester: Person | null; freshness: Freshness };

const sourceMembers = async (
  sources: Sources,
  source: Source,
  { requester, freshness }: MembersQuery,
): Promise<(Person | null)[]> => {
  if (source.kind === 'person') return [await byRef(sources, source.ref, freshness)];
  if (source.kind === 'group') {
    const group = policyGroup(sources, source.name);
    return sources.states.watch(source.name, group, () => groupMembers(sources, group, freshness));
  }
  if (requester === null) return [];
  const managerId = await sources.managers[freshness](requester.userId);
  return managerId ? [await byRef(sources, managerId, freshness)] : [];
};

const members = async (sources: Sources, from: Source[], query: MembersQuery): Promise<Person[]> => {
  const found = await Promise.all(from.map((source) => sourceMembers(sources, source, query)));
  const counted = found.flat().filter((one) => one !== null);
  await note(sources, counted);
  return [...new Map(counted.map((one) => [one.id, one])).values()];
};

type MembershipQuery = { who: Person; standing: Standing; freshness: Freshness };
type Membership = 'inside' | 'outside' | 'contested' | 'unknown';

/** An address names a person only when Slack itself finds that very account for it, and it is theirs by the address book. */
const isNamed = async (
  sources: Sources,
  refs: readonly string[],
  { who, standing, freshness }: MembershipQuery,
): Promise<Membership> => {
  if (refs.includes(who.userId)) return 'inside';
  const theirs = [...(standing.email ? [standing.email] : []), ...standing.others];
  const addresses = new Set<string>(theirs.map(addressOf));
  const named = refs.filter((ref) => ref.includes('@') && addresses.has(addressOf(ref)));
  if (named.length === 0) return refs.some((ref) => mayMean(ref, theirs)) ? 'contested' : 'outside';
  const found = await Promise.all(named.map((ref) => byEmail(sources, ref, freshness)));
  return found.some((one) => one?.id === who.id) ? 'inside' : 'contested';
};

const isIn = async (sources: Sources, group: GroupSource, query: MembershipQuery): Promise<Membership> => {
  if (group.kind === 'people') return isNamed(sources, group.people, query);
  if (group.kind === 'on_call_schedule')
    return isNamed(sources, await sources.schedules.emails(group, query.freshness), query);
  const userIds = await userGroupMembers(sources, group.handle, query.freshness);
  return userIds.includes(query.who.userId) ? 'inside' : 'outside';
};

const membershipOf = async (sources: Sources, name: string, query: MembershipQuery): Promise<Membership> => {
  try {
    const group = policyGroup(sources, name);
    return await sources.states.watch(name, group, () => isIn(sources, group, query));
  } catch (error) {
    if (!isDomainError(error) || error.code !== 'lookup_failed') throw error;
    sources.log.warn({ group: name, err: error }, 'a group could not be looked up');
    return 'unknown';
  }
};

const groupsOf = async (
  sources: Sources,
  who: Person,
  { names, freshness }: { names: readonly string[] | undefined; freshness: Freshness },
): Promise<GroupsRead> => {
  const wanted = [...new Set(names ?? Object.keys(sources.policy().groups))];
  const standing = await standingOf(sources, who, freshness);
  const found = await Promise.all(wanted.map((name) => membershipOf(sources, name, { who, standing, freshness })));
  const those = (membership: Membership): string[] => wanted.filter((_, index) => found[index] === membership);
  const read = { groups: those('inside'), unknownGroups: those('unknown'), contestedGroups: those('contested') };
  return { ...read, email: standing.email, otherEmails: standing.others };
};

/** The people that a source of the policy names, or the schedule behind it. */
const refsIn = async (sources: Sources, source: Source): Promise<string[]> => {
  if (source.kind === 'manager') return [];
  if (source.kind === 'person') return [source.ref];
  const group = policyGroup(sources, source.name);
  if (group.kind === 'slack_usergroup') return [];
  return group.kind === 'people' ? group.people : sources.schedules.emails(group, 'recent');
};

const conflictAbout = async (sources: Sources, ref: string): Promise<ConflictingEmail[]> => {
  if (!ref.includes('@')) return (await byRef(sources, ref, 'recent')) ? [] : [{ address: ref, conflict: 'unheld' }];
  const { conflict } = await whomAddressMeans(sources, ref, 'recent');
  return conflict === null ? [] : [{ address: addressOf(ref), conflict }];
};

/** What cannot be looked up is said elsewhere. */
const conflictsOf = async (sources: Sources, from: readonly Source[]): Promise<ConflictingEmail[]> => {
  const found = await Promise.all(
    from.map(async (source) => {
      try {
        const refs = await refsIn(sources, source);
        return (await Promise.all(refs.map((ref) => conflictAbout(sources, ref)))).flat();
      } catch (error) {
        if (!isDomainError(error) || error.code !== 'lookup_failed') throw error;
        return [];
      }
    }),
  );
  return [...new Map(found.flat().map((one) => [one.address, one])).values()];
};
