import { sourceOf } from '../../domain/policy/sources.ts';
import type { Policy } from '../../domain/policy/types.ts';
import type { Person } from '../../domain/principals/person.ts';
import type { Deps } from '../deps.ts';
import type { Freshness } from './directory.ts';
import { readMembers } from './members.ts';

type Among = { policy: Policy; person: Person; refs: string[]; freshness: Freshness };

/** Whether a list of groups and people of the policy has this person in it; an empty list is nobody. Rejects where that hangs on a failed look-up. */
export const isAmong = async (deps: Deps, { policy, person, refs, freshness }: Among): Promise<boolean> => {
  const from = refs.map((ref) => sourceOf(policy, ref));
  const { people, failures } = await readMembers(deps.directory, person, { from, freshness });
  if (people.some(({ id }) => id === person.id)) return true;
  const [failure] = failures;
  if (failure) throw failure;
  return false;
};
