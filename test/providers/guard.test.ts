/** What stands between the app and a target keeps its promises whatever the target does. */
import { inspect } from 'node:util';
import { describe, expect, test, vi } from 'vitest';
import { guard, type Call } from '../../src/providers/guard.ts';
import { ProviderError, type Connection, type ProviderContext } from '../../src/providers/provider.ts';
import { secretsIn } from '../../src/providers/scrub.ts';
import { contextOf, failureOf, textWith } from './connection.ts';

type Check = (ctx: ProviderContext, attempt: number) => Promise<'present' | 'absent'>;

const CONFIG = {
  url: 'postgresql://latchkey:hun%2Fter22@db/prod',
  api_token: 'tok-1234',
  connect: { host: 'db.acme.test' },
};

/** A connection whose check does what the test says. */
const guarded = (check: Check, options: { timeoutMs?: number } = {}) => {
  const calls: Call[] = [];
  let attempts = 0;
  const connection: Connection<string, string> = {
    grant: async () => ({ handle: 'h' }),
    close: async () => 'closed',
    revoke: async () => 'removed',
    check: async (_scope, _handle, ctx) => await check(ctx, (attempts += 1)),
    activity: () => new Promise(() => undefined),
    guarantee: () => ({ endsBy: 'revoke', survives: null }),
    disconnect: async () => undefined,
  };
  const wrapped = guard(connection, {
    provider: 'test',
    target: 'orders-db',
    secrets: secretsIn(CONFIG),
    onCall: (call) => calls.push(call),
    ...options,
  });
  return {
    run: async (ctx = contextOf()) => await wrapped.check('s', 'h', ctx),
    wrapped,
    calls,
    attempts: () => attempts,
  };
};

const fails =
  (error: Error): Check =>
  async () => {
    throw error;
  };

describe('the guard', () => {
  test('a look that comes again in a moment is given up sooner than work is', async () => {
    vi.useFakeTimers();
    const { wrapped, calls } = guarded(() => new Promise(() => undefined));
    const [look, work] = [failureOf(wrapped.activity?.(contextOf())), failureOf(wrapped.check('s', 'h', contextOf()))];
    await vi.advanceTimersByTimeAsync(5_000);
    expect(calls).toMatchObject([{ verb: 'activity', outcome: 'unavailable' }]);
    await vi.advanceTimersByTimeAsync(15_000);
    expect(calls).toMatchObject([{ verb: 'activity' }, { verb: 'check', outcome: 'unavailable' }]);
    expect([(await look).message, (await work).message]).toEqual([textWith('within 5 s'), textWith('within 20 s')]);
    vi.useRealTimers();
  });

  test.each(['conflict', 'throttled', 'unavailable'] as const)(
    'a passing %s is tried again and never seen',
    async (kind) => {
      const { run, attempts, calls } = guarded(async (_ctx, attempt) => {
        if (attempt < 3) throw new ProviderError(kind, 'not now');
        return 'present';
      });
      expect(await run()).toBe('present');
      expect(attempts()).toBe(3);
      expect(calls).toMatchObject([{ provider: 'test', target: 'orders-db', verb: 'check', outcome: 'ok' }]);
    },
  );

  test('one that does not pass is given up after four tries, with its own kind', async () => {
    const { run, attempts, calls } = guarded(fails(new ProviderError('throttled', 'full')));
    expect(await failureOf(run())).toMatchObject({ kind: 'throttled', message: 'full' });
    expect(attempts()).toBe(4);
    expect(calls).toMatchObject([{ outcome: 'throttled' }]);
  });

  test.each(['denied', 'misconfigured', 'unsupported'] as const)('%s goes to a human at once', async (kind) => {
    const { run, attempts } = guarded(fails(new ProviderError(kind, 'no')));
    expect(await failureOf(run())).toMatchObject({ kind });
    expect(attempts()).toBe(1);
  });

  test('a target that hangs and does not listen to the signal is left after the time-out', async () => {
    const { run, calls } = guarded(async () => await new Promise(() => undefined), { timeoutMs: 50 });
    expect(await failureOf(run())).toMatchObject({
      kind: 'unavailable',
      message: 'orders-db did not finish "check" within 0.05 s.',
    });
    expect(calls[0]?.outcome).toBe('unavailable');
    expect(calls[0]?.durationMs).toBeGreaterThan(40);
  });

  test('a time-out says what went wrong before', async () => {
    let attempt = 0;
    const work = async (): Promise<never> =>
      await ((attempt += 1) === 1
        ? Promise.reject(new ProviderError('unavailable', 'Node 2 is down.'))
        : new Promise<never>(() => undefined));
    expect(await failureOf(guarded(work, { timeoutMs: 500 }).run())).toMatchObject({
      kind: 'unavailable',
      message: 'orders-db did not finish "check" within 0.5 s. Before: Node 2 is down.',
    });
  });

  test('the time-out reaches the provider as a signal', async () => {
    let isNotified = false;
    const { run } = guarded(
      async (ctx) => {
        ctx.signal.addEventListener('abort', () => (isNotified = true));
        return await new Promise(() => undefined);
      },
      { timeoutMs: 50 },
    );
    await failureOf(run());
    expect(isNotified).toBe(true);
  });

  test('a caller that stops is obeyed at once', async () => {
    const stopping = new AbortController();
    const { run, attempts } = guarded(async () => await new Promise(() => undefined));
    const failure = failureOf(run(contextOf({ signal: stopping.signal })));
    stopping.abort();
    expect(await failure).toMatchObject({
      kind: 'unavailable',
      message: 'The call to orders-db was stopped before it finished.',
    });
    expect(attempts()).toBe(1);
  });

  test('no known secret is left anywhere in an error, in whatever form a target repeats it', async () => {
    const inner = Object.assign(new Error('password hun/ter22 refused'), { code: 'E_tok-1234', input: CONFIG.url });
    for (const error of [inner, new ProviderError('denied', `cannot open ${CONFIG.url}`, { cause: inner })]) {
      const failure = await failureOf(guarded(fails(error)).run());
      const everything = inspect(failure, { depth: 10, showHidden: true });
      for (const secret of ['hun/ter22', 'hun%2Fter22', 'tok-1234']) expect(everything).not.toContain(secret);
      expect(failure.message).toContain('[hidden]');
    }
  });

  test('an unknown error is unavailable when the way there is down, and keeps its original as cause', async () => {
    const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
    const failure = await failureOf(guarded(fails(refused)).run());
    expect(failure.kind).toBe('unavailable');
    expect(failure.cause).toBe(refused);
  });

  test('a mistake in our own code is for a human and not tried again', async () => {
    const { run, attempts } = guarded(fails(new TypeError('x is not a function')));
    expect(await failureOf(run())).toMatchObject({ kind: 'misconfigured' });
    expect(attempts()).toBe(1);
  });

  test('what a connection does not offer, the guarded one does not offer either', () => {
    const { wrapped } = guarded(async () => 'absent');
    expect([wrapped.extend, wrapped.revokeMany, wrapped.listOurs, wrapped.preflight]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});

test('secrets of a config are its URLs with a password, in every form, and values under telling keys', () => {
  expect(secretsIn(CONFIG).sort()).toEqual(
    ['hun%2Fter22', 'hun/ter22', 'postgresql://latchkey:hun%2Fter22@db/prod', 'tok-1234'].sort(),
  );
  expect(secretsIn({ host: 'db', ports: [1, 2], nested: [{ password: 'deep-one' }] })).toEqual(['deep-one']);
});
