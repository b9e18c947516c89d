/** Who requested, as they are now: an account may have been closed, or its address changed, since the request. */
import { madeOf } from '../../domain/principals/requester.ts';
import type { Requester } from '../../domain/principals/requester.ts';
import type { Directory } from './directory.ts';

/** A client is what its token said when it requested: no directory knows it. */
export const readRequesterAgain = async (
  { directory }: { directory: Pick<Directory, 'person'> },
  stored: Requester,
): Promise<Requester> => {
  if (stored.kind === 'client') return stored;
  return { ...(await directory.person(stored.userId)), ...madeOf(stored) };
};
