/** The people behind a client's job, by every name that they have here, so that none of them is taken for somebody else at a vote. */
import { isDomainError } from '../../domain/errors.ts';
import type { Requester } from '../../domain/principals/requester.ts';
import type { Deps } from '../deps.ts';

type Looking = Pick<Deps, 'directory' | 'log'>;

const namesOf = async ({ directory, log }: Looking, ref: string): Promise<string[]> => {
  try {
    const found = await directory.members([{ kind: 'person', ref }], null);
    return found.flatMap(({ id, userId, email }) => [id, userId, ...(email === null ? [] : [email])]);
  } catch (error) {
    if (!isDomainError(error)) throw error;
    // What the policy wrote still counts against them.
    log.warn({ err: error }, 'a person behind a job could not be looked up');
    return [];
  }
};

/** Nobody is behind a person's own request. */
export const withPeopleBehind = async (deps: Looking, requester: Requester): Promise<Requester> => {
  if (requester.kind === 'person') return requester;
  const found = await Promise.all(requester.startedBy.map((ref) => namesOf(deps, ref)));
  return { ...requester, startedBy: [...new Set([...requester.startedBy, ...found.flat()])] };
};
