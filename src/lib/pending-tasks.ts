/** Keeps hold of work that nobody awaits, so that a stop can wait for it and no failure goes unheard. */
export type InFlight = { add(work: Promise<unknown>): void; settled(): Promise<void> };

export const createInFlight = (onError: (error: unknown) => void): InFlight => {
  const running = new Set<Promise<unknown>>();
  return {
    add: (work) => {
      const tracked: Promise<unknown> = work.catch(onError).finally(() => running.delete(tracked));
      running.add(tracked);
    },
    settled: async () => {
      while (running.size > 0) await Promise.all(running);
    },
  };
};
