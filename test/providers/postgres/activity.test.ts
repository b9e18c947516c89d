/** What counts as use of a login, and what Latchkey's own role can see of it with the least rights. */
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Json } from '../../../src/domain/json.ts';
import type { Connection, InUse } from '../../../src/providers/provider.ts';
import { grantOfLogin } from '../../../src/providers/postgres/login-name.ts';
import { postgres } from '../../../src/providers/postgres/postgres.ts';
import { waitUntil } from '../../../sandbox/src/embedded/wait.ts';
import { connectTo, contextOf } from '../connection.ts';
import { HOSTILE_SERVERS, type TestServer } from './servers.ts';
import { configOf, createTarget, enter, valueOf, type Target } from './target.ts';

const PROTOCOL_3 = 0x0003_0000;

/** Says who it is and then nothing more: the server has asked for the password when this resolves. */
const knock = async (url: string): Promise<Socket> => {
  const { hostname, port, username, pathname } = new URL(url);
  const body = Buffer.from(`user\0${username}\0database\0${pathname.slice(1)}\0\0`);
  const head = Buffer.alloc(8);
  head.writeInt32BE(body.length + 8, 0);
  head.writeInt32BE(PROTOCOL_3, 4);
  const socket = connect(Number(port), hostname);
  const asked = new Promise<string>((resolve, reject) => {
    socket.once('data', (data) => resolve(data.toString('latin1', 0, 1)));
    socket.once('error', reject);
  });
  socket.write(Buffer.concat([head, body]));
  expect(await asked).toBe('R');
  return socket;
};

describe.each(HOSTILE_SERVERS)('the use of a login on $title', ({ start }) => {
  let target: Target;
  let server: TestServer;
  let connection: Connection<Json, Json>;
  let scope: Json;

  beforeAll(async () => {
    server = await start();
    target = await createTarget(server.adminUrl, server.makers, server.template);
    connection = connectTo(postgres, configOf(target));
    scope = { member_of: [target.read, target.write], set_role: target.write };
  });
  afterAll(async () => {
    await connection.disconnect();
    await target.drop();
    await server.stop();
  });

  const seen = async (grantId: string): Promise<InUse | undefined> =>
    (await connection.activity?.(contextOf()))?.find((one) => one.grantId === grantId);
  /** How old the sessions of a grant are, oldest first, asked past the provider. */
  const agesOf = async (grantId: string): Promise<number[]> => {
    const rows = await target.sql<{ ms: number }>(
      `select (extract(epoch from clock_timestamp() - backend_start) * 1000)::double precision as ms
       from pg_stat_activity where usename like $1 order by 1 desc`,
      [`%${grantId}%`],
    );
    return rows.map(({ ms }) => ms);
  };
  const seeingAll = async (work: () => Promise<void>): Promise<void> => {
    await target.sql(`grant pg_read_all_stats to ${target.manager}`);
    await work();
    await target.sql(`revoke pg_read_all_stats from ${target.manager}`);
  };

  test('a session that acts as the group, or as nobody but itself, is its login in use', async () => {
    const ctx = contextOf();
    const access = await connection.grant(scope, ctx);
    const session = await enter(access.secret);
    expect(await session.query('select current_user::text as role')).toEqual([{ role: target.write }]);
    expect(await seen(ctx.grantId)).toBeDefined();
    await session.query('set role none');
    expect(await seen(ctx.grantId)).toBeDefined();
    await session.query(`set role ${target.read}; begin; select 1`);
    expect(await seen(ctx.grantId)).toBeDefined();
    await session.leave();
    await connection.revoke(scope, access.handle, ctx);
  });

  test('with the least rights it is seen that somebody is in, as of the look, and with pg_read_all_stats since when', async () => {
    const ctx = contextOf();
    const access = await connection.grant(scope, ctx);
    await enter(access.secret);
    expect(await seen(ctx.grantId)).toEqual({ grantId: ctx.grantId, forMs: 0 });
    await seeingAll(async () => {
      const [atLeastMs = 0] = await agesOf(ctx.grantId);
      const { forMs = -1 } = (await seen(ctx.grantId)) ?? {};
      const [atMostMs = 0] = await agesOf(ctx.grantId);
      expect(atLeastMs).toBeGreaterThan(0);
      expect(forMs).toBeGreaterThanOrEqual(atLeastMs);
      expect(forMs).toBeLessThanOrEqual(atMostMs);
      const cut: InUse[] = [];
      await connection.revoke(scope, access.handle, { ...ctx, onInUse: (one) => void cut.push(one) });
      expect(Math.max(...cut.map((one) => one.forMs))).toBeGreaterThanOrEqual(atMostMs);
    });
  });

  test('of several sessions the oldest that is still there counts', async () => {
    await seeingAll(async () => {
      const ctx = contextOf();
      const access = await connection.grant(scope, ctx);
      const oldest = await enter(access.secret);
      await enter(access.secret);
      const [oldestMs = 0] = await agesOf(ctx.grantId);
      expect((await seen(ctx.grantId))?.forMs).toBeGreaterThanOrEqual(oldestMs);
      await oldest.leave();
      await waitUntil(async () => (await agesOf(ctx.grantId)).length === 1, {
        timeoutMs: 60_000,
        what: 'the older session to be gone',
      });
      const { forMs = Infinity } = (await seen(ctx.grantId)) ?? {};
      expect(forMs).toBeLessThanOrEqual((await agesOf(ctx.grantId))[0] ?? 0);
      await connection.revoke(scope, access.handle, ctx);
    });
  });

  test('whoever has not given the password has not used it', async () => {
    const ctx = contextOf();
    const access = await connection.grant(scope, ctx);
    const socket = await knock(valueOf(access.secret, 'URL'));
    expect(await seen(ctx.grantId)).toBeUndefined();
    socket.destroy();
    await connection.revoke(scope, access.handle, ctx);
  });

  test("a login that another target of the server made, by its mark, is that target's to report", async () => {
    const ctx = contextOf();
    const access = await connection.grant(scope, ctx);
    const login = valueOf(access.secret, 'User');
    const session = await enter(access.secret);
    const [mark] = await target.sql<{ text: string }>(
      `select shobj_description(oid, 'pg_authid') as text from pg_roles where rolname = $1`,
      [login],
    );
    const text = mark?.text ?? '';
    await target.sql(`comment on role ${login} is '${text.replace(target.database, 'elsewhere')}'`);
    expect(await seen(ctx.grantId)).toBeUndefined();
    await target.sql(`comment on role ${login} is '${text}'`);
    expect(await seen(ctx.grantId)).toBeDefined();
    await session.leave();
    await connection.revoke(scope, access.handle, ctx);
  });
});

test.each([
  ['without a mark', 'lk_abc_ada', null],
  ['with the comment of somebody else', 'lk_abc_ada', 'mine now'],
  ['with the mark of another grant', 'lk_abd_ada', '{"latchkey":{"grant":"abc","database":"prod"}}'],
  ['with the mark of another database', 'lk_abc_ada', '{"latchkey":{"grant":"abc","database":"test"}}'],
])('a role %s is no login of ours, whoever is in it', (_what, role, comment) =>
  expect(grantOfLogin(role, comment, 'prod')).toBeNull(),
);
