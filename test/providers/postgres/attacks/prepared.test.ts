/** Prepared transactions keep their locks without a session: none of them holds up an end, and none is left by one. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failureOf, textWith } from '../../connection.ts';
import { startPreparing, VERSIONS } from '../servers.ts';
import { enter, untilCut } from '../target.ts';
import { createRig, type Borrowed, type Rig } from './rig.ts';

type Attack = { title: string; sql: (rig: Rig, borrowed: Borrowed) => string };

const ATTACKS: Attack[] = [
  {
    title: 'the password of the login, prepared as the login',
    sql: () => `set role none; begin; alter role session_user password 'mine'; prepare transaction 'GID'`,
  },
  {
    title: 'the password of the login, prepared as the group',
    sql: ({ target }) =>
      `set role none; begin; alter role session_user password 'mine'; set role ${target.write}; prepare transaction 'GID'`,
  },
  {
    title: 'the same inside a savepoint',
    sql: ({ target }) =>
      `set role none; begin; savepoint s; alter role session_user password 'mine'; release s; set role ${target.write}; prepare transaction 'GID'`,
  },
  {
    title: 'a setting of the login',
    sql: () => `set role none; begin; alter role session_user set work_mem = '8MB'; prepare transaction 'GID'`,
  },
  {
    title: 'a large object of the login, prepared as the group',
    sql: ({ target }) =>
      `set role none; begin; select lo_create(0); set role ${target.write}; prepare transaction 'GID'`,
  },
  {
    title: 'rights for the login on a table of the group',
    sql: (_rig, { login }) =>
      `begin; create table prepared_for (i int); grant select on prepared_for to ${login}; prepare transaction 'GID'`,
  },
  {
    title: 'a lock on the tables of production',
    sql: () => `begin; lock table orders in share row exclusive mode; prepare transaction 'GID'`,
  },
  {
    title: "the group's password",
    sql: () => `begin; alter role current_user password 'mine'; prepare transaction 'GID'`,
  },
  {
    title: 'a gid full of quotes',
    sql: () => `set role none; begin; alter role session_user password 'mine'; prepare transaction 'it''s "x"; -- GID'`,
  },
];

describe.each(VERSIONS.map((version) => ({ version })))('prepared transactions on Postgres $version', ({ version }) => {
  let rig: Rig;

  beforeAll(async () => {
    rig = await createRig(await startPreparing(version));
  });
  afterAll(async () => await rig.tearDown());

  const prepared = async (): Promise<unknown[]> =>
    await rig.target.sql('select gid, owner from pg_prepared_xacts where database = current_database()');
  const memberships = async (): Promise<unknown[]> =>
    await rig.target.sql(
      'select to_jsonb(m) - $1 as m from pg_auth_members m join pg_roles r on r.oid = m.member where r.rolname = $2 order by 1',
      ['oid', rig.target.manager],
    );

  test.each(ATTACKS)('$title: the access ends and nothing is left', async ({ sql }) => {
    const before = await memberships();
    const borrowed = await rig.borrow();
    await borrowed.session.query(sql(rig, borrowed).replace('GID', borrowed.ctx.grantId));
    expect(await borrowed.end()).toBe('removed');
    await untilCut([borrowed.session]);
    await expect(enter(borrowed.access.secret)).rejects.toBeInstanceOf(Error);
    await expect(rig.logIn(borrowed.login, 'mine')).rejects.toBeInstanceOf(Error);
    expect(await prepared()).toEqual([]);
    expect(await memberships()).toEqual(before);
    expect(await rig.connection.check(rig.scope, borrowed.access.handle, borrowed.ctx)).toBe('absent');
  });

  test('twenty at once, over more logins than Latchkey has connections: all end', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, async () => await rig.borrow()));
    for (const { session, ctx } of all)
      await session.query(
        `set role none; begin; alter role session_user password 'mine'; set role ${rig.target.write}; prepare transaction '${ctx.grantId}'`,
      );
    expect(await Promise.all(all.map(async ({ end }) => await end()))).toEqual(all.map(() => 'removed'));
    expect(await prepared()).toEqual([]);
  });

  test('what another borrower prepared as the same group stays until their own end', async () => {
    const [first, second] = [await rig.borrow(), await rig.borrow()];
    await second.session.query(`begin; insert into orders values (99); prepare transaction 'work'`);
    expect(await first.end()).toBe('removed');
    expect(await prepared()).toEqual([{ gid: 'work', owner: rig.target.write }]);
    expect(await second.end()).toBe('removed');
    expect(await prepared()).toEqual([]);
  });

  test('one of a superuser is named at once with the statement to run, and left alone', async () => {
    const borrowed = await rig.borrow();
    await rig.target.sql(`begin; alter role ${borrowed.login} password 'x'; prepare transaction 'dba'`);
    const startedAt = Date.now();
    const failure = await failureOf(borrowed.end());
    expect(failure).toMatchObject({ kind: 'denied', message: textWith(`ROLLBACK PREPARED 'dba'`) });
    expect(failure.message).toContain(rig.target.database);
    expect(Date.now() - startedAt).toBeLessThan(20_000);
    await rig.target.sql(`rollback prepared 'dba'`);
    expect(await borrowed.end()).toBe('removed');
  });

  test('one in another database of the server is rolled back there', async () => {
    const other = `${rig.target.database}_other`;
    await rig.target.sql(`create database ${other}`);
    const borrowed = await rig.borrow();
    const elsewhere = await enter(borrowed.access.secret, { database: other });
    await elsewhere.query(
      `set role none; begin; alter role session_user password 'mine'; set role ${rig.target.write}; prepare transaction 'elsewhere'`,
    );
    expect(await borrowed.end()).toBe('removed');
    expect(await rig.target.sql('select from pg_prepared_xacts where database = $1', [other])).toEqual([]);
    await rig.target.sql(`drop database ${other} with (force)`);
  });
});
