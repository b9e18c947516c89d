/**
 * The first stroke of an end: nobody gets in any more and no session is left, read back in the target. It is recorded at once, and it is
 * what people hear of: access has ended. What was made is removed after that (`remove-grants.ts`).
 */
import type { Grant } from '../../domain/grants/grant.ts';
import { retryInMs } from '../record/backoff.ts';
import { entryOf } from '../record/audit-entry.ts';
import type { Deps, Tx } from '../deps.ts';
import type { AccessFailure } from './access-ports.ts';
import { notifyHolder, notifyHolders } from './notify-holder.ts';
import { recordUse } from './record-usage.ts';
import { recordRemoved } from './remove-grants.ts';
import { isHeldByOthers, isNotGiven } from './shared-access.ts';
import { NO_ANSWER, allStored, byTarget, lateMsOf, storeTogether } from './strokes.ts';
import type { Item } from './strokes.ts';
import type { InUse, OnInUse } from './usage-ports.ts';

/** `held`: another grant has the same access, so nothing is taken from it. `had`: nor from the one who had it before Latchkey gave it. */
type Answer = 'closed' | 'absent' | 'held' | 'had';
/** `inUse`: what was still open when it was closed, if anything was. */
type Closed = { item: Item; answer: Answer; inUse: InUse | undefined };
type NotClosed = { item: Item; failure: AccessFailure; inUse: InUse | undefined };

const BATCH = 100;
/** A full batch is seldom the last: people hear of it when others have lost their access too, since to notify takes longer than to close. */
const NOTIFIED_AFTER_MS = 3_000;

/** In their targets, together where they share one. Of grants that are ending and held by the caller. */
export const closeAll = (deps: Deps, items: Item[]): Promise<void> =>
  byTarget(items, (ofTarget) => closeTogether(deps, ofTarget));

/** What is known without taking anything away; null where this grant alone gave it. */
const holderOf = async (deps: Deps, { grant, grantee }: Item): Promise<Answer | AccessFailure | null> => {
  if (grant.hadAlready) return 'had';
  if (await isHeldByOthers(deps, grant)) return 'held';
  if (!isNotGiven(deps, grant)) return null;
  try {
    return (await deps.access.check(grant, grantee)) === 'present' ? 'had' : 'absent';
  } catch (error) {
    return deps.access.failureOf(error);
  }
};

/** What others hold is left alone; the rest goes together. In the order of `items`. */
const closeInTarget = async (deps: Deps, items: Item[], onInUse: OnInUse): Promise<(Answer | AccessFailure)[]> => {
  const held = await Promise.all(items.map((item) => holderOf(deps, item)));
  const ours = items.filter((_, index) => held[index] === null);
  const answers = new Map((await deps.access.closeMany(ours, onInUse)).map((answer, index) => [ours[index], answer]));
  return items.map((item, index) => held[index] ?? answers.get(item) ?? NO_ANSWER);
};

const closeTogether = async (deps: Deps, items: Item[]): Promise<void> => {
  const seen = new Map<string, InUse>();
  const answers = await closeInTarget(deps, items, (one) => {
    if (one.forMs >= (seen.get(one.grantId)?.forMs ?? 0)) seen.set(one.grantId, one);
  });
  const closed: Closed[] = [];
  const storing: Promise<void>[] = [];
  for (const [index, item] of items.entries()) {
    const answer = answers[index] ?? NO_ANSWER;
    const inUse = seen.get(item.grant.id);
    if (typeof answer === 'string') closed.push({ item, answer, inUse });
    else storing.push(retry(deps, { item, failure: answer, inUse }));
  }
  storing.push(
    storeTogether(deps, closed, async (some) => {
      await deps.store.transaction((tx) => finish(deps, tx, some));
      for (const { item, answer } of some)
        deps.log.info({ grant: item.grant.id, request: item.grant.requestId, answer }, 'grant is closed');
    }),
  );
  await allStored(storing);
};

const finish = async (deps: Deps, tx: Tx, closed: readonly Closed[]): Promise<void> => {
  const answers = new Map(closed.map(({ item, answer }) => [item.grant.id, answer]));
  const [locked, now] = await Promise.all([tx.grants.lockMany([...answers.keys()]), tx.now()]);
  const current = locked.filter(({ state }) => state === 'ending');
  const answered = (wanted: Answer): Grant[] => current.filter(({ id }) => answers.get(id) === wanted);
  const idsOf = (grants: readonly Grant[]): string[] => grants.map(({ id }) => id);
  await noteCut(tx, current, closed);
  await tx.grants.setClosedMany(idsOf([...answered('closed'), ...answered('held'), ...answered('had')]), null);
  await tx.grants.setClosedMany(idsOf(answered('absent')), 'already_absent');
  await tx.secrets.destroy(idsOf(current));
  for (const grant of current) await recordClosed(deps, tx, { grant, answer: answers.get(grant.id) ?? 'closed', now });
  // Nothing of what others hold, or the person had, is to be removed: that it stays is the end.
  for (const [answer, outcome] of [
    ['held', 'still_held'],
    ['had', 'had_already'],
  ] as const) {
    const kept = answered(answer).map((grant) => ({ ...grant, closedAt: now, attempts: 0 }));
    await recordRemoved(deps, tx, { grants: kept, outcomeOf: () => outcome });
  }
  await notifyHolders(
    tx,
    current.map(({ requestId }) => requestId),
    closed.length < BATCH ? 0 : NOTIFIED_AFTER_MS,
  );
};

const ANSWERS = {
  closed: 'closed',
  absent: 'absent',
  held: 'held_by_another_grant',
  had: 'held_before_the_grant',
} as const;

const recordClosed = async (
  deps: Deps,
  tx: Tx,
  { grant, answer, now }: { grant: Grant; answer: Answer; now: Date },
): Promise<void> => {
  const data = {
    cause: grant.endCause,
    lateMs: lateMsOf(grant, now),
    attempts: grant.attempts + 1,
    expiresAt: grant.expiresAt.toISOString(),
    readback: { operation: 'close_and_read_back' as const, answer: ANSWERS[answer] },
    handle: grant.handle,
    ...deps.access.guarantee(grant),
  };
  await tx.audit.append({ ...entryOf(grant), type: 'grant.closed', data });
};

/** A session that no look came in time to see. */
const noteCut = (tx: Tx, locked: Grant[], cut: readonly { inUse: InUse | undefined }[]): Promise<void> => {
  const unseen = new Set(locked.filter(({ firstUsedAt }) => firstUsedAt === null).map(({ id }) => id));
  return recordUse(
    tx,
    cut.flatMap(({ inUse }) => (inUse && unseen.has(inUse.grantId) ? [inUse] : [])),
  );
};

const retry = async (deps: Deps, { item: { grant }, failure, inUse }: NotClosed): Promise<void> => {
  const { kind, message } = failure;
  deps.log.error(
    { grant: grant.id, request: grant.requestId, kind, error: message },
    'grant could not be closed; will be tried again',
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
