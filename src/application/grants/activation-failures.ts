/** What may become of a grant that cannot be made now: it is tried again, or given up. */
import type { Grant } from '../../domain/grants/grant.ts';
import type { Deps, Tx } from '../deps.ts';
import { entryOf } from '../record/audit-entry.ts';
import { retryInMs } from '../record/backoff.ts';
import type { AccessFailure } from './access-ports.ts';
import { endGrant } from './transitions.ts';

type Reads = Pick<Deps['store']['read'], 'now' | 'preparedGrant'>;

export const readsOf = (tx: Tx): Reads => ({ now: () => tx.now(), preparedGrant: (id) => tx.prepared.ofGrant(id) });

/**
 * An approval that was not used in time, counted from its start, is not made any more: nobody waits for it, and nobody would see it end.
 * What is for a window is used as long as that is open.
 */
export const isTooOld = async (
  deps: Deps,
  reads: Reads,
  { id, createdAt, startsAt, claimMs }: Grant,
): Promise<boolean> => {
  const sinceMs = Math.max(createdAt.getTime(), startsAt?.getTime() ?? 0);
  const now = await reads.now();
  if (now.getTime() - sinceMs <= (claimMs ?? deps.policy().claimMs)) return false;
  const windowEndsAt = (await reads.preparedGrant(id))?.windowEndsAt ?? null;
  return windowEndsAt === null || windowEndsAt <= now;
};

export const TOO_OLD = 'It could not be made within the time an approval may be claimed.';

type Abandonment = { cause: 'abandoned' | 'not_started'; reason: string } | { cause: 'window_passed'; reason: null };

/** Something may exist in the target: only an end that read its absence back may close it. */
export const abandon = (tx: Tx, grant: Grant, { cause, reason }: Abandonment): Promise<void> =>
  endGrant(tx, grant, { cause, by: null, reason });

export const retry = async (tx: Tx, { grant, failure }: { grant: Grant; failure: AccessFailure }): Promise<void> => {
  const current = await tx.grants.lock(grant.id);
  if (!current || (current.state !== 'activating' && current.state !== 'ending')) return;
  const waitMs = current.state === 'ending' ? 0 : retryInMs(current.attempts);
  const { attempts } = await tx.grants.setRetry(grant.id, failure, waitMs);
  const { kind, message } = failure;
  await tx.audit.append({
    ...entryOf(grant),
    type: 'grant.activation_retried',
    data: { kind, message, attempts, waitMs },
  });
  await tx.outbox.add(current.state === 'ending' ? 'end' : 'activate', grant.id, waitMs);
  await tx.outbox.add('notify', grant.requestId);
};
