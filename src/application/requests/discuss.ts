/** Somebody wants to talk before they decide: the thread of the approval message is opened, once. */
import type { PersonCaller } from '../identity/caller.ts';
import { DomainError } from '../../domain/errors.ts';
import { mustView } from '../record/must-find.ts';
import { closedCode } from './vote-context.ts';
import { actorOf } from '../record/audit-entry.ts';
import type { Deps } from '../deps.ts';
import type { RequestView } from '../record/request-view.ts';

export const discuss = async (
  deps: Deps,
  input: { caller: PersonCaller; requestId: string },
): Promise<{ view: RequestView }> => {
  const person = input.caller.person;
  await deps.store.transaction(async (tx) => {
    const request = await tx.requests.lock(input.requestId);
    if (!request) throw new DomainError('request_not_found', { id: input.requestId });
    const closed = closedCode(request, await tx.now());
    if (closed) throw new DomainError(closed, { state: request.state });
    await tx.principals.upsert(person);
    if (!(await tx.requests.setDiscussed(request.id, person.id))) return;
    const { id: requestId, target, role } = request;
    const actor = actorOf(person);
    await tx.audit.append({ type: 'request.discussed', actor, requestId, grantId: null, target, role, data: {} });
    await tx.outbox.add('notify', request.id);
  });
  return { view: await mustView(deps, input.requestId) };
};
