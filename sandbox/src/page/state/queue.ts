/** Sends what people fill in one request at a time, so that a value can never arrive after the submit that should hold it. */
import type { Act } from '../../page-server/act.ts';

export type Queue = {
  /** A later act under the same key takes the place of one that still waits. */
  put: (key: string, act: Act) => void;
  /** When everything put so far was answered. */
  idle: () => Promise<void>;
};

export const createQueue = (ask: (act: Act) => Promise<unknown>, onTrouble: (error: unknown) => void): Queue => {
  const waiting = new Map<string, Act>();
  let running: Promise<void> | undefined;
  const run = async (): Promise<void> => {
    for (let next = waiting.entries().next(); !next.done; next = waiting.entries().next()) {
      const [key, act] = next.value;
      waiting.delete(key);
      try {
        await ask(act);
      } catch (error) {
        onTrouble(error);
      }
    }
    running = undefined;
  };
  return {
    put: (key, act) => {
      waiting.set(key, act);
      running ??= run();
    },
    idle: async () => {
      while (running !== undefined) await running;
    },
  };
};
