/** An access token for an API, kept until shortly before its end and fetched once however many wait for it. What failed is not kept. */
import { orAborted } from '../../lib/or-aborted.ts';
import { within } from './time-limit.ts';

/** `lifeS`: as the issuer says it, by its own clock. */
export type Issued = { value: string; lifeS: number };

export type KeptToken = {
  get(signal: AbortSignal): Promise<string>;
  /** Where the API does not accept it before its time. */
  drop(): void;
};

const EARLY_S = 60;
const LIMIT = { ms: 15_000, sentence: 'No access token was given in time.' };

/** `ask` is given a signal of its own: that one who waits gives up must not stop it for the others. */
export const keepToken = (ask: (signal: AbortSignal) => Promise<Issued>): KeptToken => {
  let kept: { value: string; until: number } | null = null;
  let asked: Promise<string> | null = null;
  const askNow = async (): Promise<string> => {
    const sentAt = performance.now();
    const { value, lifeS } = await within(LIMIT, ask);
    kept = { value, until: sentAt + (lifeS - EARLY_S) * 1_000 };
    return value;
  };
  return {
    drop: () => {
      kept = null;
    },
    get: async (signal) => {
      if (kept !== null && kept.until > performance.now()) return kept.value;
      asked ??= askNow().finally(() => {
        asked = null;
      });
      return await orAborted(asked, signal);
    },
  };
};
