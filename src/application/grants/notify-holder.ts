/**
 * Refreshes what shows a grant: the messages of its request, and those of each request for more time on it that is settled. A message
 * that says *extended until* or *the old expiry stays* is wrong once the access ends or its expiry moves again.
 */
import type { Tx } from '../deps.ts';

/** `requestIds`: the requests that the grants came from, whose version was raised already. Lock the grants first. */
export const notifyHolders = async (tx: Tx, requestIds: readonly string[], delayMs = 0): Promise<void> => {
  for (const id of requestIds) await tx.outbox.add('notify', id, delayMs);
  // A pending one is locked before its grant: the one who settles it refreshes it.
  for (const id of await tx.extensions.touchSettled(requestIds)) await tx.outbox.add('notify', id, delayMs);
};

export const notifyHolder = (tx: Tx, requestId: string): Promise<void> => notifyHolders(tx, [requestId]);
