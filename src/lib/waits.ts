/** What waits for a limit that a service sets, so that people can be notified that it does. */
import { setTimeout as delay } from 'node:timers/promises';

export type Waits = {
  wait(ms: number): Promise<void>;
  /** True while something waits, and has for a moment already. */
  isWaiting(): boolean;
};

/** So short a wait is not worth a word. */
const NOTICED_MS = 500;

export const createWaits = (): Waits => {
  const since = new Set<{ atMs: number }>();
  return {
    wait: async (ms) => {
      const mine = { atMs: performance.now() };
      since.add(mine);
      await delay(ms);
      since.delete(mine);
    },
    isWaiting: () => [...since].some(({ atMs }) => performance.now() - atMs > NOTICED_MS),
  };
};
