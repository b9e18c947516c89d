/** What a login looks like in the target, and that making it stands crowds, hostile names and other people's hands. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Json } from '../../../src/domain/json.ts';
import { postgres } from '../../../src/providers/postgres/postgres.ts';
import type { Connection, Granted, ProviderContext } from '../../../src/providers/provider.ts';
import { connectTo, contextOf, failureOf, textWith } from '../connection.ts';
import { HOSTILE_SERVERS, type TestServer } from './servers.ts';
import { configOf, createTarget, enter, valueOf, type Target } from './target.ts';

const HOSTILE_NAMES = [
  `Robert'); DROP ROLE postgres;--`,
  '"; drop table orders; --',
  `\\'; select 1; --`,
  '$$ $1 %s ${x}',
  'Ωμέγα Жанна 王小明',
  '😀'.repeat(50),
  'x'.repeat(10_000),
  'null\0byte\r\n\t',
  '\ud800 lone surrogate',
  '<!channel> `@here`',
  '',
  '___',
];

describe.each(HOSTILE_SERVERS)('a login on $title', ({ start }) => {
  let target: Target;
  let server: TestServer;
  let connection: Connection<Json, Json>;
  let scope: Json;

  beforeAll(async () => {
    server = await start();
    target = await createTarget(server.adminUrl, server.makers, server.template);
    connection = connectTo(postgres, configOf(target, { connect: { host: '127.0.0.1' } }));
    scope = { member_of: [target.read] };
  });
  afterAll(async () => {
    await connection.disconnect();
    await target.drop();
    await server.stop();
  });

  const granted = async (ctx: ProviderContext, wanted: Json = scope): Promise<Granted<Json> & { login: string }> => {
    const access = await connection.grant(wanted, ctx);
    return { ...access, login: valueOf(access.secret, 'User') };
  };
  const rowOf = async (login: string): Promise<Record<string, unknown> | undefined> =>
    (
      await target.sql(
        `select rolcanlogin, rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls, rolinherit, rolconnlimit, rolvaliduntil, rolconfig,
        rolpassword, shobj_description(oid, 'pg_authid')::json as comment from pg_authid join pg_roles using (oid, rolname, rolcanlogin, rolsuper, rolcreatedb,
        rolcreaterole, rolreplication, rolbypassrls, rolinherit, rolconnlimit, rolvaliduntil) where rolname = $1`.replace(
          'rolpassword,',
          'pg_authid.rolpassword,',
        ),
        [login],
      )
    )[0];

  test('it has no right but its groups, a deadline, a limit, and says whose it is', async () => {
    const ctx = contextOf();
    const access = await granted(ctx, { member_of: [target.read], connection_limit: 2 });
    expect(access.login).toBe(`lk_${ctx.grantId}_ada_lovelace`);
    expect(await rowOf(access.login)).toMatchObject({
      rolcanlogin: true,
      rolsuper: false,
      rolcreatedb: false,
      rolcreaterole: false,
      rolreplication: false,
      rolbypassrls: false,
      rolinherit: false,
      rolconnlimit: 2,
      rolvaliduntil: ctx.expiresAt,
      rolconfig: [`role=${target.read}`],
      rolpassword: expect.stringMatching(/^SCRAM-SHA-256\$4096:/) as string,
      comment: {
        latchkey: {
          grant: ctx.grantId,
          database: target.database,
          person: 'Ada Lovelace',
          until: ctx.expiresAt.toISOString(),
        },
      },
    });
    expect(valueOf(access.secret, 'Password')).toMatch(/^[\w-]{43}$/);
    await connection.revoke(scope, access.handle, ctx);
  });

  test('of a client it carries the name of the client, in the login and in its mark', async () => {
    const { grantId, expiresAt, signal, log } = contextOf();
    const client = { id: 'client:api-deploy', name: 'api-deploy' };
    const ctx: ProviderContext = { grantId, expiresAt, signal, log, client };
    const access = await granted(ctx);
    expect(access.login).toBe(`lk_${grantId}_api_deploy`);
    expect(await rowOf(access.login)).toMatchObject({
      comment: { latchkey: { grant: grantId, client: 'api-deploy' } },
    });
    await connection.revoke(scope, access.handle, ctx);
    expect(await rowOf(access.login)).toBeUndefined();
  });

  test('more sessions than its limit are refused, and the target caps what a role asks for', async () => {
    const capped = connectTo(postgres, configOf(target, { max_connections: 1 }));
    const ctx = contextOf();
    const access = await capped.grant({ member_of: [target.read], connection_limit: 50 }, ctx);
    const session = await enter(access.secret);
    await expect(enter(access.secret)).rejects.toMatchObject({ code: '53300' });
    await session.leave();
    await capped.revoke(scope, access.handle, ctx);
    await capped.disconnect();
  });

  test('without its group it may do nothing, so it cannot come to own tables', async () => {
    const ctx = contextOf();
    const access = await granted(ctx, { member_of: [target.write] });
    const session = await enter(access.secret);
    await session.query('set role none');
    await expect(session.query('select * from orders')).rejects.toMatchObject({ code: '42501' });
    await expect(session.query('create table mine (i int)')).rejects.toMatchObject({ code: '42501' });
    await session.query('reset role');
    expect(await session.query('select * from orders')).toHaveLength(3);
    await session.query('set role none');
    await session.query('discard all');
    expect(await session.query('select current_user as who')).toEqual([{ who: target.write }]);
    await session.leave();
    await connection.revoke(scope, access.handle, ctx);
  });

  test('it may not move its own deadline or take another group', async () => {
    const ctx = contextOf();
    const access = await granted(ctx);
    const session = await enter(access.secret);
    for (const attempt of [
      `alter role session_user valid until 'infinity'`,
      `grant ${target.write} to session_user`,
      `set role ${target.write}`,
      'create role backdoor login',
    ])
      await expect(session.query(attempt)).rejects.toMatchObject({ code: '42501' });
    await session.leave();
    await connection.revoke(scope, access.handle, ctx);
  });

  test('granting again fixes what was altered by hand', async () => {
    const ctx = contextOf();
    const access = await granted(ctx);
    await target.sql(`alter role ${access.login} nologin createrole connection limit 99 valid until 'infinity'; alter role ${access.login} reset all;
      alter role ${access.login} set search_path = nowhere; comment on role ${access.login} is '{"latchkey":{"grant":"${ctx.grantId}","database":"?","until":"?"}}'`);
    const again = await granted(ctx);
    expect(again.handle).toEqual(access.handle);
    expect(await rowOf(again.login)).toMatchObject({
      rolcanlogin: true,
      rolcreatedb: false,
      rolcreaterole: false,
      rolconnlimit: 5,
      rolvaliduntil: ctx.expiresAt,
      rolconfig: [`role=${target.read}`],
    });
    await expect(enter(access.secret)).rejects.toMatchObject({ code: '28P01' });
    await (await enter(again.secret)).leave();
    await connection.revoke(scope, again.handle, ctx);
  });

  test('a login that was made a superuser by hand is not granted again, and the sentence says what to run', async () => {
    const ctx = contextOf();
    const access = await granted(ctx);
    await target.sql(`alter role ${access.login} superuser`);
    const failure = await failureOf(granted(ctx));
    expect(failure).toMatchObject({ kind: 'denied', message: textWith('As a superuser: ALTER ROLE') });
    await target.sql(failure.message.slice(failure.message.indexOf('ALTER ROLE')));
    const again = await granted(ctx);
    expect(again.handle).toEqual(access.handle);
    await connection.revoke(scope, again.handle, ctx);
  });

  test('granting again with another scope moves the login to the other groups', async () => {
    const ctx = contextOf();
    await granted(ctx, { member_of: [target.read] });
    const again = await granted(ctx, { member_of: [target.write] });
    const session = await enter(again.secret);
    expect(await session.query('select current_user as who')).toEqual([{ who: target.write }]);
    await expect(session.query(`set role ${target.read}`)).rejects.toMatchObject({ code: '42501' });
    await session.leave();
    await connection.revoke(scope, again.handle, ctx);
  });

  test('a group that somebody else gave to the login is taken from it, or the grant is refused', async () => {
    const ctx = contextOf();
    const access = await granted(ctx);
    await target.sql(`grant ${target.write} to ${access.login}`);
    const [again] = await Promise.allSettled([granted(ctx)]);
    const outcome = again.status === 'rejected' ? (again.reason as { kind: string; message: string }) : null;
    const groups = await target.sql(`select from pg_auth_members where member = '${access.login}'::regrole`);
    // Since Postgres 16 only who gave a membership takes it back.
    const isTakenBack = target.version < 16;
    expect({ kind: outcome?.kind, groups: groups.length }).toEqual(
      isTakenBack ? { kind: undefined, groups: 1 } : { kind: 'denied', groups: 2 },
    );
    await connection.revoke(scope, access.handle, ctx);
  });

  test('a person who was renamed between two tries has one login', async () => {
    const ctx = contextOf();
    const first = await granted(ctx);
    const second = await granted({ ...ctx, person: { id: 'T1:U1', name: 'Ada King', email: null } });
    expect(second.handle).toEqual(first.handle);
    await connection.revoke(scope, undefined, ctx);
  });

  test.each(HOSTILE_NAMES)('a person with hostile name no. %# gets in, and nothing else happens', async (name) => {
    const ctx = contextOf({ person: { id: 'T1:U2', name, email: null } });
    const access = await granted(ctx);
    expect(access.login).toMatch(/^lk_[a-z0-9]+_[a-z0-9_]*[a-z0-9]$/);
    expect(Buffer.byteLength(access.login)).toBeLessThanOrEqual(63);
    const session = await enter(access.secret);
    expect(await session.query('select session_user as login')).toEqual([{ login: access.login }]);
    await session.leave();
    expect(await connection.listOurs?.(ctx)).toHaveLength(1);
    expect(await connection.revoke(scope, access.handle, ctx)).toBe('removed');
  });

  test('forty grants at the same moment all succeed, on the same and on crossed groups', async () => {
    const scopes = [{ member_of: [target.read, target.write] }, { member_of: [target.write, target.read] }];
    const all = await Promise.all(
      Array.from({ length: 40 }, async (_, n) => {
        const ctx = contextOf();
        return { ctx, access: await granted(ctx, scopes[n % 2]) };
      }),
    );
    expect(new Set(all.map(({ access }) => access.login)).size).toBe(40);
    await Promise.all(all.map(async ({ ctx, access }) => await connection.revoke(scope, access.handle, ctx)));
    expect(await connection.listOurs?.(contextOf())).toEqual([]);
  });

  test('grants and ends that cross each other all succeed', async () => {
    const early = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const ctx = contextOf();
        return { ctx, access: await granted(ctx) };
      }),
    );
    const [late] = await Promise.all([
      Promise.all(
        Array.from({ length: 20 }, async () => {
          const ctx = contextOf();
          return { ctx, access: await granted(ctx) };
        }),
      ),
      Promise.all(early.map(async ({ ctx, access }) => await connection.revoke(scope, access.handle, ctx))),
    ]);
    expect(await connection.listOurs?.(contextOf())).toHaveLength(20);
    await connection.revokeMany?.(
      late.map(({ ctx, access }) => ({ scope, handle: access.handle, grantId: ctx.grantId })),
      contextOf(),
    );
  });

  test('a group that does not exist, or could keep the access, is misconfigured, and no login is made', async () => {
    const names = { super: `super_${target.database}`, maker: `maker_${target.database}` };
    await target.sql(
      `create role ${names.super} superuser; create role ${names.maker} createrole; grant ${names.super}, ${names.maker} to ${target.manager} with admin option`,
    );
    for (const group of ['no_such_group', names.super, names.maker]) {
      const ctx = contextOf();
      expect(await failureOf(connection.grant({ member_of: [group] }, ctx))).toMatchObject({
        kind: 'misconfigured',
        message: textWith(group),
      });
      expect(await connection.check(scope, undefined, ctx)).toBe('absent');
    }
    await target.sql(`drop role ${names.super}, ${names.maker}`);
  });

  test('a deadline cannot be moved once the login is gone', async () => {
    const ctx = contextOf();
    const access = await granted(ctx);
    await connection.revoke(scope, access.handle, ctx);
    expect(await failureOf(connection.extend?.(scope, access.handle, ctx))).toMatchObject({
      kind: 'denied',
    });
  });

  test('the password appears in the secret fields and the URL only, and nothing of it is in the command', async () => {
    const ctx = contextOf();
    const access = await granted(ctx);
    const password = valueOf(access.secret, 'Password');
    const open = access.secret?.fields.filter((field) => !field.secret) ?? [];
    expect(open.map(({ label }) => label)).toEqual(['Host', 'Port', 'Database', 'User']);
    expect(JSON.stringify(open)).not.toContain(password);
    expect(JSON.stringify(access.handle)).not.toContain(password);
    expect(access.instructions?.text).toContain('login is removed');
    expect(access.instructions?.commands[0]?.command).toBe(
      `psql -h 127.0.0.1 -p ${valueOf(access.secret, 'Port')} -U ${access.login} -d ${target.database}`,
    );
    await connection.revoke(scope, access.handle, ctx);
  });
});
