/** Waiting for a state, woken by changes, never by a timer that looks again. */
import type { State } from './state.ts';

export type WaitOptions = { timeoutMs?: number; what?: string };

const recently = (state: State): string => {
  const calls = state.calls.slice(-8).map((call) => {
    const error = typeof call.answer.error === 'string' ? ` -> ${call.answer.error}` : '';
    return `${call.method}${error}`;
  });
  return calls.length === 0 ? 'The app has called nothing yet.' : `Last calls: ${calls.join(', ')}.`;
};

/** Resolves with what the predicate gives as soon as that is neither false nor nothing. */
export const waitFor = <T>(
  state: State,
  predicate: () => T | undefined | null | false,
  options: WaitOptions = {},
): Promise<T> => {
  const timeoutMs = options.timeoutMs ?? 60_000;
  return new Promise((resolve, reject) => {
    let finish = (): void => undefined;
    const look = (): void => {
      try {
        const found = predicate();
        if (found === undefined || found === null || found === false) return;
        finish();
        resolve(found);
      } catch (error) {
        finish();
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    };
    const timer = setTimeout(() => {
      finish();
      const what = options.what ?? 'what was waited for';
      reject(new Error(`${what} did not come in ${timeoutMs} ms. ${recently(state)}`));
    }, timeoutMs);
    const stop = state.subscribe(look);
    finish = () => {
      clearTimeout(timer);
      stop();
    };
    look();
  });
};
