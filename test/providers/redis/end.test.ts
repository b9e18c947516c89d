/** Ends that hold: over ACL LOAD, restarts and nodes that are down; and drift that finds what came back, changed or vanished. */
import { afterEach, expect, test } from 'vitest';
import type { Json } from '../../../src/domain/json.ts';
import type { Connection, Difference, Ours, ProviderContext } from '../../../src/providers/provider.ts';
import { redis as provider } from '../../../src/providers/redis/redis.ts';
import { connectTo, contextOf, failureOf } from '../connection.ts';
import { createTarget, enter, READ, untilCut, usersOf, WRITE, type Target } from './target.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const rig = async (options: { nodes?: number; hasFile?: boolean } = {}) => {
  const target: Target = await createTarget(options);
  closing.push(target.drop);
  const connection: Connection<Json, Json> = connectTo(provider, target.config, { timeoutMs: 10_000 });
  closing.push(async () => await connection.disconnect());
  const [server] = target.nodes;
  if (!server) throw new Error('a target has a node');
  return { target, connection, server };
};

const oursOf = async (connection: Connection<Json, Json>, ctx: ProviderContext): Promise<Ours<Json> | undefined> =>
  (await connection.listOurs?.(ctx))?.find(({ grantId }) => grantId === ctx.grantId);

const kindsOf = async (
  connection: Connection<Json, Json>,
  ctx: ProviderContext,
  scope = READ,
): Promise<Difference['kind'][]> => {
  const ours = await oursOf(connection, ctx);
  return ours ? (connection.differences?.(scope, ours, ctx.expiresAt) ?? []).map(({ kind }) => kind) : [];
};

test('a grant and its end are in the ACL file at once, so ACL LOAD and a restart change neither', async () => {
  const { connection, server } = await rig();
  const [ctx, other] = [contextOf(), contextOf()];
  const access = await connection.grant(READ, ctx);
  const kept = await connection.grant(WRITE, other);
  expect(server.aclFile()).toContain(`lk_${ctx.grantId}_`);
  await server.admin.call('ACL', 'LOAD');
  expect(await connection.check(READ, access.handle, ctx)).toBe('present');
  (await enter(access.secret)).leave();
  await connection.revoke(READ, access.handle, ctx);
  expect(server.aclFile()).not.toContain(ctx.grantId);
  await server.admin.call('ACL', 'LOAD');
  await expect(enter(access.secret)).rejects.toThrow(/./);
  await server.kill();
  await server.start();
  await expect(enter(access.secret)).rejects.toThrow(/./);
  expect(await kindsOf(connection, other, WRITE)).toEqual([]);
  (await enter(kept.secret)).leave();
  expect(await connection.revoke(WRITE, kept.handle, other)).toBe('removed');
});

test('an end that could not be saved fails, and is whole when it is repeated', async () => {
  const { connection, server } = await rig();
  const ctx = contextOf();
  const access = await connection.grant(READ, ctx);
  await server.admin.call('ACL', 'SETUSER', 'latchkey', '-acl|save');
  expect((await failureOf(connection.revoke(READ, access.handle, ctx))).kind).toBe('denied');
  expect(server.aclFile()).toContain(ctx.grantId);
  await server.admin.call('ACL', 'SETUSER', 'latchkey', '+acl|save');
  await connection.revoke(READ, access.handle, ctx);
  expect(server.aclFile()).not.toContain(ctx.grantId);
});

test('a user that comes back after its end is found by its mark, and ended again', async () => {
  const { connection, server } = await rig();
  const ctx = contextOf();
  const access = await connection.grant(READ, ctx);
  const [, line = ''] = /^user (lk_.*)$/m.exec(server.aclFile()) ?? [];
  await connection.revoke(READ, access.handle, ctx);
  const [head = '', mark = ''] = line.split(/ (?=\()/);
  await server.admin.call('ACL', 'SETUSER', ...(head.split(' ') as [string]), mark);
  expect(await oursOf(connection, ctx)).toMatchObject({ handle: access.handle });
  expect(await connection.check(READ, access.handle, ctx)).toBe('present');
  expect(await connection.revoke(READ, undefined, ctx)).toBe('removed');
});

test('without an ACL file a restart takes the user away, which shows', async () => {
  const { connection, server } = await rig({ hasFile: false });
  const ctx = contextOf();
  const access = await connection.grant(READ, ctx);
  await server.kill();
  await server.start();
  // The user of Latchkey is gone as well, since nothing saved it.
  await server.admin.call('ACL', 'SETUSER', 'latchkey', 'on', '>manager-secret-1', '+@all');
  expect(await connection.check(READ, access.handle, ctx)).toBe('absent');
  expect(await oursOf(connection, ctx)).toBeUndefined();
  expect(await connection.revoke(READ, access.handle, ctx)).toBe('already_absent');
});

test.each([
  ['more commands', ['+set'], ['wider']],
  ['more keys', ['~other:*'], ['wider']],
  ['more channels', ['&*'], ['wider']],
  ['a selector', ['(~* +@all)'], ['wider']],
  ['a second password', ['>mine'], ['wider']],
  ['no password', ['nopass'], ['wider']],
  ['everything', ['allcommands', 'allkeys'], ['wider']],
  ['fewer commands', ['-get'], ['narrower']],
] as const)('drift finds %s and puts back what is wider', async (_what, rules, kinds) => {
  const { connection, server } = await rig();
  const ctx = contextOf();
  const access = await connection.grant(READ, ctx);
  expect(await kindsOf(connection, ctx)).toEqual([]);
  const { user } = access.handle as { user: string };
  await server.admin.call('ACL', 'SETUSER', user, ...rules);
  expect(await kindsOf(connection, ctx)).toEqual(kinds);
  await connection.restore?.(READ, ctx);
  expect(await kindsOf(connection, ctx)).toEqual([]);
  (await enter(access.secret)).leave();
});

test('a user that was closed by hand stays closed', async () => {
  const { connection, server } = await rig();
  const ctx = contextOf();
  const access = await connection.grant(READ, ctx);
  await server.admin.call('ACL', 'SETUSER', (access.handle as { user: string }).user, 'off');
  expect(await kindsOf(connection, ctx)).toEqual(['closed']);
  expect((await failureOf(connection.restore?.(READ, ctx))).kind).toBe('conflict');
  expect((await failureOf(connection.extend?.(READ, access.handle, ctx))).kind).toBe('denied');
  await expect(enter(access.secret)).rejects.toThrow(/./);
});

test('the expiry is moved in the mark, and what has ended is not brought back', async () => {
  const { connection, server } = await rig({ nodes: 2 });
  const ctx = contextOf();
  const access = await connection.grant(READ, ctx);
  const later = { ...ctx, expiresAt: new Date(ctx.expiresAt.getTime() + 600_000) };
  await connection.extend?.(READ, access.handle, later);
  expect((await oursOf(connection, ctx))?.expiresAt).toEqual(later.expiresAt);
  expect(await kindsOf(connection, ctx)).toEqual(['deadline']);
  (await enter(access.secret)).leave();
  await connection.revoke(READ, access.handle, ctx);
  expect((await failureOf(connection.extend?.(READ, access.handle, later))).kind).toBe('denied');
  expect(await usersOf(server, ctx.grantId)).toEqual([]);
});

test('a node that is down fails the end, which names it and is done on the others at once', async () => {
  const { connection, target } = await rig({ nodes: 3 });
  const ctx = contextOf();
  const access = await connection.grant(READ, ctx);
  const [, second, third] = target.nodes;
  if (!second || !third) throw new Error('three nodes');
  const session = await enter(access.secret, { port: third.port });
  await second.kill();
  const failure = await failureOf(connection.revoke(READ, access.handle, ctx));
  expect(failure).toMatchObject({ kind: 'unavailable' });
  expect(failure.message).toContain(`127.0.0.1:${second.port}`);
  await untilCut(session);
  expect(await usersOf(third, ctx.grantId)).toEqual([]);
  await second.start();
  // It came back from the ACL file of the node that was down.
  expect(await usersOf(second, ctx.grantId)).toHaveLength(1);
  expect(await connection.revoke(READ, access.handle, ctx)).toBe('removed');
  expect(await usersOf(second, ctx.grantId)).toEqual([]);
});

test('a user that vanished on one node of several is drift', async () => {
  const { connection, target } = await rig({ nodes: 2 });
  const ctx = contextOf();
  const access = await connection.grant(READ, ctx);
  const { user } = access.handle as { user: string };
  await target.nodes[1]?.admin.call('ACL', 'DELUSER', user);
  expect(await kindsOf(connection, ctx)).toEqual(['narrower']);
  await connection.revoke(READ, access.handle, ctx);
});

test('what remains is said by role, and that only Latchkey ends it', async () => {
  const { connection } = await rig();
  expect(connection.guarantee(READ)).toEqual({ endsBy: 'revoke', survives: null });
  expect(connection.guarantee(WRITE).survives).toContain('Keys that were written');
  await connection.preflight?.({}, contextOf());
  expect(connection.guarantee(READ)).toEqual({ endsBy: 'revoke', survives: null });
  expect(connection.guarantee(WRITE).survives).toContain('Keys that were written');
});
