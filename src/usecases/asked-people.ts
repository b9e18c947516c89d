/** Who is asked for each requirement, for showing: recent look-ups serve. */
import type { Person, Requirement } from '../core/types.ts';
import { electorateOf } from './electorate.ts';
import type { Electors, ElectorateDeps } from './electorate.ts';
import type { AskedPeople } from './types.ts';

/** The requester is left out in every identity. */
export const askedPeople = async (
  deps: ElectorateDeps,
  requester: Person,
  requirements: readonly Requirement[],
): Promise<AskedPeople[]> => {
  const electors = await electorateOf(deps, { requester, requirements, freshness: 'recent' });
  return requirements.flatMap(({ label, count }, index) => {
    const found = electors[index];
    return found ? [asked(label, count, found)] : [];
  });
};

const asked = (
  label: string,
  count: number,
  { members, quiet, away, standIns, isOnlyRequester, unknown, doubts }: Electors,
): AskedPeople => ({
  label,
  count,
  people: members,
  quiet,
  isOnlyRequester,
  away,
  standIns,
  unknown,
  doubts,
});
