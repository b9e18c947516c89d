/** A caller looks at a request of their own. Anybody else's does not exist for them. */
import { DomainError } from '../../domain/errors.ts';
import type { Request } from '../../domain/requests/request.ts';
import type { Deps } from '../deps.ts';
import { isOwnRequest } from '../identity/caller.ts';
import type { Caller } from '../identity/caller.ts';
import type { RequestView } from '../record/request-view.ts';

export const ownRequest = async (deps: Pick<Deps, 'store'>, input: OwnRequestInput): Promise<RequestView> => {
  const view = await deps.store.read.view(input.requestId);
  if (!view || !(isOwnRequest(input.caller, view.request) || isForItsJobs(input.caller, view.request)))
    throw new DomainError('request_not_found', { id: input.requestId });
  return view;
};

/** What is for a window is of no job until one takes it over: any of the client's may see how it stands. */
const isForItsJobs = (caller: Caller, { requesterId, origin }: Request): boolean =>
  caller.kind === 'client' && requesterId === caller.client.id && origin?.kind === 'window' && !origin.isClaimed;

export type OwnRequestInput = { caller: Caller; requestId: string };
