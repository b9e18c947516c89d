/** What a borrower leaves on the group, on the login and in other sessions is gone when the access has ended. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { contextOf, failureOf, textWith } from '../../connection.ts';
import { SERVERS } from '../servers.ts';
import { enter, untilCut, urlFor } from '../target.ts';
import { createRig, sessionAt, type Rig } from './rig.ts';

describe.each(SERVERS)('after the end on $title', ({ start }) => {
  let rig: Rig;

  beforeAll(async () => {
    const server = await start();
    rig = await createRig(server.adminUrl, server.makers);
  });
  afterAll(async () => await rig.tearDown());

  const passwordOf = async (role: string): Promise<unknown> =>
    (
      await rig.target.sql<{ password: unknown }>('select rolpassword as password from pg_authid where rolname = $1', [
        role,
      ])
    )[0]?.password;
  test('the group has no password, so that letting it log in later opens nothing', async () => {
    const { session, end } = await rig.borrow();
    await session.query(`alter role current_user password 'mine'`);
    await session.query(`set role ${rig.target.read}; alter role current_user password 'mine'`);
    expect(await passwordOf(rig.target.read)).not.toBeNull();
    expect(await end()).toBe('removed');
    for (const group of [rig.target.read, rig.target.write]) {
      expect(await passwordOf(group)).toBeNull();
      await rig.target.sql(`alter role ${group} login`);
      await expect(rig.logIn(group, 'mine')).rejects.toBeInstanceOf(Error);
      await rig.target.sql(`alter role ${group} nologin`);
    }
  });

  test('a hundred ends of one group at once, each by itself, all take place and leave no password', async () => {
    const all = await Promise.all(
      Array.from({ length: 100 }, async () => {
        const ctx = contextOf();
        return { ctx, access: await rig.connection.grant(rig.scope, ctx) };
      }),
    );
    const session = await enter(all[0]?.access.secret);
    await session.query(`alter role current_user password 'mine'`);
    const ends = all.map(async ({ ctx, access }) => await rig.connection.revoke(rig.scope, access.handle, ctx));
    expect(await Promise.all(ends)).toEqual(all.map(() => 'removed'));
    expect(await passwordOf(rig.target.write)).toBeNull();
  });

  test("a session of another borrower that holds the group's entry locked is cut, and the end takes place", async () => {
    const [first, other] = [await rig.borrow(), await rig.borrow()];
    await other.session.query(`begin; alter role current_user password 'mine'`);
    expect(await first.end()).toBe('removed');
    await untilCut([other.session]);
    expect(await other.end()).toBe('removed');
    expect(await passwordOf(rig.target.write)).toBeNull();
  });

  test('a session of another borrower that names the ended login in an open transaction does not hold up the drop', async () => {
    const [first, other] = [await rig.borrow(), await rig.borrow()];
    await other.session.query(`create temp table mine (i int); begin; grant select on mine to ${first.login}`);
    expect(await first.end()).toBe('removed');
    expect(await rig.exists(first.login)).toBe(false);
    await untilCut([other.session]);
    expect(await other.end()).toBe('removed');
  });

  test('a group that was let in meanwhile is not passed over: the access is closed, and removed once the group cannot log in', async () => {
    const { session, end, access, login } = await rig.borrow();
    const { write } = rig.target;
    await rig.target.sql(`alter role ${write} login`);
    await session.query(`alter role current_user password 'mine'`);
    const failure = await failureOf(end());
    expect(failure).toMatchObject({
      kind: 'denied',
      message: textWith(`ALTER ROLE "${write}" NOLOGIN PASSWORD NULL;`),
    });
    await untilCut([session]);
    await expect(enter(access.secret)).rejects.toBeInstanceOf(Error);
    await rig.target.sql(/As a superuser: ([^;]+;)/.exec(failure.message)?.[1] ?? '');
    expect(await end()).toBe('removed');
    expect(await rig.exists(login)).toBe(false);
    await expect(rig.logIn(write, 'mine')).rejects.toBeInstanceOf(Error);
  });

  test('a session that acts through the ended login is cut where it is of another grant', async () => {
    const [write, read] = [await rig.borrow(), await rig.borrow({ member_of: [rig.target.read] })];
    await rig.target.sql(`grant ${write.login} to ${read.login}`);
    await read.session.query(
      `set role ${rig.target.write}; insert into orders values (${100 + Math.floor(Math.random() * 1e6)}, 'x')`,
    );
    expect(await write.end()).toBe('removed');
    await untilCut([read.session]);
    const again = await enter(read.access.secret);
    await expect(again.query(`set role ${rig.target.write}`)).rejects.toThrow('permission denied');
    expect(await read.end()).toBe('removed');
  });

  test('a session that acts through the ended login and is not of a grant is named, and nothing is said to be removed before it has ended', async () => {
    const write = await rig.borrow();
    const other = `other_${rig.target.database}`;
    await rig.target.sql(`create role ${other} login password 'x' noinherit; grant ${write.login} to ${other}`);
    const session = await rig.logIn(other, 'x');
    await session.query(`set role ${rig.target.write}`);
    const failure = await failureOf(write.end());
    expect(failure).toMatchObject({ kind: 'denied', message: textWith(other) });
    await untilCut([write.session]);
    const fresh = await rig.logIn(other, 'x');
    await expect(fresh.query(`set role ${rig.target.write}`)).rejects.toThrow('permission denied');
    await rig.target.sql(/As a superuser: (.*;) Latchkey/.exec(failure.message)?.[1] ?? '');
    await untilCut([session, fresh]);
    expect(await write.end()).toBe('removed');
    await rig.target.sql(`drop role ${other}`);
  });

  test('the login and the group cannot be handed on by the borrower', async () => {
    const { session, end, login } = await rig.borrow();
    const { read, write, manager } = rig.target;
    for (const sql of [
      `grant ${login} to ${read}`,
      `grant ${write} to ${read}`,
      `grant ${read} to ${write}`,
      `grant ${write} to ${manager}`,
      `set role none; grant ${login} to ${write}`,
      `set role none; grant ${write} to ${read}`,
      `alter role ${write} login`,
      `set role none; alter role ${login} valid until 'infinity'`,
      `set role none; alter role ${login} connection limit 100`,
      `set role none; alter role ${login} rename to kept`,
      `create role kept login`,
      `set session authorization ${manager}`,
    ]) {
      await expect(session.query(sql)).rejects.toThrow(/permission denied|must |cannot be renamed/);
      await session.query(`set role ${write}`);
    }
    expect(await end()).toBe('removed');
  });

  test('what the login sets on itself goes with it: password, settings, and its own statement_timeout', async () => {
    const { session, end, login, access } = await rig.borrow();
    await session.query(
      `set role none; alter role session_user password 'mine'; alter role session_user set statement_timeout = 0`,
    );
    const own = await sessionAt(urlFor(rig.target.superuserUrl, { user: login, password: 'mine' }));
    expect(await end()).toBe('removed');
    await untilCut([session, own]);
    await expect(rig.logIn(login, 'mine')).rejects.toBeInstanceOf(Error);
    expect(await rig.connection.check(rig.scope, access.handle, contextOf())).toBe('absent');
    expect(
      await rig.target.sql(
        `select from pg_db_role_setting where setrole not in (select oid from pg_roles) and setrole <> 0`,
      ),
    ).toEqual([]);
  });

  test('a login that was dropped by hand still has its group cleaned', async () => {
    const { session, end, login } = await rig.borrow();
    await session.query(`alter role current_user password 'mine'`);
    await rig.target.sql(`drop role ${login}`);
    await end();
    await untilCut([session]);
    expect(await passwordOf(rig.target.write)).toBeNull();
  });

  test('where Latchkey may no longer grant the group, the end takes place all the same', async () => {
    const { end } = await rig.borrow();
    const { write, manager } = rig.target;
    await rig.target.sql(`revoke ${write} from ${manager} cascade`);
    expect(await end()).toBe('removed');
    await rig.target.sql(
      `grant ${write} to ${manager} ${rig.target.version >= 16 ? 'with admin true, inherit false, set false' : 'with admin option'}`,
    );
  });
});
