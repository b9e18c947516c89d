/** Draws the messages of everything that waits anew: the approvers may be others now. */
import type { Tx } from '../deps.ts';

/** More than ever wait at once; the others are refreshed when something happens to them. */
const REFRESHED_MAX = 500;

export const refreshPending = async (tx: Tx): Promise<void> => {
  for (const id of await tx.requests.touchPending(REFRESHED_MAX)) {
    await tx.outbox.add('notify', id);
  }
};
