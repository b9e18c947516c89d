/** How often something may be done in a minute, by whom. Bounded: the names come from outside. */

/** `retryMs`: when the minute is over, where there was too much in it; else null. */
export type PerMinute = (name: string) => { retryMs: number | null };

const WINDOW_MS = 60_000;
const NAMES_MAX = 10_000;

export const createPerMinute = (max: number, now: () => number = () => performance.now()): PerMinute => {
  const windows = new Map<string, { from: number; count: number }>();
  return (name) => {
    const at = now();
    const known = windows.get(name);
    if (known && at - known.from < WINDOW_MS) {
      known.count += 1;
      return { retryMs: known.count <= max ? null : WINDOW_MS - (at - known.from) };
    }
    windows.delete(name);
    windows.set(name, { from: at, count: 1 });
    if (windows.size > NAMES_MAX) windows.delete(windows.keys().next().value ?? '');
    return { retryMs: null };
  };
};
