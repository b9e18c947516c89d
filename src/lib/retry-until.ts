/** For a step that must not be given up easily, since giving it up cannot be undone. */
import { setTimeout as delay } from 'node:timers/promises';

const PAUSE_MS = 100;

/** Tries again until it succeeds or `forMs` are over; rejects as the last attempt did. */
export const retryUntil = async <T>(forMs: number, work: () => Promise<T>): Promise<T> => {
  const endsAt = performance.now() + forMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() > endsAt) throw error;
      await delay(PAUSE_MS);
    }
  }
};

/** Waits for all of them, also where one fails: what goes on unwatched would go on beyond what was held for it. */
export const allOf = async <T>(work: Promise<T>[]): Promise<T[]> => {
  await Promise.allSettled(work);
  return Promise.all(work);
};
