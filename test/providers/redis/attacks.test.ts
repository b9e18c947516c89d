/** What somebody who was granted access could try, to keep some of it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Json } from '../../../src/domain/json.ts';
import type { Connection } from '../../../src/providers/provider.ts';
import { redis as provider } from '../../../src/providers/redis/redis.ts';
import { waitUntil } from '../../../sandbox/src/embedded/wait.ts';
import { connectTo, contextOf, failureOf } from '../connection.ts';
import { createTarget, enter, READ, untilCut, usersOf, WRITE, type Session, type Target } from './target.ts';

let target: Target;
let connection: Connection<Json, Json>;
beforeAll(async () => {
  target = await createTarget();
  connection = connectTo(provider, target.config);
});
afterAll(async () => {
  await connection.disconnect();
  await target.drop();
});

const scopeOf = (...commands: string[]): Json => ({ keys: ['app:*'], commands, channels: [] });

describe('a role by which access could be kept', () => {
  test.each([
    ...['+@all', '+@admin', '+@dangerous', '+@scripting', '+acl', '+acl|setuser', '+ACL|WhoAmI', '+allcommands'],
    ...['+config', '+config|get', '+module', '+module|load', '+debug', '+function', '+function|load', '+script|load'],
    ...['+replicaof', '+slaveof', '+failover', '+client', '+client|no-evict', '+client|kill', '+eval', '+fcall'],
    ...['+flushall', '+migrate', '+monitor', '+shutdown', '+cluster'],
    ...['~*', '>password', 'on', 'nopass', 'allkeys', 'reset', '(+@all ~*)', '+get on', '+@read\n+@all', '#abc', '+'],
  ])('is refused when the policy is loaded: %j', (rule) => {
    const [problem, ...others] = provider.scopeProblems(scopeOf('+@read', rule));
    expect(problem?.message).toMatch(/^must (not )?be/);
    expect(others).toEqual([]);
  });

  test.each([
    ['+@connection', 'client|kill'],
    ['+@slow', 'acl|setuser'],
    ['+@keyspace', 'flushall'],
    ['+@write', 'function|load'],
    ['+lastsave', 'lastsave'],
    ['+pfdebug', 'pfdebug'],
    ['+role', 'role'],
  ])('is refused by what the server says of it, with rules that fix it: %s', async (rule, command) => {
    const scope = scopeOf(rule);
    const findings = (await connection.preflight?.({ risky: scope }, contextOf())) ?? [];
    expect(findings.map(({ level, code }) => ({ level, code }))).toEqual([{ level: 'error', code: 'role_refused' }]);
    const failure = await failureOf(connection.grant(scope, contextOf()));
    expect(failure.kind).toBe('misconfigured');
    const remedy = /Add at the end of its commands: ([^:]+)\.$/.exec(failure.message)?.[1]?.split(' ') ?? [];
    const ctx = contextOf();
    const fixed = scopeOf('+ping', rule, ...remedy);
    const access = await connection.grant(fixed, ctx);
    const session = await enter(access.secret);
    const [first, ...rest] = [...command.split('|'), 'x', 'x', 'x'];
    await expect(session.redis.call(first, ...rest)).rejects.toThrow(/NOPERM|wrong number/);
    session.leave();
    await connection.revoke(fixed, access.handle, ctx);
  });

  test('that names what this server does not know is refused', async () => {
    for (const rule of ['+nosuchcommand', '+@nosuchcategory', '+xinfo|nosuch', '-nosuchcommand']) {
      const failure = await failureOf(connection.grant(scopeOf('+@read', rule), contextOf()));
      expect(failure).toMatchObject({ kind: 'misconfigured' });
      expect(failure.message).toContain(`does not know ${rule}`);
    }
  });

  test.each(['a b', '~app', '(x', 'x)', 'a\nb', '&x'])('keys hold no rules: %j', (key) => {
    expect(provider.scopeProblems({ keys: [key], commands: ['+@read'] })).toHaveLength(1);
    expect(provider.scopeProblems({ keys: [], channels: [key], commands: ['+@read'] })).toHaveLength(1);
  });
});

describe('an open connection', () => {
  const hold: [string, (session: Session) => Promise<unknown>][] = [
    ['that waits in BLPOP', async ({ redis }) => void redis.blpop('app:nothing', 0).catch(() => undefined)],
    [
      'that waits in XREAD',
      async ({ redis }) => void redis.call('XREAD', 'BLOCK', '0', 'STREAMS', 'app:stream', '$').catch(() => undefined),
    ],
    [
      'in MULTI',
      async ({ redis }) => {
        await redis.call('MULTI');
        await redis.call('SET', 'app:multi', 'x');
      },
    ],
    [
      'with a name like a field',
      async ({ redis }) => await redis.client('SETNAME', 'user=default').catch(() => undefined),
    ],
  ];
  test.each(hold)('%s is cut, and what it had queued is not done', async (_what, begin) => {
    const ctx = contextOf();
    const access = await connection.grant(WRITE, ctx);
    const session = await enter(access.secret);
    await begin(session);
    expect(await connection.revoke(WRITE, access.handle, ctx)).toBe('removed');
    await untilCut(session);
    expect(await target.nodes[0]?.admin.get('app:multi')).toBeNull();
    await expect(enter(access.secret)).rejects.toThrow(/./);
  });

  test('that is subscribed is cut', async () => {
    const ctx = contextOf();
    const scope: Json = { keys: [], commands: ['+subscribe'], channels: ['news:*'] };
    const access = await connection.grant(scope, ctx);
    const session = await enter(access.secret);
    await session.redis.subscribe('news:a');
    await connection.revoke(scope, access.handle, ctx);
    await untilCut(session);
  });

  test('of clients that come back all the time are gone at the end', async () => {
    const ctx = contextOf();
    const access = await connection.grant(READ, ctx);
    let isOver = false;
    let ins = 0;
    const comeBack = async (): Promise<void> => {
      while (!isOver) {
        const [session] = await Promise.allSettled([enter(access.secret)]);
        if (session.status === 'fulfilled') ins += 1;
        else if (ins > 0) return;
      }
    };
    const all = Array.from({ length: 5 }, comeBack);
    await waitUntil(() => ins > 10, { timeoutMs: 60_000, what: 'clients to come in' });
    await connection.revoke(READ, access.handle, ctx);
    const list = String(await target.nodes[0]?.admin.client('LIST'));
    isOver = true;
    expect(list).not.toContain(`lk_${ctx.grantId}`);
    await Promise.all(all);
  });
});

test('a granted user may reach its keys and channels alone, and not the users', async () => {
  const ctx = contextOf();
  const access = await connection.grant(WRITE, ctx);
  const { redis, leave } = await enter(access.secret);
  expect(await redis.get('app:order:2')).toBe('order 2');
  for (const words of [
    ['GET', 'other:secret'],
    ['ACL', 'LIST'],
    ['ACL', 'SETUSER', 'x', 'on'],
    ['CONFIG', 'GET', '*'],
    ['EVAL', 'return 1', '0'],
    ['FUNCTION', 'LIST'],
    ['FLUSHALL'],
    ['PUBLISH', 'other', 'x'],
    ['CLIENT', 'LIST'],
  ])
    await expect(redis.call(...(words as [string]))).rejects.toThrow(/NOPERM/);
  leave();
  await connection.revoke(WRITE, access.handle, ctx);
});

test.each([
  ['by its rules', ['~*', '+get']],
  ['by a selector', ['(~* +get)']],
])(
  'a server that lets everybody in without a password %s is refused: the end would end nothing',
  async (_how, rules) => {
    const { admin } = target.nodes[0] ?? {};
    await admin?.call('ACL', 'SETUSER', 'guest', 'on', 'nopass', ...rules);
    const failure = await failureOf(connection.grant(READ, contextOf()));
    expect(failure).toMatchObject({ kind: 'misconfigured' });
    expect(failure.message).toContain('ACL SETUSER guest off');
    const findings = await connection.preflight?.({}, contextOf());
    expect(findings?.map(({ level, code }) => ({ level, code }))).toEqual([{ level: 'error', code: 'open_user' }]);
    await admin?.call('ACL', 'DELUSER', 'guest');
  },
);

test('a user with our name and without our mark is left alone', async () => {
  const ctx = contextOf();
  const server = target.nodes[0];
  const name = `lk_${ctx.grantId}_ada_lovelace`;
  await server?.admin.call('ACL', 'SETUSER', name, 'on', '>theirs', '+get');
  expect((await failureOf(connection.grant(READ, ctx))).kind).toBe('denied');
  expect((await failureOf(connection.revoke(READ, undefined, ctx))).message).toContain(`ACL DELUSER ${name}`);
  expect(await connection.listLookalikes?.({}, ctx)).toMatchObject([{ kind: 'lookalike', name }]);
  expect(server && (await usersOf(server, ctx.grantId))).toEqual([name]);
  await server?.admin.call('ACL', 'DELUSER', name);
});

test('no log of commands and no list of users holds the password', async () => {
  const ctx = contextOf();
  const access = await connection.grant(READ, ctx);
  const password = access.secret?.fields.find(({ name }) => name === 'password')?.value ?? '';
  const list = JSON.stringify(await target.nodes[0]?.admin.call('ACL', 'LIST'));
  expect(password).toMatch(/^[\w-]{43}$/);
  expect(list).toContain(ctx.grantId);
  expect(list).not.toContain(password);
  expect(target.nodes[0]?.aclFile()).not.toContain(password);
  await connection.revoke(READ, access.handle, ctx);
});
