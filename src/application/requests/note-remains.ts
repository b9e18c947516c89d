/** What may remain after access through a role has become another: requests that wait say so, and the audit log from when on. */
import { SYSTEM } from '../../domain/audit/events.ts';
import type { Request } from '../../domain/requests/request.ts';
import type { Deps, Tx } from '../deps.ts';

const note = async (tx: Tx, request: Request, mayRemain: string[]): Promise<void> => {
  const { id, target, role } = request;
  await tx.requests.setMayRemain(id, mayRemain);
  const data = { before: request.mayRemain, mayRemain };
  await tx.audit.append({
    type: 'request.remains_changed',
    actor: SYSTEM,
    requestId: id,
    grantId: null,
    target,
    role,
    data,
  });
  await tx.outbox.add('notify', id);
};

/** `remains`: of each role of the target, as the last look found it. */
export const noteRemains = async (
  deps: Deps,
  { target, remains }: { target: string; remains: Record<string, string[]> },
): Promise<void> => {
  for (const [role, mayRemain] of Object.entries(remains))
    await deps.store.transaction(async (tx) => {
      const others = await tx.requests.lockWithOtherRemains({ target, role, mayRemain });
      for (const request of others) await note(tx, request, mayRemain);
    });
};
