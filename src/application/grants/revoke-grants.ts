/** Takes access away in the target and says so only after its absence was read back. Tried until it is true. */
import type { EndOutcome } from '../../domain/grants/ending.ts';
import type { Grant } from '../../domain/grants/grant.ts';
import type { Principal } from '../../domain/principals/principal.ts';
import { mustPrincipal } from '../record/must-find.ts';
import { LEASE_MS, retryInMs } from '../record/backoff.ts';
import { entryOf } from '../record/audit-entry.ts';
import { notifyHolder, notifyHolders } from './notify-holder.ts';
import { recordUse } from './record-usage.ts';
import { endGrants } from './transitions.ts';
import type { InUse, OnInUse } from './usage-ports.ts';
import type { Deps, Tx } from '../deps.ts';
import type { AccessFailure } from './access-ports.ts';
import { isHeldByOthers } from './shared-access.ts';

export type Item = { grant: Grant; grantee: Principal };
/** `inUse`: what was still open when it was taken away, if anything was. */
type Ended = { item: Item; outcome: EndOutcome; inUse: InUse | undefined };
type NotEnded = { item: Item; failure: AccessFailure; inUse: InUse | undefined };

const BATCH = 100;
/** A full batch is seldom the last: whoever has lost access hears of it when others have lost theirs, since telling takes longer than ending. */
const TOLD_AFTER_MS = 3_000;

export const completeRevocation = async (deps: Deps, input: { grantIds: string[] }): Promise<void> => {
  const claimed = await Promise.all(input.grantIds.map((id) => claimOne(deps, id)));
  await revokeAll(
    deps,
    claimed.filter((item): item is Item => item !== null),
  );
};

/**
 * Claims up to a hundred grants whose deadline has passed and begins to end them. `work` resolves when that is done;
 * it is not awaited here, so that a target that hangs holds up no deadline in another.
 */
export const expireDue = async (deps: Deps): Promise<{ count: number; work: Promise<void> }> => {
  const items = await deps.store.transaction((tx) => claimDue(tx));
  return { count: items.length, work: revokeAll(deps, items) };
};

/** Nobody is told yet: the end itself, or its first failure, is the news. */
const claimDue = async (tx: Tx): Promise<Item[]> => {
  const due = await tx.grants.lockDue(BATCH);
  if (due.length === 0) return [];
  await endGrants(tx, due, { cause: 'expired' });
  const grantees = await granteesOf(tx, due);
  return due.flatMap((grant) => {
    const grantee = grantees.get(grant.granteeId);
    return grantee
      ? [{ grant: { ...grant, state: 'ending' as const, endCause: 'expired' as const, attempts: 0 }, grantee }]
      : [];
  });
};

/** By id. */
export const granteesOf = async (tx: Tx, grants: readonly Grant[]): Promise<Map<string, Principal>> => {
  const ids = [...new Set(grants.map(({ granteeId }) => granteeId))];
  return new Map((await tx.principals.listByIds(ids)).map((grantee) => [grantee.id, grantee]));
};

/** In their targets, together where they share one. Of grants that are ending and held by the caller. */
export const revokeAll = async (deps: Deps, items: Item[]): Promise<void> => {
  const byTarget = new Map<string, Item[]>();
  for (const item of items) {
    const others = byTarget.get(item.grant.target);
    if (others) others.push(item);
    else byTarget.set(item.grant.target, [item]);
  }
  await Promise.all([...byTarget.values()].map((ofTarget) => revokeTogether(deps, ofTarget)));
};

/** Also turns an active grant whose deadline has passed into an ending one, so that any alarm may ring first. */
const claimOne = async (deps: Deps, grantId: string): Promise<Item | null> => {
  const grant = await deps.store.transaction(async (tx) => {
    const current = await tx.grants.lock(grantId);
    if (!current || (await tx.grants.isLeased(grantId))) return null;
    if (current.state === 'active' && (await tx.now()) >= current.expiresAt) {
      await endGrants(tx, [current], { cause: 'expired' });
    } else if (current.state === 'ending') {
      await tx.grants.claim(grantId, LEASE_MS, null);
    } else {
      return null;
    }
    return tx.grants.lock(grantId);
  });
  return grant ? { grant, grantee: await mustPrincipal(deps, grant.granteeId) } : null;
};

const NO_ANSWER: AccessFailure = { kind: 'unavailable', message: 'The target gave no answer.', isRetried: true };

/** What others hold is left alone; the rest goes together. In the order of `items`. */
const takeAway = async (deps: Deps, items: Item[], onInUse: OnInUse): Promise<(EndOutcome | AccessFailure)[]> => {
  const held = await Promise.all(items.map(({ grant }) => isHeldByOthers(deps, grant)));
  const ours = items.filter((_, index) => !held[index]);
  const revoked = new Map((await deps.access.revokeMany(ours, onInUse)).map((result, index) => [ours[index], result]));
  return items.map((item, index) => (held[index] ? 'still_held' : (revoked.get(item) ?? NO_ANSWER)));
};

const revokeTogether = async (deps: Deps, items: Item[]): Promise<void> => {
  const seen = new Map<string, InUse>();
  const results = await takeAway(deps, items, (one) => {
    if (one.forMs >= (seen.get(one.grantId)?.forMs ?? 0)) seen.set(one.grantId, one);
  });
  const ended: Ended[] = [];
  const storing: Promise<void>[] = [];
  for (const [index, item] of items.entries()) {
    const result = results[index] ?? NO_ANSWER;
    const inUse = seen.get(item.grant.id);
    if (typeof result === 'string') ended.push({ item, outcome: result, inUse });
    else storing.push(retry(deps, { item, failure: result, inUse }));
  }
  storing.push(finishTogether(deps, ended));
  const failed = (await Promise.allSettled(storing)).filter((outcome) => outcome.status === 'rejected');
  if (failed.length > 0) {
    const reasons = failed.map(({ reason }) => reason as unknown);
    throw new AggregateError(reasons, 'some ends could not be stored');
  }
};

/** In one transaction; when that fails each by itself, since one that cannot be stored must not hold up the rest. */
const finishTogether = async (deps: Deps, ended: Ended[]): Promise<void> => {
  if (ended.length === 0) return;
  try {
    await deps.store.transaction((tx) => finish(deps, tx, ended));
  } catch (error) {
    if (ended.length === 1) throw error;
    deps.log.warn({ err: error, count: ended.length }, 'ends could not be stored together; each is stored by itself');
    const failed = (await Promise.allSettled(ended.map((one) => finishTogether(deps, [one])))).filter(
      ({ status }) => status === 'rejected',
    );
    if (failed.length > 0)
      throw new AggregateError(
        failed.map((one) => (one as PromiseRejectedResult).reason as unknown),
        'some ends could not be stored',
        { cause: error },
      );
    return;
  }
  for (const { item, outcome } of ended)
    deps.log.info({ grant: item.grant.id, request: item.grant.requestId, outcome }, 'grant has ended');
};

/** What was asked of the target last, and its answer: evidence shows it. The handle names the login, and with it the person. */
const readbackOf = ({ handle }: Grant, outcome: EndOutcome | undefined) => ({
  readback: {
    operation: 'revoke_and_read_back' as const,
    answer: outcome === 'still_held' ? ('held_by_another_grant' as const) : ('absent' as const),
  },
  handle,
});

const finish = async (deps: Deps, tx: Tx, ended: Ended[]): Promise<void> => {
  const outcomes = new Map(ended.map(({ item, outcome }) => [item.grant.id, outcome]));
  const [locked, now] = await Promise.all([tx.grants.lockMany([...outcomes.keys()]), tx.now()]);
  const current = locked.filter(({ state }) => state === 'ending');
  const idsOf = (wanted: EndOutcome): string[] =>
    current.map(({ id }) => id).filter((id) => outcomes.get(id) === wanted);
  await noteCut(tx, current, ended);
  await tx.grants.setEndedMany(idsOf('removed'), 'removed');
  await tx.grants.setEndedMany(idsOf('already_absent'), 'already_absent');
  await tx.grants.setEndedMany(idsOf('still_held'), 'still_held');
  await tx.secrets.destroy(current.map(({ id }) => id));
  const toldAfterMs = ended.length < BATCH ? 0 : TOLD_AFTER_MS;
  for (const grant of current) {
    const { endCause: cause, attempts, expiresAt, endingAt } = grant;
    const dueMs = Math.min(expiresAt.getTime(), endingAt?.getTime() ?? Number.POSITIVE_INFINITY);
    const data = {
      cause,
      lateMs: Math.max(0, now.getTime() - dueMs),
      outcome: outcomes.get(grant.id) ?? null,
      attempts: attempts + 1,
      expiresAt: expiresAt.toISOString(),
      ...readbackOf(grant, outcomes.get(grant.id)),
      ...deps.access.guarantee(grant),
    };
    await tx.audit.append({ ...entryOf(grant), type: 'grant.ended', data });
  }
  await notifyHolders(
    tx,
    current.map(({ requestId }) => requestId),
    toldAfterMs,
  );
};

/** A session that no look came in time to see. */
const noteCut = (tx: Tx, locked: Grant[], cut: readonly { inUse: InUse | undefined }[]): Promise<void> => {
  const unseen = new Set(locked.filter(({ firstUsedAt }) => firstUsedAt === null).map(({ id }) => id));
  return recordUse(
    tx,
    cut.flatMap(({ inUse }) => (inUse && unseen.has(inUse.grantId) ? [inUse] : [])),
  );
};

const retry = async (deps: Deps, { item: { grant }, failure, inUse }: NotEnded): Promise<void> => {
  const { kind, message } = failure;
  deps.log.error(
    { grant: grant.id, request: grant.requestId, kind, error: message },
    'grant could not be ended; will be tried again',
  );
  await deps.store.transaction(async (tx) => {
    const current = await tx.grants.lock(grant.id);
    if (current?.state !== 'ending') return;
    await noteCut(tx, [current], [{ inUse }]);
    const waitMs = retryInMs(current.attempts);
    const { attempts } = await tx.grants.setRetry(grant.id, failure, waitMs);
    await tx.audit.append({
      ...entryOf(current),
      type: 'grant.end_retried',
      data: { kind, message, attempts, waitMs },
    });
    await tx.outbox.add('end', grant.id, waitMs);
    await notifyHolder(tx, grant.requestId);
  });
};
