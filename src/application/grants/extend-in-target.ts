/**
 * Moves the end of a grant: first in the target, read back, then in the store. A crash in between leaves the old end in force, because
 * only the store's ends access, and the one who comes next does it again. What begins to end first is not extended.
 */
import type { Extension } from '../../domain/grants/extension.ts';
import type { Grant } from '../../domain/grants/grant.ts';
import { notifyHolder } from './notify-holder.ts';
import { mustPrincipal } from '../record/must-find.ts';
import { LEASE_MS, retryInMs } from '../record/backoff.ts';
import { entryOf } from '../record/audit-entry.ts';
import type { Deps, Tx } from '../deps.ts';
import type { AccessFailure } from './access-ports.ts';

type Move = { extension: Extension; grant: Grant };

const ENDED = 'The access ended before its end could be moved.';

export const finishExtension = async (deps: Deps, input: { requestId: string }): Promise<void> => {
  const known = await deps.store.read.extension(input.requestId);
  const move = known && (await deps.store.transaction((tx) => claim(tx, known)));
  if (!move) return;
  const grantee = await mustPrincipal(deps, move.grant.granteeId);
  try {
    await deps.access.extend({ ...move.grant, expiresAt: move.extension.newExpiresAt }, grantee);
    await deps.store.transaction((tx) => finish(tx, move));
  } catch (error) {
    const failure = deps.access.failureOf(error);
    deps.log.warn({ grant: move.grant.id, kind: failure.kind, error: failure.message }, 'an end could not be moved');
    if (!failure.isRetried) await moveBack(deps, move);
    await deps.store.transaction((tx) =>
      failure.isRetried ? retry(tx, move, failure) : fail(tx, move, failure.message),
    );
  }
};

/** The grant first, then what moves its end, as everywhere. */
const lock = async (tx: Tx, requestId: string, grantId: string): Promise<Move | null> => {
  const grant = await tx.grants.lock(grantId);
  const extension = await tx.extensions.lockMoving(requestId);
  return grant && extension ? { grant, extension } : null;
};

const claim = async (tx: Tx, { requestId, grantId }: Extension): Promise<Move | null> => {
  const move = await lock(tx, requestId, grantId);
  if (!move) return null;
  if (move.grant.state !== 'active' || (await tx.now()) >= move.grant.expiresAt) {
    await settleFailed(tx, move, ENDED);
    return null;
  }
  return (await tx.extensions.claim(requestId, LEASE_MS)) ? move : null;
};

/** The one place where the end moves in the store. */
const finish = async (tx: Tx, { extension, grant: { id } }: Move): Promise<void> => {
  const move = await lock(tx, extension.requestId, id);
  if (!move) return;
  const { grant } = move;
  if (grant.state !== 'active') return settleFailed(tx, move, ENDED);
  const { newExpiresAt, oldExpiresAt } = extension;
  const durationMs = grant.durationMs + newExpiresAt.getTime() - oldExpiresAt.getTime();
  await tx.grants.setExtended(id, { expiresAt: newExpiresAt, durationMs });
  await tx.extensions.settle(extension.requestId, { state: 'moved', error: null });
  const data = { from: oldExpiresAt.toISOString(), to: newExpiresAt.toISOString(), durationMs };
  await tx.audit.append({
    ...entryFor(move),
    type: 'grant.extended',
    data: { decision: extension.decisionId, ...data },
  });
  await tx.outbox.add('end', id, Math.max(0, newExpiresAt.getTime() - (await tx.now()).getTime()));
  await refresh(tx, move);
};

const entryFor = ({ grant, extension }: Move) => ({ ...entryOf(grant), requestId: extension.requestId });

const refresh = async (tx: Tx, { grant }: Pick<Move, 'grant'>): Promise<void> => {
  await tx.requests.touch(grant.requestId);
  // The one that was settled just now is among the others.
  await notifyHolder(tx, grant.requestId);
};

const settleFailed = async (tx: Tx, move: Move, error: string): Promise<void> => {
  const { grant, extension } = move;
  await tx.extensions.settle(extension.requestId, { state: 'failed', error });
  const data = { error, attempts: extension.attempts + 1, expiresAt: grant.expiresAt.toISOString() };
  await tx.audit.append({ ...entryFor(move), type: 'grant.extension_failed', data });
  await refresh(tx, move);
};

const fail = async (tx: Tx, { extension, grant }: Move, error: string): Promise<void> => {
  const move = await lock(tx, extension.requestId, grant.id);
  if (move) await settleFailed(tx, move, error);
};

const retry = async (tx: Tx, { extension, grant }: Move, failure: AccessFailure): Promise<void> => {
  const move = await lock(tx, extension.requestId, grant.id);
  if (!move) return;
  const { kind, message } = failure;
  const waitMs = retryInMs(move.extension.attempts);
  const { attempts } = await tx.extensions.setRetry(extension.requestId, message, waitMs);
  await tx.audit.append({
    ...entryFor(move),
    type: 'grant.extension_retried',
    data: { kind, message, attempts, waitMs },
  });
  await tx.outbox.add('extend', extension.requestId, waitMs);
  await refresh(tx, move);
};

/** The target may have taken the new end and failed after that: it should not hold one that the store does not. The store's holds anyway. */
const moveBack = async (deps: Deps, { grant }: Move): Promise<void> => {
  const now = await deps.store.read.grant(grant.id);
  if (now?.state !== 'active') return;
  try {
    await deps.access.extend(now, await mustPrincipal(deps, grant.granteeId));
  } catch (error) {
    const { kind, message } = deps.access.failureOf(error);
    deps.log.warn({ grant: grant.id, kind, error: message }, 'the old end could not be confirmed in the target');
  }
};
