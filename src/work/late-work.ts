/** Work that Redis did not bring in time is done from Postgres. Anyone who holds Redis up, or writes into it, delays work and cannot keep it from being done. */
import type { Log } from '../lib/log.ts';
import { startLoop } from '../lib/loop.ts';
import type { Loop } from '../lib/loop.ts';
import type { Store } from '../application/deps.ts';
import type { Late } from '../application/record/outbox.ts';
import type { Local } from './local.ts';

const POLL_MS = 1_000;
/** Longer than work waits in a queue that is well. */
const BY_REDIS: Late = { handedOutMs: 30_000, waitingMs: 30_000 };
/** Redis brings nothing now. What it was given just before may still be in hand. */
const WITHOUT_REDIS: Late = { handedOutMs: 2_000, waitingMs: 0 };

export type LateWorkDeps = {
  store: { outbox: Pick<Store['outbox'], 'lateKinds' | 'keepLate'> };
  local: Pick<Local, 'room' | 'take'>;
  /** Whether work can be handed to Redis now. */
  isRedisUsable: () => boolean;
  /** What is late while Redis can be used; half a minute if left out. */
  byRedis?: Late;
  log: Log;
};

export const startLateWork = ({ store, local, isRedisUsable, byRedis = BY_REDIS, log }: LateWorkDeps): Loop =>
  startLoop({
    everyMs: POLL_MS,
    run: async () => {
      const isUsable = isRedisUsable();
      const late = isUsable ? byRedis : WITHOUT_REDIS;
      for (const kind of await store.outbox.lateKinds(late)) {
        const limit = local.room(kind);
        const kept = limit > 0 ? await store.outbox.keepLate(kind, { ...late, limit }) : [];
        if (kept.length > 0 && isUsable)
          log.warn({ kind, count: kept.length }, 'work that Redis did not bring in time is done without it');
        local.take(kept);
      }
    },
    onError: (error) => log.error({ err: error }, 'the look for late work failed; the next pass tries again'),
  });
