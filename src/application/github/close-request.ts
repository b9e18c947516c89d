/** Ends what a request of GitHub holds, whatever it has come to: what waits is cancelled, what was approved is ended. */
import { SYSTEM } from '../../domain/audit/events.ts';
import type { Tx } from '../deps.ts';
import { endGrant } from '../grants/transitions.ts';
import { cancelRequest } from '../requests/transitions.ts';

export type Closing = {
  requestId: string;
  cause: 'job_completed' | 'cancelled';
  reason: string;
  /** True leaves access that a job or a person has in use. */
  keepsUsed?: boolean;
};

export const closeRequest = async (tx: Tx, grantId: string | null, closing: Closing): Promise<void> => {
  const { requestId, cause, reason, keepsUsed = false } = closing;
  const request = await tx.requests.lock(requestId);
  if (request?.state === 'pending')
    return cancelRequest(tx, request, { actor: SYSTEM, note: { by: null, reason }, facts: { cause, reason } });
  if (request?.state !== 'approved' || grantId === null) return;
  if (keepsUsed && request.origin?.isClaimed !== false) return;
  const grant = await tx.grants.lock(grantId);
  if (grant?.state === 'activating' || grant?.state === 'active')
    await endGrant(tx, grant, { cause, by: null, reason });
};
