/** Whether access is the caller's: a person's own, or that of this very job, since another job of the same client has its own. */
import type { Grant } from '../../domain/grants/grant.ts';
import type { Deps } from '../deps.ts';
import { isOwnRequest } from '../identity/caller.ts';
import type { Caller } from '../identity/caller.ts';

export const isOwnGrant = async (
  { store }: Pick<Deps, 'store'>,
  caller: Caller,
  { granteeId, requestId }: Pick<Grant, 'granteeId' | 'requestId'>,
): Promise<boolean> => {
  if (caller.kind === 'person') return granteeId === caller.person.id;
  const request = await store.read.request(requestId);
  return request !== null && isOwnRequest(caller, request);
};
