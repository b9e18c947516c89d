/** Ways in which the end of a login could be held up, missed, or hit the wrong role. */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Json } from '../../../src/domain/json.ts';
import type { Connection, Granted, ProviderContext } from '../../../src/providers/provider.ts';
import { postgres } from '../../../src/providers/postgres/postgres.ts';
import { connectTo, contextOf, failureOf, textWith } from '../connection.ts';
import { EVERY_SERVER, type TestServer } from './servers.ts';
import { configOf, createTarget, enter, untilCut, urlFor, valueOf, type Session, type Target } from './target.ts';

describe.each(EVERY_SERVER)('the end of a login on $title', ({ start }) => {
  let target: Target;
  let server: TestServer;
  let connection: Connection<Json, Json>;
  let scope: Json;

  beforeAll(async () => {
    server = await start();
    target = await createTarget(server.adminUrl, server.makers, server.template);
    connection = connectTo(postgres, configOf(target));
    scope = { member_of: [target.read, target.write], set_role: target.write, connection_limit: 150 };
  });
  afterAll(async () => {
    await connection.disconnect();
    await target.drop();
    await server.stop();
  });

  const granted = async (ctx: ProviderContext): Promise<Granted<Json> & { login: string }> => {
    const access = await connection.grant(scope, ctx);
    return { ...access, login: valueOf(access.secret, 'User') };
  };
  const exists = async (login: string): Promise<boolean> =>
    (await target.sql('select from pg_roles where rolname = $1', [login])).length > 0;
  const ownerOf = async (table: string): Promise<string | undefined> =>
    (await target.sql<{ owner: string }>('select tableowner as owner from pg_tables where tablename = $1', [table]))[0]
      ?.owner;

  test('what a person makes belongs to the group and stays', async () => {
    const ctx = contextOf();
    const access = await granted(ctx);
    const session = await enter(access.secret);
    await session.query('create table made_by_group (i int)');
    await connection.revoke(scope, access.handle, ctx);
    expect(await ownerOf('made_by_group')).toBe(target.write);
    await untilCut([session]);
  });

  test('a login that came to own objects and rights is dropped, and its table goes to the group', async () => {
    const ctx = contextOf();
    const access = await granted(ctx);
    await target.sql(`create table owned_before (i int); alter table owned_before owner to ${target.write};
      create table owned_${ctx.grantId} (i int); alter table owned_${ctx.grantId} owner to ${access.login};
      grant select on owned_before to ${access.login}; alter default privileges for role ${access.login} grant select on tables to ${target.read}`);
    const session = await enter(access.secret);
    await session.query('set role none; select lo_create(0)');
    expect(await connection.revoke(scope, access.handle, ctx)).toBe('removed');
    expect(await ownerOf(`owned_${ctx.grantId}`)).toBe(target.write);
    expect(await exists(access.login)).toBe(false);
    await untilCut([session]);
  });

  test('handing over what a login owned leaves Latchkey with no more rights than before', async () => {
    const memberships = `select g.rolname, m.admin_option from pg_auth_members m join pg_roles g on g.oid = m.roleid join pg_roles r on r.oid = m.member
      where r.rolname = '${target.manager}' order by 1, 2`;
    const before = await target.sql(memberships);
    const ctx = contextOf();
    const access = await granted(ctx);
    await target.sql(`create table passed_on (i int); alter table passed_on owner to ${access.login}`);
    await connection.revoke(scope, access.handle, ctx);
    expect(await ownerOf('passed_on')).toBe(target.write);
    expect(await target.sql(memberships)).toEqual(before);
  });

  test('objects in another database are handed over there too', async () => {
    const ctx = contextOf();
    const access = await granted(ctx);
    const { database, sql } = await target.beside();
    await sql(
      `grant create on schema public to ${target.write}; create table elsewhere (i int); alter table elsewhere owner to ${access.login}`,
    );
    const session = await enter(access.secret, { database });
    await session.query('set role none; select lo_create(0)');
    expect(await connection.revoke(scope, access.handle, ctx)).toBe('removed');
    expect(await sql(`select tableowner from pg_tables where tablename = 'elsewhere'`)).toEqual([
      { tableowner: target.write },
    ]);
    expect(await sql('select lomowner::regrole::text as owner from pg_largeobject_metadata')).toEqual([
      { owner: target.write },
    ]);
    await untilCut([session]);
  });

  test('where Latchkey may not take back what a stranger gave, the login is closed all the same and the sentence says what to run', async () => {
    const ctx = contextOf();
    const access = await granted(ctx);
    const session = await enter(access.secret);
    await target.sql(
      `create table private_${ctx.grantId} (i int); grant select on private_${ctx.grantId} to ${access.login}`,
    );
    const failure = await failureOf(connection.revoke(scope, access.handle, ctx));
    expect(failure).toMatchObject({
      kind: 'denied',
      message: textWith(`DROP OWNED BY "${access.login}"`),
    });
    expect(failure.message).toContain(target.database);
    await untilCut([session]);
    await expect(enter(access.secret)).rejects.toBeInstanceOf(Error);
    await target.sql(`drop owned by ${access.login}`);
    expect(await connection.revoke(scope, access.handle, ctx)).toBe('removed');
  });

  test('a hundred sessions are cut', async () => {
    const ctx = contextOf();
    const access = await granted(ctx);
    const sessions = await Promise.all(Array.from({ length: 100 }, async () => await enter(access.secret)));
    const running = sessions.map(async (session) => await session.query('select pg_sleep(60)'));
    const ends = Promise.allSettled(running);
    expect(await connection.revoke(scope, access.handle, ctx)).toBe('removed');
    expect((await ends).map(({ status }) => status)).toEqual(Array.from({ length: 100 }, () => 'rejected'));
    await untilCut(sessions);
    expect(await connection.check(scope, access.handle, ctx)).toBe('absent');
  });

  test('a session that holds its own login locked does not hold up the end', async () => {
    const ctx = contextOf();
    const access = await granted(ctx);
    const session = await enter(access.secret);
    await session.query(`set role none; begin; alter role session_user password 'mine'`);
    expect(await connection.revoke(scope, access.handle, ctx)).toBe('removed');
    await untilCut([session]);
  });

  test('more locked logins than Latchkey has connections do not hold up their end', async () => {
    const accesses = await Promise.all(
      Array.from({ length: 15 }, async () => {
        const ctx = contextOf();
        return { ctx, access: await granted(ctx) };
      }),
    );
    const sessions = await Promise.all(accesses.map(async ({ access }) => await enter(access.secret)));
    for (const session of sessions)
      await session.query(`set role none; begin; alter role session_user password 'mine'`);
    const ends = accesses.map(async ({ ctx, access }) => await connection.revoke(scope, access.handle, ctx));
    expect(await Promise.all(ends)).toEqual(accesses.map(() => 'removed'));
    await untilCut(sessions);
  });

  test('advisory locks of a person do not hold up the end', async () => {
    const ctx = contextOf();
    const access = await granted(ctx);
    const session = await enter(access.secret);
    await session.query('select pg_advisory_lock(n) from generate_series(0, 100) n');
    expect(await connection.revoke(scope, access.handle, ctx)).toBe('removed');
    await untilCut([session]);
  });

  test('a password the person set does not outlive the grant', async () => {
    const ctx = contextOf();
    const access = await granted(ctx);
    const session = await enter(access.secret);
    await session.query(`set role none; alter role session_user password 'mine'`);
    await connection.revoke(scope, access.handle, ctx);
    await untilCut([session]);
    const client = new pg.Client(urlFor(target.managerUrl, { user: access.login, password: 'mine' }));
    await expect(client.connect()).rejects.toBeInstanceOf(Error);
  });

  test('sessions of a login that was dropped by hand are access still, and are cut', async () => {
    const ctx = contextOf();
    const access = await granted(ctx);
    const session = await enter(access.secret);
    await target.sql(`drop role ${access.login}`);
    expect(await session.query('select * from orders')).toHaveLength(3);
    expect(await connection.check(scope, access.handle, ctx)).toBe('present');
    await connection.revoke(scope, access.handle, ctx);
    await untilCut([session]);
    expect(await connection.check(scope, access.handle, ctx)).toBe('absent');
  });

  test('a login dropped by hand with nobody in it is already absent', async () => {
    const ctx = contextOf();
    const access = await granted(ctx);
    await target.sql(`drop role ${access.login}`);
    expect(await connection.revoke(scope, access.handle, ctx)).toBe('already_absent');
  });

  test('a login that was made a superuser by hand is refused with a sentence, and ended once that is undone', async () => {
    const ctx = contextOf();
    const access = await granted(ctx);
    await target.sql(`alter role ${access.login} superuser`);
    expect(await failureOf(connection.revoke(scope, access.handle, ctx))).toMatchObject({
      kind: 'denied',
      message: textWith(access.login),
    });
    await target.sql(`alter role ${access.login} nosuperuser`);
    expect(await connection.revoke(scope, access.handle, ctx)).toBe('removed');
  });

  test('with a superuser as admin, also a superuser session is cut', async () => {
    const strong = connectTo(postgres, configOf(target, { url: target.superuserUrl }));
    const ctx = contextOf();
    const access = await granted(ctx);
    await target.sql(`alter role ${access.login} superuser`);
    const session = await enter(access.secret);
    expect(await strong.revoke(scope, access.handle, ctx)).toBe('removed');
    await untilCut([session]);
    await strong.disconnect();
  });

  test('a role with the name but without the comment of a grant is left alone', async () => {
    const ctx = contextOf();
    const role = `lk_${ctx.grantId}_somebody`;
    await target.sql(`create role ${role} login`);
    const attempts = [
      async () => await connection.revoke(scope, undefined, ctx),
      async () => await connection.grant(scope, ctx),
      async () => await connection.revoke(scope, { role }, ctx),
    ];
    for (const attempt of attempts)
      expect(await failureOf<unknown>(attempt())).toMatchObject({ kind: 'denied', message: textWith(role) });
    expect(await connection.listOurs?.(ctx)).toEqual([]);
    expect(await target.sql('select rolcanlogin from pg_roles where rolname = $1', [role])).toEqual([
      { rolcanlogin: true },
    ]);
    await target.sql(`drop role ${role}`);
  });

  test('a comment of another grant is no mark of this one', async () => {
    const [ctx, other] = [contextOf(), contextOf()];
    const access = await granted(ctx);
    await target.sql(`alter role ${access.login} rename to lk_${other.grantId}_x`);
    expect(await failureOf(connection.revoke(scope, undefined, other))).toMatchObject({ kind: 'denied' });
    await target.sql(`drop role lk_${other.grantId}_x`);
  });

  test('a renamed login is not taken for absent: the sentence says how to name it back', async () => {
    const ctx = contextOf();
    const access = await granted(ctx);
    await target.sql(`alter role ${access.login} rename to kept_${ctx.grantId}`);
    expect(await connection.check(scope, access.handle, ctx)).toBe('present');
    const failure = await failureOf(connection.revoke(scope, access.handle, ctx));
    expect(failure).toMatchObject({
      kind: 'denied',
      message: textWith(`ALTER ROLE "kept_${ctx.grantId}" RENAME TO`),
    });
    await target.sql(failure.message.slice(failure.message.indexOf('ALTER ROLE')));
    expect(await connection.revoke(scope, access.handle, ctx)).toBe('removed');
  });

  test('a hundred logins with sessions are ended in one call', async () => {
    const contexts = Array.from({ length: 100 }, () => contextOf());
    const accesses = await Promise.all(contexts.map(async (ctx) => ({ ctx, access: await granted(ctx) })));
    const sessions: Session[] = await Promise.all(
      accesses.slice(0, 50).map(async ({ access }) => await enter(access.secret)),
    );
    const items = accesses.map(({ ctx, access }) => ({ scope, handle: access.handle, grantId: ctx.grantId }));
    expect(await connection.revokeMany?.(items, contextOf())).toEqual(items.map(() => 'removed'));
    await untilCut(sessions);
    expect(await connection.listOurs?.(contextOf())).toEqual([]);
  });

  test('of many, one that owns something makes the call fail with every session cut, and one by one they all go', async () => {
    const accesses = await Promise.all(
      [contextOf(), contextOf()].map(async (ctx) => ({ ctx, access: await granted(ctx) })),
    );
    const items = accesses.map(({ ctx, access }) => ({ scope, handle: access.handle, grantId: ctx.grantId }));
    const owner = accesses[0]?.access;
    await target.sql(`create table of_one (i int); alter table of_one owner to ${owner?.login}`);
    const session = await enter(owner?.secret);
    expect(await failureOf(connection.revokeMany?.(items, contextOf()))).toMatchObject({
      kind: 'unsupported',
    });
    await untilCut([session]);
    for (const { ctx, access } of accesses) expect(await connection.revoke(scope, access.handle, ctx)).toBe('removed');
  });
});
