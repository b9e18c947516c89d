/** Whether groups and people of the policy have this person in them: the one question behind every right that the policy gives by name. */
import { lookupFailed } from './lookup-failed.ts';
import { addressOf } from '../../domain/principals/email-bindings.ts';
import { isTheOneNamed } from '../../domain/principals/identity.ts';
import { sourceOf } from '../../domain/policy/sources.ts';
import type { Policy } from '../../domain/policy/types.ts';
import type { Person } from '../../domain/principals/person.ts';
import type { Source } from '../../domain/requests/request.ts';
import type { Freshness } from './directory.ts';
import type { Deps } from '../deps.ts';
import { readMembers } from './members.ts';

/** `unknown`: not found in what could be looked up, and some could not. */
export type May = 'yes' | 'no' | 'unknown';

type Among = { policy: Policy; person: Person; refs: readonly string[]; freshness: Freshness };
type AmongDeps = Pick<Deps, 'directory'>;

const sourcesOf = ({ policy, refs }: Among): Source[] => [...new Set(refs)].map((ref) => sourceOf(policy, ref));

/** Only what could mean them is looked up: whose an address is, Slack and the address book say. */
const couldMean = (source: Source, { id, userId, email }: Person): boolean => {
  if (source.kind === 'group') return false;
  const address = email === null ? null : addressOf(email);
  return source.kind === 'manager' || isTheOneNamed(source.ref, { id, userId, address });
};

export const mayBy = async ({ directory }: AmongDeps, among: Among): Promise<May> => {
  const { person, freshness } = among;
  const sources = sourcesOf(among);
  const names = sources.flatMap((source) => (source.kind === 'group' ? [source.name] : []));
  const from = sources.filter((source) => couldMean(source, person));
  const readGroups = freshness === 'fresh' ? directory.groupsOf : directory.recentGroupsOf;
  const [inGroups, direct] = await Promise.all([
    names.length > 0 ? readGroups(person, names) : { groups: [], unknownGroups: [] },
    readMembers(directory, person, { from, freshness }),
  ]);
  if (inGroups.groups.length > 0 || direct.people.some(({ id }) => id === person.id)) return 'yes';
  return inGroups.unknownGroups.length > 0 || direct.failures.length > 0 ? 'unknown' : 'no';
};

/** An empty list is nobody. Rejects where it hangs on a failed look-up, with what that look-up says. */
export const isAmong = async (deps: AmongDeps, among: Among): Promise<boolean> => {
  const may = await mayBy(deps, among);
  if (may !== 'unknown') return may === 'yes';
  const { person, freshness, refs } = among;
  const { failures } = await readMembers(deps.directory, person, { from: sourcesOf(among), freshness });
  throw failures[0] ?? lookupFailed(deps.directory, refs);
};
