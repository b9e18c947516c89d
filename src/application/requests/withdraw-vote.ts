/** An approver takes back an approval that has not decided anything yet: a mistaken click costs one click. */
import type { PersonCaller } from '../identity/caller.ts';
import { DomainError } from '../../domain/errors.ts';
import { mustView } from '../record/must-find.ts';
import { closedCode } from './vote-context.ts';
import { actorOf } from '../record/audit-entry.ts';
import type { Deps } from '../deps.ts';
import type { RequestView } from '../record/request-view.ts';

export const withdrawVote = async (
  deps: Deps,
  input: { caller: PersonCaller; requestId: string },
): Promise<{ view: RequestView }> => {
  const { person } = input.caller;
  await deps.store.transaction(async (tx) => {
    const request = await tx.requests.lock(input.requestId);
    if (!request) throw new DomainError('request_not_found', { id: input.requestId });
    const closed = closedCode(request, await tx.now());
    if (closed) throw new DomainError(closed, { state: request.state });
    const votes = await tx.votes.list(request.id);
    if (!votes.some(({ voterId }) => voterId === person.id)) throw new DomainError('no_vote');
    await tx.votes.remove(request.id, person.id);
    const { id: requestId, target, role } = request;
    const data = { voter: person.id, why: 'withdrawn by its voter' };
    await tx.audit.append({
      type: 'vote.voided',
      actor: actorOf(person),
      requestId,
      grantId: null,
      target,
      role,
      data,
    });
    await tx.requests.touch(request.id);
    await tx.outbox.add('notify', request.id);
  });
  return { view: await mustView(deps, input.requestId) };
};
