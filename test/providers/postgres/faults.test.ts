/** A target that is down, hangs, is full, or was configured wrongly: the right kind of failure, a sentence, and no secret in it. */
import { createServer, type Server as Listener } from 'node:net';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../../sandbox/src/embedded/port.ts';
import { waitUntil } from '../../../sandbox/src/embedded/wait.ts';
import { postgres } from '../../../src/providers/postgres/postgres.ts';
import type { Json } from '../../../src/domain/json.ts';
import type { ProviderError } from '../../../src/providers/provider.ts';
import { startPrivatePostgres, testServices, type PrivateServer } from '../../support/services.ts';
import { connectTo, contextOf, failureOf, textWith } from '../connection.ts';
import { configOf, createTarget, enter, untilCut, urlFor, type Target } from './target.ts';

const listenOn = async (port: number): Promise<Listener> => {
  const listener = createServer((socket) => socket.on('error', () => socket.destroy()));
  await new Promise<void>((resolve) => {
    listener.listen(port, '127.0.0.1', resolve);
  });
  return listener;
};

/** Everything a log could print of an error, its causes included. */
const allOf = (failure: ProviderError): string => inspect(failure, { depth: 10, showHidden: true });

describe('a target that cannot serve', () => {
  let target: Target;
  let scope: Json;

  beforeAll(async () => {
    target = await createTarget(testServices().adminUrl);
    scope = { member_of: [target.read] };
  });
  afterAll(async () => await target.drop());

  const grantFails = async (config: Json, options: { timeoutMs?: number } = {}): Promise<ProviderError> => {
    const connection = connectTo(postgres, config, options);
    const failure = await failureOf(connection.grant(scope, contextOf()));
    await connection.disconnect();
    return failure;
  };

  test('nobody listens: unavailable, said with its address', async () => {
    const port = await freePort();
    const failure = await grantFails({ url: `postgresql://latchkey:hunter22@127.0.0.1:${port}/prod` });
    expect(failure).toMatchObject({ kind: 'unavailable', message: textWith(`127.0.0.1:${port}/prod`) });
    expect(failure.message).toContain('nothing answers there');
    expect(allOf(failure)).not.toContain('hunter22');
  });

  test('somebody listens and never answers: unavailable once the time is over', async () => {
    const port = await freePort();
    const listener = await listenOn(port);
    const failure = await grantFails(
      { url: `postgresql://latchkey:hunter22@127.0.0.1:${port}/prod` },
      { timeoutMs: 300 },
    );
    expect(failure).toMatchObject({ kind: 'unavailable', message: 'orders-db did not finish "grant" within 0.3 s.' });
    listener.close();
  });

  test('a host name nobody knows: unavailable', async () => {
    expect(await grantFails({ url: 'postgresql://latchkey:hunter22@no-such-host.invalid/prod' })).toMatchObject({
      kind: 'unavailable',
    });
  });

  test('a wrong password: misconfigured, tried once, and the password is nowhere in the error', async () => {
    const failure = await grantFails(
      configOf(target, { url: urlFor(target.managerUrl, { password: 'wrong-%C3%BC-password' }) }),
    );
    expect(failure).toMatchObject({ kind: 'misconfigured', message: textWith('check user and password') });
    for (const form of ['wrong-', '%C3%BC', 'ü-password']) expect(allOf(failure)).not.toContain(form);
  });

  test('a database that does not exist, and an unknown user: misconfigured', async () => {
    expect(
      await grantFails(configOf(target, { url: urlFor(target.managerUrl, { database: 'nowhere' }) })),
    ).toMatchObject({ kind: 'misconfigured' });
    expect(
      await grantFails(configOf(target, { url: urlFor(target.managerUrl, { user: 'nobody_here' }) })),
    ).toMatchObject({ kind: 'misconfigured' });
  });

  test('a server without TLS where TLS is asked for: a failure, never a connection in the clear', async () => {
    expect(await grantFails(configOf(target, { sslmode: 'require' }))).toMatchObject({
      kind: 'misconfigured',
      message: textWith('it has no TLS'),
    });
  });

  test('a login of Latchkey that may not make roles: denied', async () => {
    await target.sql(`alter role ${target.manager} nocreaterole`);
    expect(await grantFails(configOf(target))).toMatchObject({ kind: 'denied' });
    await target.sql(`alter role ${target.manager} createrole`);
  });

  test('no connection left for Latchkey: throttled, and it works when there is one again', async () => {
    await target.sql(`alter role ${target.manager} connection limit 0`);
    expect(await grantFails(configOf(target))).toMatchObject({ kind: 'throttled' });
    await target.sql(`alter role ${target.manager} connection limit -1`);
    const connection = connectTo(postgres, configOf(target));
    const ctx = contextOf();
    const access = await connection.grant(scope, ctx);
    expect(await connection.revoke(scope, access.handle, ctx)).toBe('removed');
    await connection.disconnect();
  });

  test('a grant that was stopped half way leaves no login behind', async () => {
    const blocker = connectTo(postgres, configOf(target), { timeoutMs: 300 });
    const ctx = contextOf();
    const held = target.sql('begin; lock table pg_authid in share mode; select pg_sleep(1); commit');
    await waitUntil(
      async () =>
        (await target.sql(`select from pg_locks where relation = 'pg_authid'::regclass and mode = 'ShareLock'`))
          .length > 0,
      {
        timeoutMs: 60_000,
        what: 'the lock to be held',
      },
    );
    expect(await failureOf(blocker.grant(scope, ctx))).toMatchObject({ kind: 'unavailable' });
    await held;
    const isOver = async (): Promise<boolean> =>
      (await target.sql(`select from pg_stat_activity where usename = $1 and state <> 'idle'`, [target.manager]))
        .length === 0;
    await waitUntil(isOver, { timeoutMs: 60_000, what: 'the abandoned transaction to end' });
    expect(await blocker.check(scope, undefined, ctx)).toBe('absent');
    await blocker.disconnect();
  });
});

describe('a target that goes away and comes back', () => {
  let server: PrivateServer;
  let target: Target;

  beforeAll(async () => {
    server = await startPrivatePostgres();
    target = await createTarget(server.url);
  });
  afterAll(async () => {
    await target.drop();
    await server.remove();
  });

  test('while it is down the end fails as unavailable, and afterwards it succeeds over the same connection', async () => {
    const connection = connectTo(postgres, configOf(target));
    const scope = { member_of: [target.read] };
    const ctx = contextOf();
    const access = await connection.grant(scope, ctx);
    const session = await enter(access.secret);
    await server.stop();
    await untilCut([session]);
    expect(await failureOf(connection.revoke(scope, access.handle, ctx))).toMatchObject({ kind: 'unavailable' });
    expect(await failureOf(connection.check(scope, access.handle, ctx))).toMatchObject({ kind: 'unavailable' });
    expect(await connection.preflight?.({ read: scope }, ctx)).toMatchObject([{ level: 'error', code: 'unavailable' }]);
    await server.start();
    expect(await connection.check(scope, access.handle, ctx)).toBe('present');
    expect(await connection.revoke(scope, access.handle, ctx)).toBe('removed');
    await connection.disconnect();
  });

  test('connections that died while idle are replaced without a failure', async () => {
    const connection = connectTo(postgres, configOf(target));
    const scope = { member_of: [target.read] };
    const ctx = contextOf();
    await connection.check(scope, undefined, ctx);
    await target.sql('select pg_terminate_backend(pid) from pg_stat_activity where usename = $1', [target.manager]);
    const access = await connection.grant(scope, ctx);
    expect(await connection.revoke(scope, access.handle, ctx)).toBe('removed');
    await connection.disconnect();
  });
});
