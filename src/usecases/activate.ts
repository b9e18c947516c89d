/** Makes an approved grant real in its target. Safe to run any number of times, by any number of processes, and after a crash anywhere. */
import { SYSTEM } from '../core/events.ts';
import type { Grant, Json, Person } from '../core/types.ts';
import { DomainError } from '../core/errors.ts';
import { LEASE_MS, retryInMs } from './backoff.ts';
import type { AccessFailure, Credentials, Deps, SealedSecret, Tx } from './ports.ts';

type Made = { handle: Json; credentials: Credentials | null };

export const activate = async (deps: Deps, input: { grantId: string }): Promise<void> => {
  const claimed = await deps.store.transaction((tx) => claim(deps, tx, input.grantId));
  if (!claimed) return;
  const person = await mustPerson(deps, claimed.personId);
  const log = deps.log.child({ grant: claimed.id, request: claimed.requestId });
  try {
    const made = await deps.access.grant(claimed, person);
    await deps.store.transaction((tx) => finish(deps, tx, { grant: claimed, made }));
    log.info({ target: claimed.target, role: claimed.role }, 'grant is active');
  } catch (error) {
    const failure = deps.access.failureOf(error);
    log.warn({ kind: failure.kind, error: failure.message }, 'grant could not be made');
    await recover(deps, { grant: claimed, person, failure });
  }
};

export const mustPerson = async (deps: Deps, id: string): Promise<Person> => {
  const person = await deps.store.read.person(id);
  if (!person) throw new DomainError('unknown_person', { id });
  return person;
};

/** An approval that was not used in time is not made any more: nobody waits for it, and nobody would see it end. */
const isTooOld = async (deps: Deps, tx: Tx, grant: Grant): Promise<boolean> =>
  (await tx.now()).getTime() - grant.createdAt.getTime() > deps.policy().claimMs;

const claim = async (deps: Deps, tx: Tx, grantId: string): Promise<Grant | null> => {
  const grant = await tx.grants.lock(grantId);
  if (!grant || grant.state !== 'activating' || (await tx.grants.isLeased(grantId))) return null;
  if (await isTooOld(deps, tx, grant)) {
    await abandon(tx, grant, 'It could not be made within the time an approval may be claimed.');
    return null;
  }
  await tx.grants.claim(grantId, LEASE_MS, grant.durationMs);
  return tx.grants.lock(grantId);
};

/** Something may exist in the target: only an end that read its absence back may close it. */
const abandon = async (tx: Tx, grant: Grant, reason: string): Promise<void> => {
  await tx.grants.setEnding(grant.id, { cause: 'abandoned', by: null, reason });
  await tx.audit.append({ ...entryOf(grant), type: 'grant.ending', data: { cause: 'abandoned', reason } });
  await tx.outbox.add('end', grant.id);
  await tx.outbox.add('notify', grant.requestId);
};

const entryOf = (grant: Grant) => ({
  actor: SYSTEM,
  requestId: grant.requestId,
  grantId: grant.id,
  target: grant.target,
  role: grant.role,
});

const finish = async (deps: Deps, tx: Tx, { grant, made }: { grant: Grant; made: Made }): Promise<void> => {
  const current = await tx.grants.lock(grant.id);
  if (!current || current.state !== 'activating') {
    // Revoked while it was being made: let go of it at once, so that the end can take it away.
    if (current?.state === 'ending') await tx.grants.setRetry(grant.id, 'ended while it was being made', 0);
    return;
  }
  const { expiresAt } = await tx.grants.setActive(grant.id, made.handle);
  if (made.credentials) await tx.secrets.put(grant.id, sealCredentials(deps, grant.id, made.credentials));
  await tx.audit.append({
    ...entryOf(grant),
    type: 'grant.active',
    data: { handle: made.handle, expiresAt: expiresAt.toISOString(), person: grant.personId },
  });
  const remainingMs = expiresAt.getTime() - (await tx.now()).getTime();
  await tx.outbox.add('end', grant.id, Math.max(0, remainingMs));
  await tx.outbox.add('notify', grant.requestId);
};

const sealCredentials = (deps: Deps, grantId: string, credentials: Credentials): SealedSecret =>
  deps.vault.seal(grantId, JSON.stringify(credentials));

type Failed = { grant: Grant; person: Person; failure: AccessFailure };

const recover = async (deps: Deps, failed: Failed): Promise<void> => {
  if (failed.failure.isRetried) return deps.store.transaction((tx) => retry(tx, failed));
  const isGone = await isSurelyGone(deps, failed);
  await deps.store.transaction(async (tx) => {
    const current = await tx.grants.lock(failed.grant.id);
    if (current?.state !== 'activating') return;
    if (!isGone) return abandon(tx, current, failed.failure.message);
    await tx.grants.setFailed(current.id, failed.failure.message);
    const { kind, message } = failed.failure;
    await tx.audit.append({ ...entryOf(current), type: 'grant.failed', data: { kind, message } });
    await tx.outbox.add('notify', current.requestId);
  });
};

/** An earlier attempt may have left a login behind; `failed` is terminal, so it demands a look. */
const isSurelyGone = async (deps: Deps, { grant, person }: Failed): Promise<boolean> => {
  try {
    await deps.access.revoke(grant, person);
    return true;
  } catch (error) {
    const { kind, message } = deps.access.failureOf(error);
    deps.log.warn({ grant: grant.id, kind, error: message }, 'could not confirm that nothing was left in the target');
    return false;
  }
};

const retry = async (tx: Tx, { grant, failure }: Failed): Promise<void> => {
  const current = await tx.grants.lock(grant.id);
  if (!current || (current.state !== 'activating' && current.state !== 'ending')) return;
  const waitMs = current.state === 'ending' ? 0 : retryInMs(current.attempts);
  const { attempts } = await tx.grants.setRetry(grant.id, failure.message, waitMs);
  const { kind, message } = failure;
  await tx.audit.append({
    ...entryOf(grant),
    type: 'grant.activation_retried',
    data: { kind, message, attempts, waitMs },
  });
  await tx.outbox.add(current.state === 'ending' ? 'end' : 'activate', grant.id, waitMs);
  await tx.outbox.add('notify', grant.requestId);
};
