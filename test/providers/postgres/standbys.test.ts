/** Sessions on standbys: a login comes in there too, and an end is whole when each standby has taken it over. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import pg from 'pg';
import type { Json } from '../../../src/domain/json.ts';
import type { Connection, Granted } from '../../../src/providers/provider.ts';
import { postgres as provider } from '../../../src/providers/postgres/postgres.ts';
import { waitUntil } from '../../../sandbox/src/embedded/wait.ts';
import { startWithStandby, type WithStandby } from '../../support/standby.ts';
import { connectTo, contextOf, failureOf, textWith } from '../connection.ts';
import { filesOf, VERSIONS } from './servers.ts';
import { configOf, createTarget, enter, untilCut, valueOf, type Session, type Target } from './target.ts';

/** Sessions and roles on a standby are the same on every version. */
const newest = VERSIONS.at(-1) ?? 0;

describe(`a target of Postgres ${newest} with a standby`, () => {
  let server: WithStandby;
  let target: Target;
  let connection: Connection<Json, Json>;
  const standbyUrl = (): string => {
    const url = new URL(target.managerUrl);
    url.port = String(server.standbyPort);
    return url.href;
  };
  beforeAll(async () => {
    server = await startWithStandby(filesOf(newest));
    target = await createTarget(server.primaryUrl);
    connection = connectTo(provider, configOf(target, { replicas: [standbyUrl()] }), { timeoutMs: 20_000 });
  });
  afterAll(async () => {
    await connection.disconnect();
    await target.drop();
    await server.stop();
  });

  const grant = async () => {
    const scope: Json = { member_of: [target.read] };
    const ctx = contextOf();
    return { scope, ctx, access: await connection.grant(scope, ctx) };
  };

  /** As soon as the standby knows the login. */
  const enterStandby = async ({ secret }: Granted<Json>): Promise<Session> => {
    const there = secret && {
      fields: secret.fields.map((field) =>
        field.label === 'URL' ? { ...field, value: field.value.replace(/:\d+\//, `:${server.standbyPort}/`) } : field,
      ),
    };
    let session: Session | null = null;
    await waitUntil(
      async () => {
        const [entered] = await Promise.allSettled([enter(there)]);
        if (entered.status === 'fulfilled') session = entered.value;
        return session !== null;
      },
      { timeoutMs: 60_000, what: `${valueOf(secret, 'User')} to come in on the standby` },
    );
    if (!session) throw new Error('nobody came in');
    return session;
  };

  test('an end cuts the sessions on the standby, and nobody comes back there', async () => {
    const { scope, ctx, access } = await grant();
    const session = await enterStandby(access);
    expect(await session.query('select * from orders')).toHaveLength(3);
    expect(await connection.activity?.(ctx)).toMatchObject([{ grantId: ctx.grantId }]);
    expect(await connection.revoke(scope, access.handle, ctx)).toBe('removed');
    await untilCut([session]);
    await expect(session.query('select 1')).rejects.toThrow(/./);
    expect(await connection.check(scope, access.handle, ctx)).toBe('absent');
    const admin = new pg.Client(standbyUrl());
    await admin.connect();
    const { rows } = await admin.query('select from pg_roles where rolname like $1', [`lk_${ctx.grantId}%`]);
    await admin.end();
    expect(rows).toEqual([]);
  });

  test('a session that holds up what the standby takes over is cut, and does not hold up the end', async () => {
    const { scope, ctx, access } = await grant();
    const session = await enterStandby(access);
    await target.sql('create table if not exists held (n int)');
    await target.sql(`grant select on held to ${target.read}`);
    await waitUntil(
      async () => (await Promise.allSettled([session.query('select * from held')]))[0].status === 'fulfilled',
      { timeoutMs: 60_000, what: 'the table to be on the standby' },
    );
    await session.query('begin; select * from held');
    // The standby waits with this, and with all that comes after it, for thirty seconds.
    await target.sql('drop table held');
    const startedAt = performance.now();
    expect(await connection.revoke(scope, access.handle, ctx)).toBe('removed');
    expect(performance.now() - startedAt).toBeLessThan(25_000);
    await untilCut([session]);
  });

  test('an end waits for a standby that is down, names it, and is whole when that is back', async () => {
    const { scope, ctx, access } = await grant();
    (await enterStandby(access)).leave().catch(() => undefined);
    await server.stopStandby();
    const failure = await failureOf(connection.revoke(scope, access.handle, ctx));
    expect(failure).toMatchObject({ kind: 'unavailable', message: textWith(`:${server.standbyPort}/`) });
    expect(await failureOf(connection.close(scope, access.handle, ctx))).toMatchObject({ kind: 'unavailable' });
    await expect(enter(access.secret)).rejects.toThrow(/./);
    await server.startStandby();
    expect(await connection.revoke(scope, access.handle, ctx)).toBe('removed');
    expect(await connection.check(scope, access.handle, ctx)).toBe('absent');
  });

  test('doctor says which of replicas is no standby', async () => {
    const findings = await connection.preflight?.({ read: { member_of: [target.read] } }, contextOf());
    expect(findings?.filter(({ level }) => level === 'error')).toEqual([]);
    const other = new URL(target.managerUrl);
    other.hostname = 'localhost';
    const wrong = connectTo(provider, configOf(target, { replicas: [other.href] }));
    const found = await wrong.preflight?.({}, contextOf());
    await wrong.disconnect();
    expect(found).toMatchObject([{ code: 'no_standby', level: 'warning', message: textWith('localhost') }]);
  });
});

test('replicas are checked as the url is', () => {
  const url = 'postgresql://latchkey:s3cret@db.test:5432/orders?sslmode=require';
  const problemsOf = (...replicas: string[]): string[] =>
    provider.configProblems({ url, replicas }).map(({ path, message }) => `${path}: ${message}`);
  expect(problemsOf('postgresql://latchkey:s3cret@standby.test:5432/orders?sslmode=require')).toEqual([]);
  expect(problemsOf(url)).toEqual([textWith('names a server twice')]);
  expect(problemsOf('standby.test:5432')).toEqual([textWith('replicas.0: must')]);
  expect(problemsOf('postgresql://latchkey:s3cret@standby.test/orders?options=x')).toEqual([textWith('replicas.0: ')]);
  const clear = provider.configWarnings({ url, replicas: ['postgresql://latchkey:s3cret@standby.test/orders'] });
  expect(clear).toEqual([{ path: 'replicas.0', message: textWith('standby.test is not encrypted') }]);
});
