/** A connection may give itself a name of any size, which stands in every list of connections: no end waits for such a list. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Json } from '../../../src/domain/json.ts';
import type { Connection, Secret } from '../../../src/providers/provider.ts';
import { redis as provider } from '../../../src/providers/redis/redis.ts';
import { openSocket, type RawSocket } from '../../support/raw-socket.ts';
import { connectTo, contextOf } from '../connection.ts';
import { createTarget, READ, valueOf, type Target } from './target.ts';

const LONG = 'x'.repeat(20_000_000);

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

const enter = async (secret: Secret | undefined): Promise<RawSocket> => {
  const socket = await openSocket(target.nodes[0]?.port ?? 0);
  socket.write(`HELLO 2 AUTH ${valueOf(secret, 'User')} ${valueOf(secret, 'Password')}\r\n`);
  await socket.until('*14');
  return socket;
};

/** It takes no right. */
const nameIt = async (socket: RawSocket, name: string): Promise<void> => {
  const words = ['HELLO', '2', 'SETNAME', name];
  socket.write(`*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}PING\r\n`);
  await socket.until('NOPERM');
};

test('access ends while its own connection, and that of another, have names that no list holds', async () => {
  const [ctx, other] = [contextOf(), contextOf()];
  const [mine, theirs] = [await connection.grant(READ, ctx), await connection.grant(READ, other)];
  const [socket, beside] = [await enter(mine.secret), await enter(theirs.secret)];
  await nameIt(socket, LONG);
  await nameIt(beside, LONG);
  expect(await connection.close(READ, mine.handle, ctx)).toBe('closed');
  await Promise.all([socket.closed(), beside.closed()]);
  // The other access goes on.
  await (await enter(theirs.secret)).until('*14');
  expect(await connection.activity?.(ctx)).toEqual([expect.objectContaining({ grantId: other.grantId })]);
  expect(await connection.revoke(READ, mine.handle, ctx)).toBe('removed');
  expect(await connection.revoke(READ, theirs.handle, other)).toBe('removed');
});
