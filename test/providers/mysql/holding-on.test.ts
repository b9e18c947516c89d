/** A log-in that waits between its name and its password while the access ends: the server has read the account by then. */
import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Json } from '../../../src/domain/json.ts';
import type { Connection, Secret } from '../../../src/providers/provider.ts';
import { mysql as provider } from '../../../src/providers/mysql/mysql.ts';
import { connectTo, contextOf } from '../connection.ts';
import { configOf, createTarget, scopeOf, valueOf, type Target } from './target.ts';

let target: Target;
let connection: Connection<Json, Json>;
beforeAll(async () => {
  target = await createTarget();
  connection = connectTo(provider, configOf(target));
});
afterAll(async () => {
  await connection.disconnect();
  await target.drop();
});

const HEAD = 4;
const SCRAMBLE = 20;
/** Protocol 4.1, secure passwords, plugins (mariadb.com/kb/en/connection). */
const CAPABILITIES = 0x1 | 0x200 | 0x8000 | 0x80000;

const sha1 = (...parts: Buffer[]): Buffer => createHash('sha1').update(Buffer.concat(parts)).digest();

/** Packets of the protocol; null when the server has closed the connection. */
const openWire = (port: number) => {
  const socket = connect(port, '127.0.0.1');
  let bytes = Buffer.alloc(0);
  let wake = (): void => undefined;
  socket.on('data', (data: Buffer) => {
    bytes = Buffer.concat([bytes, data]);
    wake();
  });
  socket.on('close', () => wake());
  socket.on('error', () => undefined);
  const read = async (): Promise<Buffer | null> => {
    while (bytes.length < HEAD || bytes.length < HEAD + bytes.readUIntLE(0, 3)) {
      if (socket.destroyed) return null;
      await new Promise<void>((resolve) => (wake = resolve));
    }
    const end = HEAD + bytes.readUIntLE(0, 3);
    const packet = bytes.subarray(HEAD, end);
    bytes = bytes.subarray(end);
    return packet;
  };
  const send = (sequence: number, body: Buffer): void => {
    const head = Buffer.alloc(HEAD);
    head.writeUIntLE(body.length, 0, 3);
    head.writeUInt8(sequence, 3);
    socket.write(Buffer.concat([head, body]));
  };
  return { read, send, leave: () => socket.destroy() };
};

/** Says who it is, by a way that the account does not have: the server asks for the password another way, and waits. */
const beginLogin = async (secret: Secret | undefined) => {
  const wire = openWire(Number(valueOf(secret, 'Port')));
  await wire.read();
  const head = Buffer.alloc(32);
  head.writeUInt32LE(CAPABILITIES, 0);
  head.writeUInt32LE(1 << 24, 4);
  head.writeUInt8(33, 8);
  wire.send(1, Buffer.concat([head, Buffer.from(`${valueOf(secret, 'User')}\0\0dialog\0`)]));
  const asked = (await wire.read()) ?? Buffer.alloc(0);
  expect(asked[0]).toBe(0xfe);
  const from = asked.indexOf(0, 1) + 1;
  const scramble = asked.subarray(from, from + SCRAMBLE);
  const once = sha1(Buffer.from(valueOf(secret, 'Password')));
  const mask = sha1(scramble, sha1(once));
  /** 0 where it is in. */
  const finish = async (): Promise<number | null> => {
    wire.send(3, Buffer.from(once.map((byte, at) => byte ^ (mask[at] ?? 0))));
    return (await wire.read())?.[0] ?? null;
  };
  return { finish, leave: wire.leave };
};

test('a log-in that was begun before the end, and goes on after it, does not come in', async () => {
  const scope = scopeOf(target.read);
  const ctx = contextOf();
  const { handle, secret } = await connection.grant(scope, ctx);
  const control = await beginLogin(secret);
  expect(await control.finish()).toBe(0);
  const held = await beginLogin(secret);
  expect(await connection.revoke(scope, handle, ctx)).toBe('removed');
  expect(await held.finish()).toBeNull();
  expect(await connection.check(scope, handle, ctx)).toBe('absent');
  for (const login of [control, held]) login.leave();
});
