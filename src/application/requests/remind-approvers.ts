/** Reminds approvers who have not answered, and asks others when nobody does. Found under lock, so of two processes one does it. */
import { checkEntry } from '../../domain/audit/check-entry.ts';
import type { EventData } from '../../domain/audit/events.ts';
import { SYSTEM } from '../../domain/audit/events.ts';
import { sourceKey } from '../../domain/policy/sources.ts';
import type { Request } from '../../domain/requests/request.ts';
import type { Deps, Tx } from '../deps.ts';

const BATCH = 100;

type Silence = 'request.reminded' | 'request.escalated';

const record = async <T extends Silence>(
  tx: Tx,
  { id: requestId, extendsGrantId: grantId, target, role }: Request,
  { type, data }: { type: T; data: EventData<T> },
): Promise<void> => {
  await tx.audit.append(checkEntry({ type, actor: SYSTEM, requestId, grantId, target, role, data }));
  await tx.outbox.add('notify', requestId);
};

export const remindDue = (deps: Deps): Promise<number> =>
  deps.store.transaction(async (tx) => {
    const due = await tx.requests.lockToRemind(BATCH);
    for (const request of due) {
      await tx.requests.setReminded(request.id);
      await record(tx, request, { type: 'request.reminded', data: { number: request.reminders + 1 } });
    }
    return due.length;
  });

export const escalateDue = (deps: Deps): Promise<number> =>
  deps.store.transaction(async (tx) => {
    const due = await tx.requests.lockToEscalate(BATCH);
    for (const request of due) {
      await tx.requests.setEscalated(request.id);
      const to = request.escalateTo ? sourceKey(request.escalateTo) : null;
      await record(tx, request, { type: 'request.escalated', data: { to, afterMs: request.escalateAfterMs } });
    }
    return due.length;
  });
