/** What a target says of a change: at once where it is consistent, several times in a row where a single answer proves little. */
import { setTimeout as delay } from 'node:timers/promises';
import { ProviderError } from '../provider.ts';
import { createPatience } from './patience.ts';

type ReadBack = {
  /** One look at the target, never at memory. */
  read: () => Promise<boolean>;
  /** Ends the sentence "The target did not say … within 5 s": `that the login is gone`. */
  what: string;
  /** So many equal answers in a row count as one. 1 unless given. */
  times?: number;
  everyMs?: number;
  withinMs?: number;
  signal: AbortSignal;
};

/** Resolves once `read` was true so many times in a row. @throws ProviderError `unavailable` where it was not in time. */
export const confirmed = async ({
  read,
  what,
  times = 1,
  everyMs = 100,
  withinMs = 5_000,
  signal,
}: ReadBack): Promise<void> => {
  const patience = createPatience(withinMs);
  for (let inARow = (await read()) ? 1 : 0; inARow < times; inARow = (await read()) ? inARow + 1 : 0) {
    if (patience.isOver())
      throw new ProviderError('unavailable', `The target did not say ${what} within ${withinMs / 1000} s.`);
    await delay(everyMs, undefined, { signal });
  }
};
