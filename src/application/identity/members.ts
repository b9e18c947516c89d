/** Who may fill a requirement, as far as it can be looked up: one group that cannot be read holds up none of the others. */
import { isDomainError } from '../../domain/errors.ts';
import type { DomainError } from '../../domain/errors.ts';
import type { Person } from '../../domain/principals/person.ts';
import type { Source } from '../../domain/requests/request.ts';
import type { ConflictingEmail } from './email-binding-ports.ts';
import type { Directory } from './directory.ts';

/**
 * `unknown` names the sources that could not be read, in the order of `failures`. `conflicts` are addresses that are not trusted;
 * they explain what is shown, and are not looked for where something is decided.
 */
export type Members = {
  people: Person[];
  /** Ids of the people who count here as the requester's manager. */
  managers: string[];
  unknown: string[];
  failures: DomainError[];
  conflicts: ConflictingEmail[];
};

type Wanted = { from: Source[]; freshness: 'fresh' | 'recent' };
type Read = { people: Person[]; unknown: string | null; failure: DomainError | null };

const nameOf = (source: Source): string =>
  source.kind === 'group' ? source.name : source.kind === 'person' ? source.ref : 'the manager';

const readOne = async (look: () => Promise<Person[]>, source: Source): Promise<Read> => {
  try {
    return { people: await look(), unknown: null, failure: null };
  } catch (error) {
    if (!isDomainError(error) || error.code !== 'lookup_failed') throw error;
    return { people: [], unknown: nameOf(source), failure: error };
  }
};

export const readMembers = async (
  directory: Pick<Directory, 'members' | 'recentMembers' | 'conflicts'>,
  requester: Person | null,
  { from, freshness }: Wanted,
): Promise<Members> => {
  const read = freshness === 'fresh' ? directory.members : directory.recentMembers;
  const each = await Promise.all(from.map((source) => readOne(() => read([source], requester), source)));
  return {
    managers: from.flatMap(({ kind }, index) =>
      kind === 'manager' ? (each[index]?.people ?? []).map(({ id }) => id) : [],
    ),
    people: [...new Map(each.flatMap(({ people }) => people).map((person) => [person.id, person])).values()],
    unknown: each.flatMap(({ unknown }) => unknown ?? []),
    failures: each.flatMap(({ failure }) => failure ?? []),
    conflicts: freshness === 'recent' ? await directory.conflicts(from) : [],
  };
};
