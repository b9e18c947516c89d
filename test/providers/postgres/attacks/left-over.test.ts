/** What became of a granted group between a grant and an end, or after it, is reported to admins with the SQL that undoes it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Lookalike } from '../../../../src/providers/provider.ts';
import { contextOf, textWith } from '../../connection.ts';
import { startPreparing, VERSIONS } from '../servers.ts';
import { createRig, type Rig } from './rig.ts';

describe.each(VERSIONS.map((version) => ({ version })))('drift of a group on Postgres $version', ({ version }) => {
  let rig: Rig;

  beforeAll(async () => {
    rig = await createRig(await startPreparing(version));
  });
  afterAll(async () => await rig.tearDown());

  const drift = async (): Promise<Lookalike[]> => {
    const scopes = { read: { member_of: [rig.target.read] }, write: rig.scope };
    const found = (await rig.connection.listLookalikes?.(scopes, contextOf())) ?? [];
    return found.filter(({ kind }) => kind === 'group' || kind === 'prepared');
  };

  test.each(['login', 'superuser', 'createrole', 'replication', 'bypassrls'])(
    'a group that is %s now is drift, until it is so no longer',
    async (attribute) => {
      const { read } = rig.target;
      expect(await drift()).toEqual([]);
      await rig.target.sql(`alter role ${read} ${attribute}`);
      expect(await drift()).toContainEqual({ kind: 'group', name: read, why: textWith(`The group "${read}" `) });
      await rig.target.sql(`alter role ${read} no${attribute}`);
      expect(await drift()).toEqual([]);
    },
  );

  test('a group that got into a role through which access could be kept is drift', async () => {
    const { write } = rig.target;
    await rig.target.sql(`grant pg_read_server_files to ${write}`);
    expect(await drift()).toEqual([{ kind: 'group', name: write, why: textWith('"pg_read_server_files"') }]);
    await rig.target.sql(`revoke pg_read_server_files from ${write}`);
  });

  test('settings that changed while the group is granted are drift, with what puts them back', async () => {
    const { write } = rig.target;
    await rig.target.sql(`alter role ${write} set lock_timeout = '7s'`);
    const { session, end } = await rig.borrow();
    expect(await drift()).toEqual([]);
    await session.query('alter role current_user reset lock_timeout');
    const why = textWith(`ALTER ROLE "${write}" SET "lock_timeout" TO '7s';`);
    expect(await drift()).toEqual([{ kind: 'group', name: write, why }]);
    expect(await end()).toBe('removed');
    expect(await drift()).toEqual([]);
    await rig.target.sql(`alter role ${write} reset all`);
  });

  test('a password of the group is drift where Latchkey may see passwords, and no fault where it may not', async () => {
    const { write, manager } = rig.target;
    const { session, end } = await rig.borrow();
    await session.query(`alter role current_user password 'mine'`);
    expect(await drift()).toEqual([]);
    await rig.target.sql(`grant select (rolname, rolpassword) on pg_authid to ${manager}`);
    expect(await drift()).toEqual([{ kind: 'group', name: write, why: textWith('PASSWORD NULL;') }]);
    expect(await end()).toBe('removed');
    expect(await drift()).toEqual([]);
    await rig.target.sql(`revoke select (rolname, rolpassword) on pg_authid from ${manager}`);
  });

  test('a prepared transaction of the group is drift once no access explains it, though another login is in the group', async () => {
    const { write, database } = rig.target;
    await rig.target.sql(`create role other_${database} login; grant ${write} to other_${database}`);
    const { session, end } = await rig.borrow();
    const gid = `left-${database}`;
    await session.query(`begin; insert into orders values (77); prepare transaction '${gid}'`);
    expect(await drift()).toEqual([]);
    expect(await end()).toBe('removed');
    const why = textWith(`in the database "${database}": ROLLBACK PREPARED '${gid}';`);
    await expect.poll(drift, { timeout: 60_000 }).toEqual([{ kind: 'prepared', name: gid, why }]);
    await rig.target.sql(`rollback prepared '${gid}'`);
    expect(await drift()).toEqual([]);
    await rig.target.sql(`drop role other_${database}`);
  });
});
