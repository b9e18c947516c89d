import { DomainError } from '../../domain/errors.ts';
import type { Principal } from '../../domain/principals/principal.ts';
import type { Deps } from '../deps.ts';
import type { RequestView } from './request-view.ts';

export const mustPrincipal = async (deps: Deps, id: string): Promise<Principal> => {
  const principal = await deps.store.read.principal(id);
  if (!principal) throw new DomainError('unknown_person', { id });
  return principal;
};

export const mustView = async (deps: Deps, requestId: string): Promise<RequestView> => {
  const view = await deps.store.read.view(requestId);
  if (!view) throw new DomainError('request_not_found', { id: requestId });
  return view;
};
