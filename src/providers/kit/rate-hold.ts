/** What an API asks of everybody who calls it: to wait. Nobody calls before that, since each call that is refused counts, too. */
import { setTimeout as delay } from 'node:timers/promises';
import { ProviderError } from '../provider.ts';

export type RateHold = {
  /** Waits where that is short. @throws ProviderError `throttled` where it is long: the caller tries again later. */
  passed(signal: AbortSignal): Promise<void>;
  /** `seconds`: null where the API says no time. */
  limited(seconds: number | null): ProviderError;
  /** It answered again. */
  clear(): void;
};

const SHORT_MS = 3_000;
/** Without a time, each further refusal doubles it. */
const FIRST_MS = 1_000;
const LONGEST_MS = 64_000;
/** GitHub's limits are of an hour. What names a longer time is a mistake, or means harm: ends of access wait for it, too. */
const BELIEVED_MS = 3_600_000;

export const createRateHold = (name: string): RateHold => {
  let untilMs = 0;
  let refusals = 0;
  const failure = (waitMs: number, isUntouched: boolean): ProviderError => {
    const sentence = `The rate limit of ${name} is reached. It asks to wait ${Math.ceil(waitMs / 1000)} s.`;
    return new ProviderError('throttled', sentence, { isUntouched });
  };
  const passed: RateHold['passed'] = async (signal) => {
    const waitMs = untilMs - performance.now();
    if (waitMs <= 0) return;
    if (waitMs > SHORT_MS) throw failure(waitMs, true);
    await delay(waitMs, undefined, { signal });
    await passed(signal);
  };
  return {
    passed,
    limited: (seconds) => {
      const now = performance.now();
      // Of many calls that were on their way together, only the first doubles it.
      if (now >= untilMs) refusals += 1;
      const byItself = Math.min(FIRST_MS * 2 ** (refusals - 1) * (0.75 + Math.random() / 2), LONGEST_MS);
      const waitMs = seconds === null ? byItself : Math.min(seconds * 1_000, BELIEVED_MS);
      if (seconds !== null || now >= untilMs) untilMs = Math.max(untilMs, now + waitMs);
      return failure(untilMs - now, false);
    },
    clear: () => {
      refusals = 0;
    },
  };
};
