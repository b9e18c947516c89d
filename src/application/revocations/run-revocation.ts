/** Carries out an order to end much at once: cancels what waits, ends what lives, in batches, until nothing of it is left. Any process may, several at once too. */
import { SYSTEM } from '../../domain/audit/events.ts';
import type { Request } from '../../domain/requests/request.ts';
import { closeAll } from '../grants/close-grants.ts';
import { withGrantees } from '../grants/revoke-grants.ts';
import type { Item } from '../grants/strokes.ts';
import { closeNotification, keyOf } from '../record/notify-admins.ts';
import { actorOf } from '../record/audit-entry.ts';
import type { LiveGrant, Revocation } from './revocation-ports.ts';
import type { Deps, Tx } from '../deps.ts';
import { endGrants } from '../grants/transitions.ts';
import { cancelRequest } from '../requests/transitions.ts';

const BATCH = 100;
const BATCHES_AT_ONCE = 20;
/**
 * An approval that was being written when the order was given is seen only after its commit. No transaction lasts this long
 * (`db/client.ts`), so what is found until then belongs to the order, and nothing can come later.
 */
const OPEN_MS = 70_000;

type Step = { items: Item[]; isMore: boolean };

export const runRevocation = async (deps: Deps, { id }: { id: string }): Promise<void> => {
  const ending = new Set<Promise<void>>();
  const failures: unknown[] = [];
  for (let isMore = true; isMore;) {
    const step = await deps.store.transaction((tx) => advance(tx, id));
    isMore = step.isMore;
    // Not awaited: a target that hangs holds up no end in another.
    const work = closeAll(deps, step.items)
      .catch((error: unknown) => void failures.push(error))
      .finally(() => ending.delete(work));
    ending.add(work);
    if (ending.size >= BATCHES_AT_ONCE) await Promise.race(ending);
  }
  await Promise.all(ending);
  await deps.store.transaction((tx) => finish(tx, id));
  if (failures.length > 0) throw new AggregateError(failures, 'some ends could not be stored');
};

export const runRevocations = async (deps: Deps): Promise<void> => {
  const ids = await deps.store.read.openRevocationIds(OPEN_MS);
  await Promise.all(ids.map((id) => runRevocation(deps, { id })));
};

const advance = async (tx: Tx, id: string): Promise<Step> => {
  const revocation = await tx.revocations.find(id);
  if (!revocation) return { items: [], isMore: false };
  const actor = await actorFor(tx, revocation.byPersonId);
  const pending = await tx.revocations.lockPending(revocation, BATCH);
  for (const request of pending) await cancelFor(tx, request, { revocation, actor });
  // After the requests: one that was approved while we waited for its lock is found here.
  const live = await tx.revocations.lockLive(revocation, BATCH);
  const items = await beginEnds(tx, { live, revocation, actor });
  await tx.revocations.adoptEnding(revocation);
  if (pending.length > 0) await tx.revocations.count(id, { requests: pending.length, preApprovals: 0 });
  if (revocation.finishedAt && pending.length + live.length > 0) {
    await tx.revocations.reopen(id);
    await tx.outbox.add('revocation', id);
  }
  return { items, isMore: pending.length === BATCH || live.length === BATCH };
};

const actorFor = async (tx: Tx, personId: string) => {
  const [person] = await tx.principals.listByIds([personId]);
  return person?.kind === 'person' ? actorOf(person) : SYSTEM;
};

type Acting = { revocation: Revocation; actor: ReturnType<typeof actorOf> };

const cancelFor = (tx: Tx, request: Request, { revocation, actor }: Acting): Promise<void> => {
  const { id, byPersonId: by, reason } = revocation;
  return cancelRequest(tx, request, { actor, note: { by, reason }, facts: { revocation: id, reason } });
};

/** Nobody is notified yet: the end itself, or its first failure, is the message. What somebody is making right now is let go of by them, and then ended. */
const beginEnds = async (tx: Tx, { live, revocation, actor }: Acting & { live: LiveGrant[] }): Promise<Item[]> => {
  const grants = live.map(({ grant }) => grant);
  await endGrants(tx, grants, { cause: 'revoked', revocation, actor });
  const free = live.filter(({ isHeld }) => !isHeld);
  const ending = { state: 'ending', endCause: 'revoked', attempts: 0 } as const;
  return withGrantees(
    tx,
    free.map(({ grant }) => ({ ...grant, ...ending })),
  );
};

const finish = async (tx: Tx, id: string): Promise<void> => {
  if (!(await tx.revocations.finish(id))) return;
  const entry = { actor: SYSTEM, requestId: null, grantId: null, target: null, role: null } as const;
  await tx.audit.append({ ...entry, type: 'revocation.finished', data: { revocation: id } });
  await tx.outbox.add('revocation', id);
  await closeNotification(tx, keyOf('revocation', id), 'All of it has ended; the targets confirmed it.');
};
