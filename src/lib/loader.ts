/** Shares look-ups between callers without ever giving anyone an answer that is older than their question. */

type Slot<T> = { pending: Promise<T> | null; running: Promise<unknown> | null };

export type Loader<K, T> = {
  /** The answer of a call that starts after this one; callers who come while a call runs share the next one. */
  fresh(key: K): Promise<T>;
  /** An answer at most `ttlMs` old, or a fresh one. */
  recent(key: K): Promise<T>;
};

/** Entries kept for `recent`; the oldest goes first. */
const CACHE_MAX = 5_000;

export const createLoader = <K, T>(load: (key: K) => Promise<T>, ttlMs: number): Loader<K, T> => {
  const slots = new Map<K, Slot<T>>();
  const cache = new Map<K, { value: T; at: number }>();

  const keep = (key: K, value: T): void => {
    cache.delete(key);
    cache.set(key, { value, at: performance.now() });
    const [oldest] = cache.keys();
    if (cache.size > CACHE_MAX && oldest !== undefined) cache.delete(oldest);
  };

  const begin = async (key: K, slot: Slot<T>): Promise<T> => {
    // Waits at least one turn of the microtask queue, so that callers of one burst are gathered before the call starts.
    await slot.running;
    slot.pending = null;
    const call = load(key);
    const settled = call.then(
      () => undefined,
      () => undefined,
    );
    slot.running = settled;
    try {
      const value = await call;
      keep(key, value);
      return value;
    } finally {
      if (slot.pending === null && slot.running === settled) slots.delete(key);
    }
  };

  const fresh = (key: K): Promise<T> => {
    const slot = slots.get(key) ?? { pending: null, running: null };
    slots.set(key, slot);
    slot.pending ??= begin(key, slot);
    return slot.pending;
  };

  const recent = (key: K): Promise<T> => {
    const kept = cache.get(key);
    return kept && performance.now() - kept.at < ttlMs ? Promise.resolve(kept.value) : fresh(key);
  };

  return { fresh, recent };
};
