/** The requester takes back a request that nobody has decided yet, or access that was approved and has not begun. */
import { DomainError } from '../../domain/errors.ts';
import type { Requester } from '../../domain/principals/requester.ts';
import { isOwnRequest, requesterOf } from '../identity/caller.ts';
import type { Caller } from '../identity/caller.ts';
import type { Request } from '../../domain/requests/request.ts';
import { mustView } from '../record/must-find.ts';
import { CLOSED } from './vote-context.ts';
import { actorOf } from '../record/audit-entry.ts';
import type { Deps, Tx } from '../deps.ts';
import type { RequestView } from '../record/request-view.ts';
import { refuse } from '../record/record-refusal.ts';
import { endGrant } from '../grants/transitions.ts';
import { cancelRequest } from './transitions.ts';

export const cancel = async (deps: Deps, input: CancelInput): Promise<{ view: RequestView }> => {
  const caller = requesterOf(input.caller);
  const id = (await deps.store.read.grant(input.requestId))?.requestId ?? input.requestId;
  const view = await deps.store.read.view(id);
  if (!view) throw new DomainError('request_not_found', { id });
  const grantId = view.grant?.id ?? null;
  await assertOwn(deps, view, input.caller);
  await deps.store.transaction(async (tx) => {
    const request = await tx.requests.lock(id);
    if (!request) throw new DomainError('request_not_found', { id });
    if (request.state === 'approved' && request.startsAt) return cancelStart(tx, { request, grantId, caller });
    if (request.state !== 'pending') throw new DomainError(CLOSED[request.state], { state: request.state });
    await cancelRequest(tx, request, { actor: actorOf(caller), note: null, facts: {} });
  });
  return { view: await mustView(deps, id) };
};

/** Whose request it is never changes, so this needs no lock. */
const assertOwn = async (deps: Deps, { request, grant }: RequestView, caller: Caller): Promise<void> => {
  const { id: requestId, target, role } = request;
  if (isOwnRequest(caller, request)) return;
  const refusal = {
    type: 'request.cancel_refused',
    person: requesterOf(caller),
    requestId,
    grantId: grant?.id ?? null,
    target,
    role,
  } as const;
  await refuse(deps, refusal, new DomainError('not_your_request', { id: requestId }));
};

type Starting = { request: Request; grantId: string | null; caller: Requester };

/** The decision stays as it was made; what was given is taken back before it begins. */
const cancelStart = async (tx: Tx, { request, grantId, caller }: Starting): Promise<void> => {
  const grant = grantId ? await tx.grants.lock(grantId) : null;
  if (!grant) throw new DomainError('conflict', { noun: 'request', id: request.id });
  const isBegun = grant.startsAt === null || (await tx.now()) >= grant.startsAt;
  if (grant.state !== 'activating' || isBegun) throw new DomainError('already_started', { id: grant.id });
  await endGrant(tx, grant, { cause: 'cancelled', by: caller, reason: null });
};

/** `requestId` may also be the id of its grant. */
export type CancelInput = { caller: Caller; requestId: string };
