/** Lets so many pieces of work run at once and no more; the rest waits its turn. */
export type Lanes = <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>;

/** Anyone who gives up while waiting rejects with the signal's reason, and its work is never begun. */
export const createLanes = (width: number): Lanes => {
  const waiting: (() => void)[] = [];
  let free = width;
  const leave = (): void => {
    const next = waiting.shift();
    if (next) next();
    else free += 1;
  };
  const enter = async (signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted();
    if (free > 0) {
      free -= 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const begin = (): void => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = (): void => {
        waiting.splice(waiting.indexOf(begin), 1);
        reject(signal.reason as Error);
      };
      waiting.push(begin);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  };
  return async (work, signal) => {
    await enter(signal);
    try {
      return await work();
    } finally {
      leave();
    }
  };
};
