/** Takes access away in the target and says so only after its absence was read back. Tried until it is true. */
import { SYSTEM } from '../core/events.ts';
import type { EndOutcome, Grant, Person } from '../core/types.ts';
import { mustPerson } from './activate.ts';
import { LEASE_MS, retryInMs } from './backoff.ts';
import type { AccessFailure, Deps, Tx } from './ports.ts';

type Item = { grant: Grant; person: Person };

export const finishEnd = async (deps: Deps, input: { grantIds: string[] }): Promise<void> => {
  const claimed = await Promise.all(input.grantIds.map((id) => claimOne(deps, id)));
  const byTarget = new Map<string, Item[]>();
  for (const item of claimed) {
    if (item) byTarget.set(item.grant.target, [...(byTarget.get(item.grant.target) ?? []), item]);
  }
  await Promise.all([...byTarget.values()].map((items) => revokeTogether(deps, items)));
};

/** Also turns an active grant whose deadline has passed into an ending one, so that any alarm may ring first. */
const claimOne = async (deps: Deps, grantId: string): Promise<Item | null> => {
  const grant = await deps.store.transaction(async (tx) => {
    const current = await tx.grants.lock(grantId);
    if (!current || (await tx.grants.isLeased(grantId))) return null;
    if (current.state === 'active' && (await tx.now()) >= current.expiresAt) await expire(tx, current);
    else if (current.state !== 'ending') return null;
    await tx.grants.claim(grantId, LEASE_MS, null);
    return tx.grants.lock(grantId);
  });
  return grant ? { grant, person: await mustPerson(deps, grant.personId) } : null;
};

export const expire = async (tx: Tx, grant: Grant): Promise<void> => {
  await tx.grants.setEnding(grant.id, { cause: 'expired', by: null, reason: null });
  await tx.audit.append({
    ...entryOf(grant),
    type: 'grant.ending',
    data: { cause: 'expired', expiresAt: grant.expiresAt.toISOString() },
  });
};

const entryOf = (grant: Grant) => ({
  actor: SYSTEM,
  requestId: grant.requestId,
  grantId: grant.id,
  target: grant.target,
  role: grant.role,
});

const revokeTogether = async (deps: Deps, items: Item[]): Promise<void> => {
  const results = await deps.access.revokeMany(items);
  const closing = items.map(async (item, index) => {
    const result = results[index] ?? { kind: 'unavailable', message: 'The target gave no answer.', isRetried: true };
    await (typeof result === 'string' ? finish(deps, item, result) : retry(deps, item, result));
  });
  // Each grant is its own transaction: one that cannot be stored must not hold up the rest.
  const failed = (await Promise.allSettled(closing)).filter((outcome) => outcome.status === 'rejected');
  if (failed.length > 0)
    throw new AggregateError(
      failed.map(({ reason }) => reason as unknown),
      'some ends could not be stored',
    );
};

const finish = async (deps: Deps, { grant }: Item, outcome: EndOutcome): Promise<void> => {
  const hasEnded = await deps.store.transaction(async (tx) => {
    const current = await tx.grants.lock(grant.id);
    if (current?.state !== 'ending') return false;
    await tx.grants.setEnded(grant.id, outcome);
    await tx.secrets.destroy(grant.id);
    await tx.audit.append({
      ...entryOf(current),
      type: 'grant.ended',
      data: {
        cause: current.endCause,
        outcome,
        attempts: current.attempts + 1,
        expiresAt: current.expiresAt.toISOString(),
      },
    });
    await tx.outbox.add('notify', grant.requestId);
    return true;
  });
  if (hasEnded) deps.log.info({ grant: grant.id, request: grant.requestId, outcome }, 'grant has ended');
};

const retry = async (deps: Deps, { grant }: Item, failure: AccessFailure): Promise<void> => {
  const { kind, message } = failure;
  deps.log.error(
    { grant: grant.id, request: grant.requestId, kind, error: message },
    'grant could not be ended; will be tried again',
  );
  await deps.store.transaction(async (tx) => {
    const current = await tx.grants.lock(grant.id);
    if (current?.state !== 'ending') return;
    const waitMs = retryInMs(current.attempts);
    const { attempts } = await tx.grants.setRetry(grant.id, message, waitMs);
    await tx.audit.append({
      ...entryOf(current),
      type: 'grant.end_retried',
      data: { kind, message, attempts, waitMs },
    });
    await tx.outbox.add('end', grant.id, waitMs);
    await tx.outbox.add('notify', grant.requestId);
  });
};
