/** Jobs that name no waiting work are dropped. They are counted, and the log has one line a minute for all of them. */
import type { Log } from '../lib/log.ts';

/**
 * `unreadable`: not what Latchkey writes. `unknown`: no row of that kind and hand-over, as after a repetition. `early`: its time has
 * not come. `failed`: the queue itself gave it up.
 */
export type DropReason = 'unreadable' | 'unknown' | 'early' | 'failed';
export type DroppedJobs = { add(reason: DropReason): void };

const QUIET_MS = 60_000;

const SENTENCE =
  'jobs in Redis that fit no waiting work were dropped; many of them mean that somebody else writes to this Redis';

export const createDroppedJobs = (log: Log, onDropped: (reason: DropReason) => void): DroppedJobs => {
  let counts: Partial<Record<DropReason, number>> = {};
  let saidAtMs = Number.NEGATIVE_INFINITY;
  return {
    add: (reason) => {
      onDropped(reason);
      counts[reason] = (counts[reason] ?? 0) + 1;
      if (performance.now() - saidAtMs < QUIET_MS) return;
      saidAtMs = performance.now();
      log.warn({ dropped: counts }, SENTENCE);
      counts = {};
    },
  };
};
