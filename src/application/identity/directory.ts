import type { Person } from '../../domain/principals/person.ts';
import type { Source } from '../../domain/requests/request.ts';
import type { ConflictingEmail, GroupsRead } from './email-binding-ports.ts';

/** People and groups. Failures are `lookup_failed`, an unknown or foreign account `unknown_person`. */
export type Directory = {
  /** Read from Slack now. */
  person(userId: string): Promise<Person>;
  /** Read from Slack now: everyone in these sources who is active; `manager` is the requester's, and nobody's without one. */
  members(sources: Source[], requester: Person | null): Promise<Person[]>;
  /** Which of these groups of the policy, or of all when none are named, the person is in, read now. One that cannot be read fails no other. */
  groupsOf(person: Person, names?: readonly string[]): Promise<GroupsRead>;
  /** What keeps a group of the policy from being read until somebody fixes it, as of the last look; null where nothing does. */
  whyUnreadable(group: string): string | null;
  /** Why the person whom the policy names so does not count, as the end of a sentence; null where they do. */
  accountProblem(ref: string): Promise<string | null>;
  /** Reads where a group of the policy comes from, without its people, and notifies the admins where that needs a fix. */
  lookAtGroup(name: string): Promise<void>;
  /** Addresses and accounts in these sources that are not trusted now. From a short cache: it explains, and decides nothing. */
  conflicts(sources: Source[]): Promise<ConflictingEmail[]>;
  /** The same from a short cache: for lists and previews, never for a decision. */
  recentMembers(sources: Source[], requester: Person | null): Promise<Person[]>;
  /** The address of their picture, or null where they have none or it cannot be looked up. */
  recentFace(userId: string): Promise<string | null>;
  recentGroupsOf(person: Person, names?: readonly string[]): Promise<GroupsRead>;
};

/** `fresh` reads groups now and may decide; `recent` may come from a cache and may only show. */
export type Freshness = 'fresh' | 'recent';
