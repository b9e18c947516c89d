/** More that a borrower could leave in the name of the login: gone with it, and nothing of it holds up the end. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { enter, untilCut } from '../target.ts';
import { startVersion, VERSIONS } from '../servers.ts';
import { createRig, type Rig } from './rig.ts';

type Attack = { title: string; sql: (login: string) => string };

const ATTACKS: Attack[] = [
  { title: 'default privileges', sql: () => 'alter default privileges grant all on tables to public' },
  {
    title: 'default privileges for everybody on functions',
    sql: () => 'alter default privileges grant execute on functions to public',
  },
  { title: 'a large object for everybody', sql: () => 'grant select on large object 0 to public' },
  { title: 'a user mapping of a foreign server', sql: () => `create user mapping for current_user server far` },
  {
    title: 'advisory locks, a channel and a cursor',
    sql: () => `select pg_advisory_lock(1); listen news; declare held cursor with hold for select 1`,
  },
  {
    title: 'rights for the login on a table of the group, passed on',
    sql: (login) =>
      `set role GROUP; create table passed (i int); grant select on passed to ${login} with grant option; set role none; grant select on passed to public`,
  },
];

describe.each(VERSIONS.map((version) => ({ version })))('left by the login on Postgres $version', ({ version }) => {
  let rig: Rig;

  beforeAll(async () => {
    rig = await createRig(await startVersion(version));
    await rig.target.sql('create foreign data wrapper w; create server far foreign data wrapper w');
    await rig.target.sql('grant usage on foreign server far to public');
  });
  afterAll(async () => await rig.tearDown());

  test.each(ATTACKS)('$title', async ({ sql }) => {
    const { session, access, login, end, ctx } = await rig.borrow();
    await session.query('set role none');
    const [made] = await session.query<{ oid: number }>('select lo_create(0) as oid');
    const text = sql(login).replace('GROUP', rig.target.write).replace('object 0', `object ${made?.oid}`);
    await session.query(text);
    expect(await end()).toBe('removed');
    await untilCut([session]);
    await expect(enter(access.secret)).rejects.toBeInstanceOf(Error);
    expect(await rig.exists(login)).toBe(false);
    expect(await rig.connection.check(rig.scope, access.handle, ctx)).toBe('absent');
    expect(await rig.target.sql('select from pg_default_acl')).toEqual([]);
    expect(await rig.target.sql('select from pg_user_mapping where umuser <> 0')).toEqual([]);
    // Of this database: the view shows the whole server, where other tests take locks of their own.
    const held = `select from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`;
    expect(await rig.target.sql(held)).toEqual([]);
    await rig.target.sql('drop table if exists passed');
  });
});
