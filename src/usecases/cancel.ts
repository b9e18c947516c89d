/** The requester takes back a request that nobody has decided yet. */
import { DomainError } from '../core/errors.ts';
import { moveRequest } from '../core/lifecycle.ts';
import { mustView } from './ask.ts';
import { actorOf } from './ports.ts';
import type { Deps, RequestView } from './ports.ts';
import type { CancelInput } from './types.ts';

const CLOSED = {
  approved: 'already_decided',
  denied: 'already_decided',
  cancelled: 'already_cancelled',
  lapsed: 'already_lapsed',
} as const;

export const cancel = async (deps: Deps, input: CancelInput): Promise<{ view: RequestView }> => {
  const person = await deps.directory.person(input.userId);
  await deps.store.transaction(async (tx) => {
    const request = await tx.requests.lock(input.requestId);
    if (!request) throw new DomainError('request_not_found', { id: input.requestId });
    if (request.requesterId !== person.id) throw new DomainError('not_your_request', { id: request.id });
    if (request.state !== 'pending') throw new DomainError(CLOSED[request.state], { state: request.state });
    await tx.requests.setState(request.id, moveRequest(request.state, 'cancelled'));
    await tx.audit.append({
      type: 'request.cancelled',
      actor: actorOf(person),
      requestId: request.id,
      grantId: null,
      target: request.target,
      role: request.role,
      data: {},
    });
    await tx.outbox.add('notify', request.id);
  });
  return { view: await mustView(deps, input.requestId) };
};
