/** The one function that orders a grant's end to be moved. It demands the decision, and writes the new end before the target is touched. */
import { DomainError } from '../../domain/errors.ts';
import type { Actor } from '../../domain/audit/events.ts';
import type { Request } from '../../domain/requests/request.ts';
import { refreshExtended } from './extension-terms.ts';
import type { Tx } from '../deps.ts';

type Order = { request: Request; grantId: string; decisionId: string; actor: Actor };

/** The old end holds until the target has confirmed the new one. @throws DomainError `extend_ended` where the end came first. */
export const orderExtension = async (tx: Tx, { request, grantId, decisionId, actor }: Order): Promise<void> => {
  const grant = await tx.grants.lock(grantId);
  if (!grant || grant.state !== 'active' || (await tx.now()) >= grant.expiresAt)
    throw new DomainError('extend_ended', { id: grantId });
  const oldExpiresAt = grant.expiresAt;
  const newExpiresAt = new Date(oldExpiresAt.getTime() + (request.extendsByMs ?? 0));
  await tx.extensions.insert({ requestId: request.id, grantId, decisionId, oldExpiresAt, newExpiresAt });
  await tx.audit.append({
    actor,
    requestId: request.id,
    grantId,
    target: request.target,
    role: request.role,
    type: 'grant.extending',
    data: { decision: decisionId, from: oldExpiresAt.toISOString(), to: newExpiresAt.toISOString() },
  });
  await tx.outbox.add('extend', request.id);
  await refreshExtended(tx, request);
};
