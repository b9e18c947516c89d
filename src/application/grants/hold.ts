/**
 * Access that its target refuses until a human has fixed something. The grant waits, approved and without anything in the target, while
 * the approval may be claimed; it is set up when the target is fixed, by itself or by *Try again*, and judged again before that.
 */
import type { PersonCaller } from '../identity/caller.ts';
import { isDeepStrictEqual } from 'node:util';
import { DomainError } from '../../domain/errors.ts';
import { HUMAN_KINDS } from '../../domain/lifecycle.ts';
import type { Grant } from '../../domain/grants/grant.ts';
import type { Json } from '../../domain/json.ts';
import type { Principal } from '../../domain/principals/principal.ts';
import { LEASE_MS, retryInMs } from '../record/backoff.ts';
import { isInCharge } from '../identity/is-in-charge.ts';
import { entryOf, actorOf } from '../record/audit-entry.ts';
import { TOO_OLD, abandon, isTooOld } from './activation-failures.ts';
import type { Deps, Tx } from '../deps.ts';
import type { AccessFailure } from './access-ports.ts';
import { refuse } from '../record/record-refusal.ts';
import { isHeldByOthers, isNotGiven } from './shared-access.ts';

export type TryAgainInput = { caller: PersonCaller; grantId: string };

/** `problem` is for owners and admins; null for the requester, who can do nothing about it. */
export type TryAgainResult = { outcome: 'begun' } | { outcome: 'not_fixed'; problem: string | null };

/** Between two looks whether it is fixed. */
export const LOOK_MS = 5_000;

export const needsHuman = ({ lastErrorKind }: Pick<Grant, 'lastErrorKind'>): boolean =>
  HUMAN_KINDS.some((kind) => kind === lastErrorKind);

export const isHeld = (grant: Pick<Grant, 'state' | 'lastErrorKind'>): boolean =>
  grant.state === 'activating' && needsHuman(grant);

/** An earlier attempt may have left something in the target; what waits or is over demands a look. */
export const isSurelyGone = async (
  deps: Deps,
  { grant, grantee }: { grant: Grant; grantee: Principal },
): Promise<boolean> => {
  try {
    const isOthers = grant.hadAlready || isNotGiven(deps, grant) || (await isHeldByOthers(deps, grant));
    if (!isOthers) await deps.access.revoke(grant, grantee);
    return true;
  } catch (error) {
    const { kind, message } = deps.access.failureOf(error);
    deps.log.warn({ grant: grant.id, kind, error: message }, 'could not confirm that nothing was left in the target');
    return false;
  }
};

/** `current` is locked, and nothing of it is in the target. */
export const hold = async (tx: Tx, current: Grant, { kind, message }: AccessFailure): Promise<void> => {
  const waitMs = Math.max(LOOK_MS, retryInMs(current.attempts));
  const { attempts } = await tx.grants.setRetry(current.id, { kind, message }, waitMs);
  await tx.audit.append({ ...entryOf(current), type: 'grant.held', data: { kind, message, attempts } });
  await tx.outbox.add('notify', current.requestId);
};

const lockHeld = async (tx: Tx, { id }: Pick<Grant, 'id'>): Promise<Grant | null> => {
  const current = await tx.grants.lock(id);
  return current && isHeld(current) && !(await tx.grants.isLeased(id)) ? current : null;
};

/** True where it is worth an attempt. What is not fixed in time is given up. */
export const isFixed = async (deps: Deps, grant: Grant): Promise<boolean> => {
  if (await isTooOld(deps, deps.store.read, grant)) {
    await giveUp(deps, grant);
    return false;
  }
  // Nobody knows yet: the outbox hands out what was written before the hold.
  if (grant.nextAttemptAt && (await deps.store.read.now()) < grant.nextAttemptAt) return false;
  // The look is at the role as it is now: what was approved is another, and its evaluation decides what becomes of it.
  if (scopeOfNow(deps, grant) !== undefined) return true;
  if ((await deps.access.roleProblem(grant.target, grant.role)) === null) return true;
  await deps.store.transaction(async (tx) => {
    if (await lockHeld(tx, grant)) await tx.grants.setNextAttempt(grant.id, LOOK_MS);
  });
  return false;
};

const giveUp = async (deps: Deps, { id, granteeId }: Grant): Promise<void> => {
  const [grantee, claimed] = await Promise.all([
    deps.store.read.principal(granteeId),
    deps.store.transaction(async (tx) => {
      const [current, lease] = await Promise.all([lockHeld(tx, { id }), tx.grants.leaseOf(id)]);
      if (current) await tx.grants.claim(id, LEASE_MS, null);
      return current && { grant: current, isUntouched: lease === 'none' };
    }),
  ]);
  if (!claimed || !grantee) return;
  // Where it was held, nothing of it was in the target: a target that does not answer changes nothing about that.
  const isGone = (await isSurelyGone(deps, { grant: claimed.grant, grantee })) || claimed.isUntouched;
  await deps.store.transaction(async (tx) => {
    const current = await tx.grants.lock(id);
    if (current?.state !== 'activating') return;
    if (!isGone) return abandon(tx, current, { cause: 'abandoned', reason: TOO_OLD });
    const message = `${TOO_OLD} ${current.lastError ?? ''}`.trim();
    await tx.grants.setFailed(id, message);
    await tx.audit.append({
      ...entryOf(current),
      type: 'grant.failed',
      data: { kind: current.lastErrorKind, message },
    });
    await tx.outbox.add('notify', current.requestId);
  });
};

/** The scope of the role in the policy in force, where it is another than the one that was approved; else undefined. */
export const scopeOfNow = (deps: Deps, grant: Grant): Json | undefined => {
  const target = deps.policy().targets[grant.target];
  const role = target?.roles[grant.role];
  if (!role || target.provider !== grant.provider) return undefined;
  return isDeepStrictEqual(role.scope, grant.scope) ? undefined : role.scope;
};

/** For the requester, owners of the target and admins. What is not fixed yet changes nothing. */
export const tryAgain = async (deps: Deps, { caller: { person }, grantId }: TryAgainInput): Promise<TryAgainResult> => {
  const grant = await deps.store.read.grant(grantId);
  if (!grant) throw new DomainError('grant_not_found', { id: grantId });
  const mayKnow = await isInCharge(deps, { policy: deps.policy(), person, target: grant.target });
  if (!mayKnow && grant.granteeId !== person.id) {
    const { requestId, target, role } = grant;
    const refusal = { type: 'grant.retry_refused', person, requestId, grantId, target, role } as const;
    await refuse(deps, refusal, new DomainError('not_a_helper', { target }));
  }
  if (!isHeld(grant)) throw new DomainError('retry_needless', { state: grant.state });
  const problem = await deps.access.roleProblem(grant.target, grant.role, { isFresh: true });
  if (problem !== null) return { outcome: 'not_fixed', problem: mayKnow ? problem : null };
  await deps.store.transaction(async (tx) => {
    // Somebody is at it already where it is leased: a second click does nothing.
    if (!(await lockHeld(tx, grant))) return;
    await tx.principals.upsert(person);
    await tx.grants.setNextAttempt(grant.id, 0);
    await tx.audit.append({ ...entryOf(grant), actor: actorOf(person), type: 'grant.retry_requested', data: {} });
    await tx.outbox.add('activate', grant.id);
  });
  return { outcome: 'begun' };
};
