/** Makes an approved grant real in its target. Safe to run any number of times, by any number of processes, and after a crash anywhere. */
import type { Grant } from '../../domain/grants/grant.ts';
import type { Json } from '../../domain/json.ts';
import type { Principal } from '../../domain/principals/principal.ts';
import type { Deps, Tx } from '../deps.ts';
import { entryOf } from '../record/audit-entry.ts';
import { LEASE_MS } from '../record/backoff.ts';
import { mustPrincipal } from '../record/must-find.ts';
import type { AccessFailure, Credentials } from './access-ports.ts';
import { TOO_OLD, abandon, isTooOld, readsOf, retry } from './activation-failures.ts';
import { isOverWith } from './end-with-incident.ts';
import { hold, isFixed, isHeld, isSurelyGone } from './hold.ts';
import { noteFound } from './in-target.ts';
import { reEvaluateStart } from './re-evaluate-start.ts';
import { takenAway } from './shared-access.ts';
import type { ReportsUsage } from './usage-ports.ts';
import type { SealedSecret } from './vault.ts';

type Made = { handle: Json; credentials: Credentials | null } & ReportsUsage;

export const activate = async (deps: Deps, input: { grantId: string }): Promise<void> => {
  const [planned, incident] = await Promise.all([
    deps.store.read.grant(input.grantId),
    deps.store.read.incidentOfGrant(input.grantId),
  ]);
  if (!planned || (incident && (await isOverWith(deps, planned, incident)))) return;
  if (isHeld(planned) && !(await isFixed(deps, planned))) return;
  if (planned.startsAt && (await isPastWindow(deps, planned))) return;
  if ((planned.startsAt || isHeld(planned)) && !(await reEvaluateStart(deps, planned))) return;
  const [claimed, grantee] = await Promise.all([
    deps.store.transaction((tx) => claim(deps, tx, planned)),
    mustPrincipal(deps, planned.granteeId),
  ]);
  if (!claimed) return;
  const { grant } = claimed;
  const inTheWay = await takenAway(deps, grant);
  if (inTheWay) return recover(deps, { ...claimed, grantee, failure: inTheWay });
  await give(deps, { ...claimed, grantee });
};

const give = async (deps: Deps, claimed: Claimed & { grantee: Principal }): Promise<void> => {
  const { grantee } = claimed;
  let { grant } = claimed;
  const log = deps.log.child({ grant: grant.id, request: grant.requestId });
  const fail = async (failure: AccessFailure): Promise<void> => {
    log.warn({ kind: failure.kind, error: failure.message }, 'grant could not be made');
    await recover(deps, { ...claimed, grant, failure });
  };
  try {
    const noted = await noteFound(deps, claimed);
    if ('failure' in noted) return await fail(noted.failure);
    grant = noted.grant;
    const made = await deps.access.grant(grant, grantee);
    await deps.store.transaction((tx) => finish(deps, tx, { grant, made }));
    log.info({ target: grant.target, role: grant.role }, 'grant is active');
  } catch (error) {
    await fail(deps.access.failureOf(error));
  }
};

const WINDOW_PASSED = { cause: 'window_passed', reason: null } as const;

/** Its window closed: it is over for that, whatever the rules say of access outside of it. */
const isPastWindow = async ({ store }: Deps, { id }: Grant): Promise<boolean> => {
  const prepared = await store.read.preparedGrant(id);
  if (!prepared?.windowEndsAt || prepared.windowEndsAt > (await store.read.now())) return false;
  await store.transaction(async (tx) => {
    const grant = await tx.grants.lock(id);
    if (grant?.state === 'activating') await abandon(tx, grant, WINDOW_PASSED);
  });
  return true;
};

/** How often it is looked at whether nobody came for it in time. */
const UNCLAIMED_LOOK_MS = 30_000;

/** `isFirst`: no attempt before this one can have left anything in the target. */
type Claimed = { grant: Grant; isFirst: boolean };

const claim = async (deps: Deps, tx: Tx, planned: Grant): Promise<Claimed | null> => {
  const { id: grantId } = planned;
  const [grant, lease, prepared] = await Promise.all([
    tx.grants.lock(grantId),
    tx.grants.leaseOf(grantId),
    tx.prepared.ofGrant(grantId),
  ]);
  if (!grant || grant.state !== 'activating' || lease === 'live') return null;
  // Held since it was read: it is judged again before it is set up, and was not.
  if (isHeld(grant) && !isHeld(planned)) return null;
  const leftMs = prepared?.windowEndsAt ? prepared.windowEndsAt.getTime() - (await tx.now()).getTime() : null;
  if (leftMs !== null && leftMs <= 0) {
    await abandon(tx, grant, WINDOW_PASSED);
    return null;
  }
  if (await isTooOld(deps, readsOf(tx), grant)) {
    await abandon(tx, grant, { cause: 'abandoned', reason: TOO_OLD });
    return null;
  }
  // The job that it is for has not begun: its time begins when the job requests it.
  if (prepared?.isClaimed === false) {
    await tx.grants.setNextAttempt(grantId, UNCLAIMED_LOOK_MS);
    return null;
  }
  // Sent in this order: what is read is what was claimed.
  const [, claimed] = await Promise.all([
    tx.grants.claim(grantId, LEASE_MS, Math.min(grant.durationMs, leftMs ?? grant.durationMs)),
    tx.grants.lock(grantId),
  ]);
  return claimed && { grant: claimed, isFirst: lease === 'none' && (grant.attempts === 0 || isHeld(grant)) };
};

const finish = async (deps: Deps, tx: Tx, { grant, made }: { grant: Grant; made: Made }): Promise<void> => {
  const current = await tx.grants.lock(grant.id);
  if (!current || current.state !== 'activating') {
    // Revoked while it was being made: let go of it at once, so that the end can take it away.
    if (current?.state === 'ending')
      await tx.grants.setRetry(grant.id, { kind: null, message: 'ended while it was being made' }, 0);
    return;
  }
  const [{ expiresAt }, now] = await Promise.all([tx.grants.setActive(grant.id, made.handle, made), tx.now()]);
  if (deps.access.isRecorded(grant)) await tx.recordings.open(grant.id);
  if (made.credentials) await tx.secrets.put(grant.id, sealCredentials(deps, grant.id, made.credentials));
  await tx.audit.append({
    ...entryOf(grant),
    type: 'grant.active',
    data: {
      handle: made.handle,
      expiresAt: expiresAt.toISOString(),
      person: grant.granteeId,
      ...(deps.access.isShared(grant) && { hadAlready: grant.hadAlready }),
      ...deps.access.guarantee(grant),
    },
  });
  await tx.outbox.add('end', grant.id, Math.max(0, expiresAt.getTime() - now.getTime()));
  await tx.outbox.add('notify', grant.requestId);
};

const sealCredentials = (deps: Deps, grantId: string, credentials: Credentials): SealedSecret =>
  deps.vault.seal(grantId, JSON.stringify(credentials));

type Failed = Claimed & { grantee: Principal; failure: AccessFailure };

const recover = async (deps: Deps, failed: Failed): Promise<void> => {
  if (failed.failure.isRetried) return deps.store.transaction((tx) => retry(tx, failed));
  const { failure, isFirst } = failed;
  const isGone = (await isSurelyGone(deps, failed)) || (isFirst && failure.isUntouched === true);
  await deps.store.transaction(async (tx) => {
    const current = await tx.grants.lock(failed.grant.id);
    if (current?.state !== 'activating') return;
    if (!isGone) return abandon(tx, current, { cause: 'abandoned', reason: failure.message });
    await hold(tx, current, failure);
  });
};
