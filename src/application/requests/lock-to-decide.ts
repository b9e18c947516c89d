/** The one way to a request that an approver is about to decide: locked, pending, what was judged, and what they were shown. */
import { DomainError } from '../../domain/errors.ts';
import type { ErrorCode, Facts } from '../../domain/errors.ts';
import { isAsJudged, isAsShown } from '../../domain/requests/fingerprint.ts';
import type { Request } from '../../domain/requests/request.ts';
import type { Tx } from '../deps.ts';
import { closedCode } from './vote-context.ts';

export type RefusedVote = { outcome: 'refused'; code: ErrorCode; facts?: Facts };

/** `judged`: by which everything was looked up. `shown`: by its fingerprint, what the approver decided on; null where that is not known. */
type Deciding = { judged: Request; shown: string | null };

/** A look-up takes its time, and a job, a push or another approver may change the request in it. */
export const lockToDecide = async (
  tx: Tx,
  { judged, shown }: Deciding,
): Promise<{ request: Request } | RefusedVote> => {
  const [request, now] = await Promise.all([tx.requests.lock(judged.id), tx.now()]);
  if (!request) throw new DomainError('request_not_found', { id: judged.id });
  const closed = closedCode(request, now);
  if (closed) return { outcome: 'refused', code: closed };
  if (!isAsShown(shown, request)) {
    await tx.requests.touch(request.id);
    await tx.outbox.add('notify', request.id);
    return { outcome: 'refused', code: 'request_changed' };
  }
  return isAsJudged(judged, request) ? { request } : { outcome: 'refused', code: 'conflict' };
};
