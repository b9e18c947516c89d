/** Warns people that their access is about to end: marks whose time has come, by the database clock; the messages follow. */
import type { Deps } from '../deps.ts';

/** A thousand that end together are all warned in one pass of the sweep. */
const BATCH = 1_000;

export const warnDue = (deps: Deps): Promise<void> =>
  deps.store.transaction(async (tx) => {
    for (const { requestId } of await tx.grants.warnDue(BATCH)) await tx.outbox.add('notify', requestId);
  });
