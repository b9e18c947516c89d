/** A guarded connection and a context, as the app makes them. */
import { expect } from 'vitest';
import type { Json } from '../../src/domain/json.ts';
import { guard, type Call } from '../../src/providers/guard.ts';
import type { AnyProvider } from '../../src/providers/any-provider.ts';
import { ProviderError, type Connection, type ProviderContext } from '../../src/providers/provider.ts';
import { secretsIn } from '../../src/providers/scrub.ts';
import { newId } from '../../src/lib/ids.ts';

export const connectTo = (
  provider: AnyProvider,
  config: Json,
  options: { timeoutMs?: number; maxAttempts?: number; onCall?: (call: Call) => void } = {},
): Connection<Json, Json> =>
  guard(provider.connect(config), {
    provider: provider.id,
    target: 'orders-db',
    secrets: secretsIn(config),
    ...options,
  });

const silent = { info: () => undefined, warn: () => undefined };

export const contextOf = (change: Partial<ProviderContext> & { lastsMs?: number } = {}): ProviderContext => {
  const { lastsMs = 600_000, ...rest } = change;
  return {
    grantId: newId(),
    person: { id: 'T1:U1', name: 'Ada Lovelace', email: 'ada@acme.test' },
    expiresAt: new Date(Date.now() + lastsMs),
    signal: new AbortController().signal,
    log: silent,
    ...rest,
  };
};

/** Does it with a deadline that is near, and still ahead when it is done: a machine that was too slow for one gets a later one. */
export const beforeItsDeadline = async <T>(
  act: (ctx: ProviderContext) => Promise<T>,
): Promise<{ ctx: ProviderContext; done: T }> => {
  for (let lastsMs = 1_500; ; lastsMs *= 3) {
    const ctx = contextOf({ lastsMs });
    const isAhead = (): boolean => Date.now() < ctx.expiresAt.getTime();
    const [tried] = await Promise.allSettled([act(ctx)]);
    if (tried.status === 'fulfilled' && isAhead()) return { ctx, done: tried.value };
    if (tried.status === 'rejected' && (isAhead() || lastsMs > 15_000)) throw tried.reason;
  }
};

/** The ProviderError that a call ends with; fails when it ends well or with another error. */
export const failureOf = async <T>(work: Promise<T> | undefined): Promise<ProviderError> => {
  const [result] = await Promise.allSettled([work]);
  if (result.status === 'fulfilled') throw new Error(`expected a failure, got ${JSON.stringify(result.value)}`);
  if (result.reason instanceof ProviderError) return result.reason;
  throw result.reason;
};

/** Matches a text that holds `part`. */
export const textWith = (part: string): string => expect.stringContaining(part) as string;
