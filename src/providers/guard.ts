/** What stands between the app and a target: a time-out, a few quick tries, clean errors, and a count of every call. */
import { orAborted } from '../lib/or-aborted.ts';
import { setTimeout as delay } from 'node:timers/promises';
import { isVerb, METHODS, wrapMethods } from './methods.ts';
import type { Verb } from './methods.ts';
import { ProviderError, type Connection, type ProviderContext, type ProviderErrorKind } from './provider.ts';
import { scrubber, scrubError, type Scrub } from './scrub.ts';

type CallOutcome = 'ok' | ProviderErrorKind;
export type Call = { provider: string; target: string; verb: Verb; outcome: CallOutcome; durationMs: number };

type GuardOptions = {
  provider: string;
  target: string;
  /** Values that must appear in no message: `secretsIn(config)`. */
  secrets: readonly string[];
  /** For the whole call with its tries, where that is less than the call's own limit in `methods.ts`. */
  timeoutMs?: number;
  /** How often a passing failure is tried in one call; 4 unless given. Longer waits are the caller's. */
  maxAttempts?: number;
  /** Called once per call, when it is over. */
  onCall?: (call: Call) => void;
};

const MAX_ATTEMPTS = 4;
const FIRST_BACK_OFF_MS = 25;

type Context = Pick<ProviderContext, 'signal' | 'log'>;

/** System errors that say the target or the way to it is down. Anything else unknown is ours to look at. */
const UNREACHABLE =
  /^(?:E(?:CONN\w+|TIMEDOUT|PIPE|HOSTUNREACH|NETUNREACH|HOSTDOWN|AI_AGAIN|NOTFOUND|MFILE)|UND_ERR_\w+)$/;

const kindOfUnknown = (error: unknown): ProviderErrorKind => {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (UNREACHABLE.test(code)) return 'unavailable';
  return error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError
    ? 'misconfigured'
    : 'unavailable';
};

/** Every error as a ProviderError without secrets; an unknown one keeps its original as cause. */
const clean = (error: unknown, scrub: Scrub, target: string): ProviderError => {
  if (error instanceof ProviderError) {
    const scrubbed = scrubError(error, scrub);
    return scrubbed === error
      ? error
      : new ProviderError(error.kind, scrub(error.message), {
          cause: scrubError(error.cause, scrub),
          isUntouched: error.isUntouched,
        });
  }
  const detail = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new ProviderError(
    kindOfUnknown(error),
    scrub(`${target} failed in a way Latchkey does not know (${detail}).`),
    { cause: scrubError(error, scrub), isUnknown: true },
  );
};

const backOffMs = (attempt: number): number => FIRST_BACK_OFF_MS * 2 ** attempt * (0.5 + Math.random());

/**
 * An earlier try of the same call may have changed the target, and where the time was up it says why: the time-out itself says only that
 * it was.
 */
const withEarlier = (failure: ProviderError, earlier: readonly ProviderError[], isOver: boolean): ProviderError => {
  const last = earlier.at(-1);
  if (!last) return failure;
  const message = isOver ? `${failure.message} Before: ${last.message}` : failure.message;
  const isUntouched = failure.isUntouched && earlier.every((one) => one.isUntouched);
  return new ProviderError(failure.kind, message, { cause: failure.cause, isUntouched, isUnknown: failure.isUnknown });
};

const tries = async <T>(
  work: () => Promise<T>,
  options: { max: number; signal: AbortSignal; cleaned: (error: unknown) => ProviderError },
): Promise<T> => {
  const { signal, max, cleaned } = options;
  const earlier: ProviderError[] = [];
  for (;;) {
    try {
      if (earlier.length > 0) await orAborted(delay(backOffMs(earlier.length)), signal);
      return await orAborted(work(), signal);
    } catch (error) {
      const failure = cleaned(error);
      const isLast = signal.aborted || !failure.isRetried || earlier.length + 1 >= max;
      if (isLast) throw withEarlier(failure, earlier, signal.aborted);
      earlier.push(failure);
    }
  }
};

const guardedCall =
  (options: GuardOptions) =>
  async <T, C extends Context>(verb: Verb, ctx: C, work: (ctx: C) => Promise<T>): Promise<T> => {
    const { provider, target, maxAttempts = MAX_ATTEMPTS, onCall } = options;
    const timeoutMs = Math.min(options.timeoutMs ?? Number.POSITIVE_INFINITY, METHODS[verb].timeoutMs);
    const scrub = scrubber(options.secrets);
    const cleaned = (error: unknown): ProviderError => clean(error, scrub, target);
    const controller = new AbortController();
    const stop = (sentence: string): void => controller.abort(new ProviderError('unavailable', sentence));
    const onAbort = (): void => stop(`The call to ${target} was stopped before it finished.`);
    const timer = setTimeout(() => stop(`${target} did not finish "${verb}" within ${timeoutMs / 1000} s.`), timeoutMs);
    if (ctx.signal.aborted) onAbort();
    ctx.signal.addEventListener('abort', onAbort, { once: true });
    const startedAt = performance.now();
    let outcome: CallOutcome = 'ok';
    try {
      return await tries(() => work({ ...ctx, signal: controller.signal }), {
        max: maxAttempts,
        signal: controller.signal,
        cleaned,
      });
    } catch (error) {
      const failure = cleaned(error);
      outcome = failure.kind;
      throw failure;
    } finally {
      clearTimeout(timer);
      ctx.signal.removeEventListener('abort', onAbort);
      onCall?.({ provider, target, verb, outcome, durationMs: performance.now() - startedAt });
    }
  };

/**
 * Wraps a connection: each call has a deadline, `conflict`, `throttled` and `unavailable` are tried again for a moment, every failure is
 * a `ProviderError` without secrets, and `onCall` hears of each call. The wrapped connection is what the rest of the app uses.
 */
export const guard = <Scope, Handle>(
  connection: Connection<Scope, Handle>,
  options: GuardOptions,
): Connection<Scope, Handle> => {
  const call = guardedCall(options);
  return wrapMethods<Connection<Scope, Handle>>(connection, (name, method) => {
    if (!isVerb(name)) return method;
    // The context comes last in each of these.
    return (...args) => call(name, args.at(-1) as Context, async (inner) => await method(...args.slice(0, -1), inner));
  });
};
