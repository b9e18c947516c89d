/** Waits that are shorter than they say, for suites in which the code waits for a cloud more than it works. */
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers/promises';
import { afterAll, beforeAll } from 'vitest';

const real = { wait: timers.setTimeout, now: performance.now.bind(performance) };
/** What the clock is ahead for good: it never goes back, since other files of this process may have looked at it. */
let aheadMs = 0;

const setClock = (now: () => number): void => {
  performance.now = now;
};

/** `performance.now()` has gone on by so many milliseconds, for good. */
export const skipTime = (ms: number): void => {
  aheadMs += ms;
  setClock(() => real.now() + aheadMs);
};

/**
 * For this file, waits by `node:timers/promises` last `times` less long, and `performance.now()` goes as much faster, so that limits in
 * seconds are met after as many looks as usual. `Date` and plain timers stay: what a stand-in or a deadline measures by them is as it was.
 */
export const shortenWaits = (times: number): void => {
  let startedAt = 0;
  const gainedMs = (): number => (real.now() - startedAt) * (times - 1);
  beforeAll(() => {
    startedAt = real.now();
    const wait = <T>(ms?: number, value?: T, options?: Parameters<typeof timers.setTimeout>[2]): Promise<T> =>
      real.wait((ms ?? 0) / times, value, options);
    timers.setTimeout = wait;
    setClock(() => real.now() + aheadMs + gainedMs());
    syncBuiltinESMExports();
  });
  afterAll(() => {
    timers.setTimeout = real.wait;
    skipTime(gainedMs());
    syncBuiltinESMExports();
  });
};
