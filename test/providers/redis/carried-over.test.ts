/** What a borrower begins under their access and goes on with as another user of the same server: AUTH ends no subscription. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Json } from '../../../src/domain/json.ts';
import type { Connection } from '../../../src/providers/provider.ts';
import { redis as provider } from '../../../src/providers/redis/redis.ts';
import { openSocket, type RawSocket } from '../../support/raw-socket.ts';
import { connectTo, contextOf } from '../connection.ts';
import { createTarget, READ, valueOf, type Target } from './target.ts';

const NEWS: Json = { keys: [], commands: ['+@pubsub', '+ping'], channels: ['news:*'] };
const TRACKING: Json = { keys: ['app:*'], commands: ['+@read', '+client|tracking'], channels: [] };

let target: Target;
let connection: Connection<Json, Json>;
beforeAll(async () => {
  target = await createTarget();
  connection = connectTo(provider, target.config);
  for (const [user, ...rules] of [
    ['mallory', '+ping'],
    ['billing', '&bills:*', '+subscribe', '+ping'],
    ['newsroom', '&news:*', '+subscribe', '+ping'],
    ['everything', '&*', '+subscribe', '+ping'],
    ['tracker', '+client|tracking', '+ping'],
  ] as const)
    await admin().call('ACL', 'SETUSER', user, 'on', '>own-password', 'resetchannels', '-@all', ...rules);
});
afterAll(async () => {
  await connection.disconnect();
  await target.drop();
});

const admin = () => {
  const [server] = target.nodes;
  if (!server) throw new Error('a target has a node');
  return server.admin;
};

/** Says it, and waits for the answer. */
const say = async (socket: RawSocket, line: string, answer: string): Promise<void> => {
  socket.write(`${line}\r\n`);
  await socket.until(answer);
};

const enter = async (user: string, password: string): Promise<RawSocket> => {
  const socket = await openSocket(target.nodes[0]?.port ?? 0);
  await say(socket, `HELLO 3 AUTH ${user} ${password}`, 'proto');
  return socket;
};

const grant = async (scope: Json, user: { name: string } = { name: 'Mallory' }) => {
  const person = { id: 'T1:U1', email: 'mallory@acme.test', ...user };
  const ctx = contextOf({ person });
  const { handle, secret } = await connection.grant(scope, ctx);
  return {
    enter: () => enter(valueOf(secret, 'User'), valueOf(secret, 'Password')),
    login: `${valueOf(secret, 'User')} ${valueOf(secret, 'Password')}`,
    end: () => connection.revoke(scope, handle, ctx),
  };
};

test('a subscription ends with the access that it was begun by, also in a connection that is another user by then', async () => {
  const news = await grant(NEWS);
  const longer = await grant(READ);
  const [as, other] = [await news.enter(), await news.enter()];
  for (const socket of [as, other]) await say(socket, 'PSUBSCRIBE news:*', 'psubscribe');
  await say(as, 'AUTH mallory own-password', '+OK');
  await say(other, `AUTH ${longer.login}`, '+OK');
  await admin().publish('news:a', 'before');
  await as.until('before');
  expect(await news.end()).toBe('removed');
  await Promise.all([as.closed(), other.closed()]);
  await admin().publish('news:a', 'after');
  expect(`${as.received()}${other.received()}`).not.toContain('after');
  await longer.end();
});

test('what a connection is told of keys ends with the access that it was begun by', async () => {
  const tracking = await grant(TRACKING);
  const socket = await tracking.enter();
  await say(socket, 'CLIENT TRACKING ON BCAST', '+OK');
  socket.write('AUTH mallory own-password\r\nPING\r\n');
  await socket.until('PONG');
  expect(await tracking.end()).toBe('removed');
  await socket.closed();
  expect(socket.isOpen()).toBe(false);
});

test('clients that could have begun it themselves are left alone', async () => {
  const open = async (user: string, line: string): Promise<RawSocket> => {
    const socket = await enter(user, 'own-password');
    await say(socket, line, line.startsWith('CLIENT') ? '+OK' : 'subscribe');
    return socket;
  };
  const kept = [
    await open('newsroom', 'SUBSCRIBE news:a'),
    await open('everything', 'SUBSCRIBE news:a'),
    await open('tracker', 'CLIENT TRACKING ON BCAST'),
    await enter('mallory', 'own-password'),
  ];
  const [met] = [await open('billing', 'SUBSCRIBE bills:a')];
  const access = await grant({ ...(NEWS as object), commands: ['+@pubsub', '+client|tracking'] });
  await access.end();
  await met?.closed();
  for (const socket of kept) await say(socket, 'PING', 'PONG');
  expect(kept.map((socket) => socket.isOpen())).toEqual([true, true, true, true]);
  for (const socket of kept) socket.socket.destroy();
});

test('clients that were there before the access are left alone', async () => {
  const ctx = contextOf();
  const { handle, secret } = await connection.grant(NEWS, ctx);
  const before = await enter('billing', 'own-password');
  await say(before, 'SUBSCRIBE bills:a', 'subscribe');
  // As if it had been granted later: nobody waits for it.
  const user = valueOf(secret, 'User');
  const list = (await admin().call('ACL', 'LIST')) as string[];
  const [, mark = '', begun = ''] =
    /(%R~latchkey:\w+:\d+:\w+):(\d+)/.exec(list.find((line) => line.includes(user)) ?? '') ?? [];
  expect(Math.abs(Number(begun) - Date.now())).toBeLessThan(60_000);
  await admin().call(
    'ACL',
    'SETUSER',
    user,
    'clearselectors',
    `(${mark}:${Number(begun) + 3_600_000} resetchannels -@all)`,
  );
  expect(await connection.revoke(NEWS, handle, ctx)).toBe('removed');
  await say(before, 'PING', 'PONG');
  before.socket.destroy();
});
