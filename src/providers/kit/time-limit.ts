/** Work that many wait for has a time limit of its own, and what it ends with there is a sentence. */
import { ProviderError } from '../provider.ts';

type Limit = { ms: number; sentence: string; stopping?: AbortSignal };

export const within = async <T>(
  { ms, sentence, stopping }: Limit,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> => {
  const controller = new AbortController();
  const stop = (): void => controller.abort(new ProviderError('unavailable', sentence));
  const timer = setTimeout(stop, ms);
  if (stopping?.aborted) stop();
  stopping?.addEventListener('abort', stop, { once: true });
  try {
    return await work(controller.signal);
  } catch (error) {
    throw controller.signal.aborted ? controller.signal.reason : error;
  } finally {
    clearTimeout(timer);
    stopping?.removeEventListener('abort', stop);
  }
};
