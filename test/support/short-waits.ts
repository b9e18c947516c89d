/** Waits that are shorter than they say, for suites in which the code waits for a cloud more than it works. */
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers/promises';
import { afterAll, beforeAll } from 'vitest';

/**
 * For this file, waits by `node:timers/promises` last `times` less long, and `performance.now()` goes as much faster, so that limits in
 * seconds are met after as many looks as usual. `Date` and plain timers stay: what a stand-in or a deadline measures by them is as it was.
 */
export const shortenWaits = (times: number): void => {
  const real = { wait: timers.setTimeout, now: performance.now };
  beforeAll(() => {
    const startedAt = performance.now();
    const wait = <T>(ms?: number, value?: T, options?: Parameters<typeof timers.setTimeout>[2]): Promise<T> =>
      real.wait((ms ?? 0) / times, value, options);
    timers.setTimeout = wait;
    performance.now = () => startedAt + (real.now.call(performance) - startedAt) * times;
    syncBuiltinESMExports();
  });
  afterAll(() => {
    timers.setTimeout = real.wait;
    performance.now = real.now;
    syncBuiltinESMExports();
  });
};
