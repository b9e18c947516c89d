/** The requester takes back a request that nobody has decided yet, or access that was approved and has not begun. */
import { DomainError } from '../../domain/errors.ts';
import { moveGrant, moveRequest } from '../../domain/lifecycle.ts';
import type { Requester } from '../../domain/principals/requester.ts';
import { isOwnRequest, requesterOf } from '../identity/caller.ts';
import type { Caller } from '../identity/caller.ts';
import type { Request } from '../../domain/requests/request.ts';
import { mustView } from '../record/must-find.ts';
import { CLOSED } from './vote-context.ts';
import { refreshExtended } from '../grants/extension-terms.ts';
import { actorOf } from '../record/audit-entry.ts';
import type { Deps, Tx } from '../deps.ts';
import type { RequestView } from '../record/request-view.ts';
import { refuse } from '../record/record-refusal.ts';

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
    await tx.requests.setState(id, moveRequest(request.state, 'cancelled'));
    await tx.audit.append({ ...entryOf(request, caller), type: 'request.cancelled', grantId: null, data: {} });
    await tx.outbox.add('notify', id);
    await refreshExtended(tx, request);
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

const entryOf = ({ id, target, role }: Request, caller: Requester) => ({
  actor: actorOf(caller),
  requestId: id,
  target,
  role,
});

type Starting = { request: Request; grantId: string | null; caller: Requester };

/** The decision stays as it was made; what was given is taken back before it begins. */
const cancelStart = async (tx: Tx, { request, grantId, caller }: Starting): Promise<void> => {
  const grant = grantId ? await tx.grants.lock(grantId) : null;
  if (!grant) throw new DomainError('conflict', { noun: 'request', id: request.id });
  const isBegun = grant.startsAt === null || (await tx.now()) >= grant.startsAt;
  if (grant.state !== 'activating' || isBegun) throw new DomainError('already_started', { id: grant.id });
  moveGrant(grant.state, 'ending');
  const cause = 'cancelled';
  await tx.grants.setEnding(grant.id, { cause, by: caller.id, reason: null });
  await tx.audit.append({ ...entryOf(request, caller), type: 'grant.ending', grantId: grant.id, data: { cause } });
  await tx.outbox.add('end', grant.id);
  await tx.outbox.add('notify', request.id);
};

/** `requestId` may also be the id of its grant. */
export type CancelInput = { caller: Caller; requestId: string };
