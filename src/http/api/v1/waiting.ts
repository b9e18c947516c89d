/**
 * Long polls. All that wait in this process are looked up together, twice a second and only while anybody waits; a change that this
 * process wrote wakes them at once.
 */

export type Versions = (ids: string[]) => Promise<{ id: string; version: number }[]>;

export type Waiting = {
  /** Resolves when the request is no longer at this version, the time is over, or the caller has gone. */
  change(id: string, version: number, of: { ms: number; signal: AbortSignal }): Promise<void>;
  /** Something was written: look soon. */
  poke(): void;
  /** Everything that waits is let go. */
  stop(): void;
};

/** Each holds one of the server's connections, of which there are a thousand. Who comes after these is answered soon: clicks of people need some. */
const WAITERS_MAX = 700;
const CROWDED_MS = 1_000;

const LOOK_MS = 500;
const POKED_MS = 20;

type Waiter = { id: string; version: number; wake: () => void };

type Looking = {
  versions: Versions;
  onError: (error: unknown) => void;
  waiters: Set<Waiter>;
  timer: NodeJS.Timeout | null;
  isLooking: boolean;
  isPoked: boolean;
  isStopped: boolean;
};

const look = async (all: Looking): Promise<void> => {
  all.isLooking = true;
  all.isPoked = false;
  try {
    const rows = await all.versions([...new Set([...all.waiters].map(({ id }) => id))]);
    const found = new Map(rows.map(({ id, version }) => [id, version]));
    for (const waiter of all.waiters) if (found.get(waiter.id) !== waiter.version) waiter.wake();
  } catch (error) {
    all.onError(error);
  } finally {
    all.isLooking = false;
    plan(all);
  }
};

const plan = (all: Looking): void => {
  if (all.timer || all.isLooking || all.isStopped || all.waiters.size === 0) return;
  const begin = (): void => {
    all.timer = null;
    look(all).catch(all.onError);
  };
  all.timer = setTimeout(begin, all.isPoked ? POKED_MS : LOOK_MS);
};

const forget = (all: Looking): void => {
  if (all.timer) clearTimeout(all.timer);
  all.timer = null;
};

type Wanted = { id: string; version: number; ms: number; signal: AbortSignal };

const changeOf = (all: Looking, { id, version, ms, signal }: Wanted): Promise<void> =>
  new Promise((resolve) => {
    if (all.isStopped || signal.aborted || ms <= 0) return resolve();
    const done = (): void => {
      clearTimeout(limit);
      signal.removeEventListener('abort', done);
      all.waiters.delete(waiter);
      resolve();
    };
    const limit = setTimeout(done, all.waiters.size >= WAITERS_MAX ? Math.min(ms, CROWDED_MS) : ms);
    const waiter: Waiter = { id, version, wake: done };
    signal.addEventListener('abort', done, { once: true });
    all.waiters.add(waiter);
    plan(all);
  });

export const createWaiting = (versions: Versions, onError: (error: unknown) => void): Waiting => {
  const flags = { timer: null, isLooking: false, isPoked: false, isStopped: false };
  const all: Looking = { versions, onError, waiters: new Set(), ...flags };
  return {
    change: (id, version, { ms, signal }) => changeOf(all, { id, version, ms, signal }),
    poke: () => {
      all.isPoked = true;
      forget(all);
      plan(all);
    },
    stop: () => {
      all.isStopped = true;
      forget(all);
      for (const waiter of all.waiters) waiter.wake();
    },
  };
};
