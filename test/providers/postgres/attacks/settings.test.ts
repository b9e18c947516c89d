/** Settings that a borrower makes, changes or removes on the group are what they were at the grant when the access has ended. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failureOf, textWith } from '../../connection.ts';
import { SERVERS } from '../servers.ts';
import { enter, untilCut } from '../target.ts';
import { createRig, type Rig } from './rig.ts';

/** Postgres keeps settings in the order in which they were made. */
const byDatabase = (found: readonly { database: string; settings: string[] }[]): unknown =>
  found.map(({ database, settings }) => ({ database, settings: [...settings].sort() }));

describe.each(SERVERS)('settings of a group on $title', ({ title, start }) => {
  let rig: Rig;

  beforeAll(async () => {
    const server = await start();
    rig = await createRig(server.adminUrl, server.makers);
  });
  afterAll(async () => await rig.tearDown());

  const settingsOf = async (role: string): Promise<{ database: string; settings: string[] }[]> =>
    await rig.target.sql(
      `select coalesce(d.datname, '') as database, s.setconfig as settings from pg_db_role_setting s left join pg_database d on d.oid = s.setdatabase
        where s.setrole = $1::regrole order by 1`,
      [role],
    );

  test('settings that the borrower made on the group are gone, and those from before are there', async () => {
    const { write, database } = rig.target;
    await rig.target.sql(
      `alter role ${write} set lock_timeout = '7s'; alter role ${write} in database ${database} set work_mem = '6MB'`,
    );
    const before = await settingsOf(write);
    const { session, end } = await rig.borrow();
    await session.query(`alter role current_user set search_path = 'x', "$user"`);
    await session.query(`alter role current_user set application_name = 'it''s'`);
    await session.query(`alter role current_user in database ${database} set role = '${rig.target.read}'`);
    await session.query(`alter role current_user in database postgres set statement_timeout = 1`);
    expect(await end()).toBe('removed');
    expect(await settingsOf(write)).toEqual(before);
    await rig.target.sql(`alter role ${write} reset all; alter role ${write} in database ${database} reset all`);
  });

  test('settings from before an extension, or a repeated grant, are still known', async () => {
    const { write } = rig.target;
    await rig.target.sql(`alter role ${write} set lock_timeout = '7s'`);
    const { session, access, ctx, end } = await rig.borrow();
    await session.query(`alter role current_user set work_mem = '9MB'`);
    await rig.connection.grant(rig.scope, ctx);
    await rig.connection.extend?.(rig.scope, access.handle, { ...ctx, expiresAt: new Date(Date.now() + 900_000) });
    expect(await end()).toBe('removed');
    expect(await settingsOf(write)).toEqual([{ database: '', settings: ['lock_timeout=7s'] }]);
    await rig.target.sql(`alter role ${write} reset all`);
  });

  test('settings that the borrower changed or removed are what they were at the grant, lists and quotes too', async () => {
    const { write, database } = rig.target;
    const before = [
      `set search_path = "$user", "odd, ""name""", public`,
      `set lock_timeout = '7s'`,
      `set application_name = 'it''s "x", \\y'`,
      `set my.own = ''`,
      `set timezone = 'Europe/Oslo'`,
    ];
    for (const change of before) await rig.target.sql(`alter role ${write} ${change}`);
    await rig.target.sql(`alter role ${write} in database ${database} set work_mem = '6MB'`);
    const settings = await settingsOf(write);
    for (const attack of [
      'alter role current_user reset all',
      `alter role current_user in database ${database} reset all`,
      `alter role current_user reset search_path; alter role current_user set lock_timeout = '1h'`,
      `alter role current_user in database ${database} set work_mem = '1GB'; alter role current_user set application_name = 'mine'`,
      `alter role current_user set search_path = 'evil'; alter role current_user reset timezone`,
    ]) {
      const { session, end } = await rig.borrow();
      await session.query(attack);
      expect(await end()).toBe('removed');
      expect(byDatabase(await settingsOf(write))).toEqual(byDatabase(settings));
    }
    await rig.target.sql(`alter role ${write} reset all; alter role ${write} in database ${database} reset all`);
  });

  test('what one borrower changed does not become what was there for the next, in whatever order they end', async () => {
    const { write } = rig.target;
    await rig.target.sql(`alter role ${write} set lock_timeout = '7s'`);
    const settings = await settingsOf(write);
    const first = await rig.borrow();
    await first.session.query(
      `alter role current_user set lock_timeout = '1h'; alter role current_user set work_mem = '9MB'`,
    );
    const [second, third] = [await rig.borrow(), await rig.borrow()];
    for (const { end } of [first, third, second]) {
      expect(await end()).toBe('removed');
      expect(await settingsOf(write)).toEqual(settings);
    }
    await rig.target.sql(`alter role ${write} reset all`);
  });

  test('settings are put back also after the login was dropped by hand', async () => {
    const { write } = rig.target;
    await rig.target.sql(`alter role ${write} set lock_timeout = '7s'`);
    const settings = await settingsOf(write);
    const { session, end, login } = await rig.borrow();
    await session.query('alter role current_user reset lock_timeout');
    await rig.target.sql(`drop role ${login}`);
    await end();
    expect(await settingsOf(write)).toEqual(settings);
    await rig.target.sql(`alter role ${write} reset all`);
  });

  // Before 16 Latchkey has the rights of the groups that it grants, and puts this back as well.
  test.skipIf(title === 'Postgres 15')(
    'a setting that Latchkey may not put back is named with its SQL, and nothing is said to be removed before',
    async () => {
      const { write } = rig.target;
      await rig.target.sql(
        `grant set on parameter log_statement to ${write}; alter role ${write} set log_statement = 'all'`,
      );
      const settings = await settingsOf(write);
      const { session, end, access } = await rig.borrow();
      await session.query(
        `alter role current_user set log_statement = 'none'; alter role current_user set work_mem = '9MB'`,
      );
      const failure = await failureOf(end());
      expect(failure).toMatchObject({
        kind: 'denied',
        message: textWith(`ALTER ROLE "${write}" SET "log_statement" TO 'all';`),
      });
      await untilCut([session]);
      await expect(enter(access.secret)).rejects.toBeInstanceOf(Error);
      await rig.target.sql(/As a superuser: (.+;) Latchkey/.exec(failure.message)?.[1] ?? '');
      expect(await end()).toBe('removed');
      expect(await settingsOf(write)).toEqual(settings);
      await rig.target.sql(`alter role ${write} reset all; revoke set on parameter log_statement from ${write}`);
    },
  );

  test('a setting that only a superuser can have made holds up no end', async () => {
    const { write } = rig.target;
    const { end } = await rig.borrow();
    await rig.target.sql(`alter role ${write} set log_statement = 'all'`);
    expect(await end()).toBe('removed');
    await rig.target.sql(`alter role ${write} reset all`);
  });
});
