/** Work on one key is never done twice at a time; work on different keys goes on side by side. */

/**
 * Anyone who comes while it is done waits for it to be done once more, and shares that with everybody who waits: what they came for
 * happened before it begins.
 */
export const oneAtATime = <T>(work: (key: string) => Promise<T>): ((key: string) => Promise<T>) => {
  const running = new Map<string, Promise<T>>();
  const waiting = new Map<string, Promise<T>>();
  const begin = (key: string): Promise<T> => {
    const run = work(key).finally(() => running.delete(key));
    running.set(key, run);
    return run;
  };
  return (key) => {
    const before = running.get(key);
    if (!before) return begin(key);
    const known = waiting.get(key);
    if (known) return known;
    const next = Promise.allSettled([before]).then(() => {
      waiting.delete(key);
      return begin(key);
    });
    waiting.set(key, next);
    return next;
  };
};
