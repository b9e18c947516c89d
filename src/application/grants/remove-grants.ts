/**
 * The second stroke of an end: what was made in the target is gone, and its absence was read back. Nobody has access by it any more, so
 * its failure is loud and harmless: it is tried until it is true.
 */
import { END_OUTCOMES } from '../../domain/grants/end-cause.ts';
import type { EndOutcome, RemovalOutcome } from '../../domain/grants/end-cause.ts';
import type { Grant } from '../../domain/grants/grant.ts';
import { retryInMs } from '../record/backoff.ts';
import { entryOf } from '../record/audit-entry.ts';
import type { Deps, Tx } from '../deps.ts';
import type { AccessFailure } from './access-ports.ts';
import { NO_ANSWER, allStored, byTarget, lateMsOf, removalReadbackOf, storeTogether } from './strokes.ts';
import type { Item } from './strokes.ts';

type Answer = RemovalOutcome;
type Removed = { item: Item; answer: Answer };

/** In their targets, together where they share one. Of grants that are closed and held by the caller. */
export const removeAll = (deps: Deps, items: Item[]): Promise<void> =>
  byTarget(items, (ofTarget) => removeTogether(deps, ofTarget));

const removeTogether = async (deps: Deps, items: Item[]): Promise<void> => {
  const answers = await deps.access.revokeMany(items);
  const removed: Removed[] = [];
  const storing: Promise<void>[] = [];
  for (const [index, item] of items.entries()) {
    const answer = answers[index] ?? NO_ANSWER;
    if (typeof answer === 'string') removed.push({ item, answer });
    else storing.push(retry(deps, item.grant, answer));
  }
  storing.push(
    storeTogether(deps, removed, async (some) => {
      await deps.store.transaction((tx) => finish(deps, tx, some));
      for (const { item, answer } of some)
        deps.log.info({ grant: item.grant.id, request: item.grant.requestId, answer }, 'grant is removed');
    }),
  );
  await allStored(storing);
};

const finish = async (deps: Deps, tx: Tx, removed: readonly Removed[]): Promise<void> => {
  const answers = new Map(removed.map(({ item, answer }) => [item.grant.id, answer]));
  const locked = await tx.grants.lockMany([...answers.keys()]);
  const current = locked.filter(({ state }) => state === 'closed');
  // What was closed by Latchkey was there: a crash, or an administrator, may have come between that and this.
  const outcomeOf = ({ id, endOutcome }: Grant): EndOutcome =>
    answers.get(id) === 'removed' ? 'removed' : (endOutcome ?? 'removed');
  await recordRemoved(deps, tx, { grants: current, outcomeOf });
  // Who was notified that it is stuck hears that it is not any more. Who lost the access heard of its end before.
  for (const { attempts, requestId } of current) if (attempts > 0) await tx.outbox.add('notify', requestId);
};

/** `grants` are locked and closed. */
export const recordRemoved = async (
  deps: Deps,
  tx: Tx,
  { grants, outcomeOf }: { grants: readonly Grant[]; outcomeOf: (grant: Grant) => EndOutcome },
): Promise<void> => {
  for (const outcome of END_OUTCOMES)
    await tx.grants.setRemovedMany(
      grants.filter((grant) => outcomeOf(grant) === outcome).map(({ id }) => id),
      outcome,
    );
  for (const grant of grants) {
    const { endCause: cause, attempts, expiresAt, closedAt } = grant;
    const outcome = outcomeOf(grant);
    const data = {
      cause,
      // How late nobody could get in any more; what is removed after that is late for nobody.
      lateMs: closedAt ? lateMsOf(grant, closedAt) : 0,
      outcome,
      attempts: attempts + 1,
      expiresAt: expiresAt.toISOString(),
      ...(closedAt && { closedAt: closedAt.toISOString() }),
      ...removalReadbackOf(grant, outcome),
      ...deps.access.guarantee(grant),
    };
    await tx.audit.append({ ...entryOf(grant), type: 'grant.removed', data });
  }
};

const retry = async (deps: Deps, grant: Grant, { kind, message }: AccessFailure): Promise<void> => {
  deps.log.error(
    { grant: grant.id, request: grant.requestId, kind, error: message },
    'grant is closed and could not be removed; will be tried again',
  );
  await deps.store.transaction(async (tx) => {
    const current = await tx.grants.lock(grant.id);
    if (current?.state !== 'closed') return;
    const waitMs = retryInMs(current.attempts);
    const { attempts } = await tx.grants.setRetry(grant.id, { kind, message }, waitMs);
    const data = { kind, message, attempts, waitMs };
    await tx.audit.append({ ...entryOf(current), type: 'grant.removal_retried', data });
    await tx.outbox.add('notify', grant.requestId);
  });
};
