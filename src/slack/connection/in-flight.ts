/** Counts the handlers at work, so that a stop can wait for them. */
import { withinMs } from '../../lib/timeout.ts';

export type InFlight = { track<T>(work: Promise<T>): Promise<T>; settled(patienceMs: number): Promise<void> };

export const createInFlight = (): InFlight => {
  const running = new Set<Promise<unknown>>();
  return {
    track: async (work) => {
      running.add(work);
      try {
        return await work;
      } finally {
        running.delete(work);
      }
    },
    settled: async (patienceMs) => {
      await withinMs(Promise.allSettled(running), patienceMs);
    },
  };
};
