/** What Latchkey cannot take back at the end is named before access is given, group by group. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { contextOf, textWith } from '../../connection.ts';
import { startPreparing, startVersion, VERSIONS } from '../servers.ts';
import { urlFor } from '../target.ts';
import { createRig, sessionAt, type Rig } from './rig.ts';

const look = async (rig: Rig, code: string): Promise<string[]> =>
  ((await rig.connection.preflight?.({ read: { member_of: [rig.target.read] } }, contextOf())) ?? [])
    .filter((finding) => finding.code === code && finding.level === 'warning')
    .map(({ message }) => message);

const remainsOf = async (rig: Rig): Promise<unknown[]> => {
  const scopes = { read: { member_of: [rig.target.read] }, write: { member_of: [rig.target.write] } };
  const found = (await rig.connection.preflight?.(scopes, contextOf())) ?? [];
  // Databases of other tests of this server may be open to everybody.
  const own = found.filter(({ code }) => code !== 'public_creates');
  return own.flatMap(({ remains }) => (remains?.roles.includes('read') ? [{ ...remains, roles: ['read'] }] : []));
};

type Case = {
  how: string;
  says: string;
  sql: (group: string, database: string) => string;
  undo: (group: string) => string;
};

const CASES: Case[] = [
  {
    how: 'CREATE on a schema',
    says: 'default privileges it creates in "public"',
    sql: (group) => `grant create on schema public to ${group}`,
    undo: (group) => `revoke create on schema public from ${group}`,
  },
  {
    how: 'CREATE on a schema, granted to PUBLIC',
    says: 'default privileges it creates in "public"',
    sql: () => 'grant create on schema public to public',
    undo: () => 'revoke create on schema public from public',
  },
  {
    how: 'CREATE on a schema through a role that it does not inherit from',
    says: 'default privileges it creates in "public"',
    sql: (group) =>
      `create role ${group}_boss; grant create on schema public to ${group}_boss; alter role ${group} noinherit; grant ${group}_boss to ${group}`,
    undo: (group) => `drop owned by ${group}_boss; drop role ${group}_boss; alter role ${group} inherit`,
  },
  {
    how: 'CREATE on the database',
    says: 'schemas and extensions it creates',
    sql: (group, database) => `grant create on database ${database} to ${group}`,
    undo: (group) => `drop owned by ${group}`,
  },
  {
    how: 'a table of its own',
    says: 'grants and triggers on objects it owns',
    sql: (group) => `create table owned_remains (i int); alter table owned_remains owner to ${group}`,
    undo: () => 'drop table owned_remains',
  },
  {
    how: 'a grant option on a table',
    says: 'it has grant options',
    sql: (group) =>
      `create table granted_remains (i int); grant select on granted_remains to ${group} with grant option`,
    undo: () => 'drop table granted_remains',
  },
  {
    how: 'a grant option on a column',
    says: 'it has grant options',
    sql: (group) =>
      `create table granted_remains (i int); grant select (i) on granted_remains to ${group} with grant option`,
    undo: () => 'drop table granted_remains',
  },
  {
    how: 'a grant option on a type',
    says: 'it has grant options',
    sql: (group) =>
      `create type kept_remains as enum ('a'); grant usage on type kept_remains to ${group} with grant option`,
    undo: () => 'drop type kept_remains',
  },
  {
    how: 'a grant option on a language',
    says: 'it has grant options',
    sql: (group) => `grant usage on language plpgsql to ${group} with grant option`,
    undo: (group) => `revoke usage on language plpgsql from ${group}`,
  },
  {
    how: 'a grant option on a foreign data wrapper',
    says: 'it has grant options',
    sql: (group) =>
      `create foreign data wrapper w; grant usage on foreign data wrapper w to ${group} with grant option`,
    undo: () => 'drop foreign data wrapper w',
  },
  {
    how: 'a grant option on a setting of the server',
    says: 'it has grant options',
    sql: (group) => `grant set on parameter log_min_messages to ${group} with grant option`,
    undo: (group) => `revoke set on parameter log_min_messages from ${group}`,
  },
  {
    how: 'a grant option on a large object',
    says: 'it has grant options',
    sql: (group) => `select lo_create(4711); grant select on large object 4711 to ${group} with grant option`,
    undo: () => 'select lo_unlink(4711)',
  },
  {
    how: 'a large object of its own',
    says: 'grants and triggers on objects it owns',
    sql: (group) => `select lo_create(4712); alter large object 4712 owner to ${group}`,
    undo: () => 'select lo_unlink(4712)',
  },
  {
    how: 'a type of its own',
    says: 'grants and triggers on objects it owns',
    sql: (group) => `create type own_remains as enum ('a'); alter type own_remains owner to ${group}`,
    undo: () => 'drop type own_remains',
  },
  {
    how: 'TRIGGER on a table',
    says: 'triggers it adds to tables',
    sql: (group) => `create table triggered_remains (i int); grant trigger on triggered_remains to ${group}`,
    undo: () => 'drop table triggered_remains',
  },
  {
    how: 'jobs of pg_cron',
    says: 'pg_cron jobs it schedules',
    sql: (group) => `create schema cron; create table cron.job (i int); grant usage on schema cron to ${group}`,
    undo: () => 'drop schema cron cascade',
  },
  {
    how: 'a foreign server',
    says: 'user mappings on the foreign servers "far"',
    sql: (group) =>
      `create foreign data wrapper w; create server far foreign data wrapper w; grant usage on foreign server far to ${group}`,
    undo: () => 'drop foreign data wrapper w cascade',
  },
];

describe.each(VERSIONS.map((version) => ({ version })))('what may remain on Postgres $version', ({ version }) => {
  let rig: Rig;

  beforeAll(async () => {
    rig = await createRig(await startVersion(version));
  });
  afterAll(async () => await rig.tearDown());

  test.each(CASES)(
    '$how is a warning, until it is taken away, and approvers can read it',
    async ({ says, sql, undo }) => {
      const { read, database } = rig.target;
      expect(await look(rig, 'group_leaves_behind')).toEqual([]);
      await rig.target.sql(sql(read, database));
      try {
        expect(await look(rig, 'group_leaves_behind')).toEqual([textWith(says)]);
        expect(await remainsOf(rig)).toEqual([{ roles: ['read'], sentences: [textWith(' the end.')] }]);
      } finally {
        await rig.target.sql(undo(read));
      }
    },
  );

  test('what it may make, owns or pass on in another database of the server is named with that database', async () => {
    const { read, database, superuserUrl, sql } = rig.target;
    const other = `${database}_other`;
    await sql(`create database ${other}`);
    try {
      const there = await sessionAt(urlFor(superuserUrl, { database: other }));
      await there.query(`create schema bills; grant create, usage on schema bills to ${read}`);
      await there.leave();
      expect(await look(rig, 'group_leaves_behind')).toEqual([
        textWith(`in the database "${other}", functions, tables and default privileges it creates in "bills"`),
      ]);
      const sentence = `In the database ${other}: Functions and tables created in bills stay after the end.`;
      expect(await remainsOf(rig)).toEqual([{ roles: ['read'], sentences: [sentence] }]);
    } finally {
      await sql(`drop database ${other} with (force)`);
    }
    expect(await look(rig, 'group_leaves_behind')).toEqual([]);
  });

  test.each([
    ['its schema', 'grant create on schema public to public'],
    ['the database itself', 'DATABASE'],
  ])('another database in which everybody may create, by %s, is named; closed, it is not', async (_how, open) => {
    const { read, database, superuserUrl, sql } = rig.target;
    const other = `${database}_open`;
    const said = async (): Promise<string[]> =>
      ((await rig.connection.preflight?.({ read: { member_of: [read] } }, contextOf())) ?? [])
        .filter(({ code }) => code === 'public_creates')
        .flatMap(({ message, remains }) => [message, ...(remains?.sentences ?? [])])
        .filter((text) => text.includes(other));
    await sql(`create database ${other}`);
    try {
      expect(await said()).toEqual([]);
      const there = await sessionAt(urlFor(superuserUrl, { database: other }));
      await there.query(open === 'DATABASE' ? `grant create on database ${other} to public` : open);
      await there.query(`comment on database ${other} is 'changed'`);
      await there.leave();
      // What was seen is kept for some minutes: another database is looked at anew.
      await sql(`create database ${other}_two`);
      expect(await said()).toEqual([
        textWith('REVOKE CREATE ON SCHEMA public FROM PUBLIC'),
        textWith('stay after the end.'),
      ]);
      await sql(`revoke connect on database ${other} from public`);
      expect(await said()).toEqual([]);
    } finally {
      await sql(`drop database if exists ${other} with (force)`);
      await sql(`drop database if exists ${other}_two with (force)`);
    }
  });
});

test('a server that takes prepared transactions is a warning, and one that does not is none', async () => {
  const version = VERSIONS.at(-1) ?? 18;
  const rigs = [await createRig(await startPreparing(version)), await createRig(await startVersion(version))] as const;
  expect(await look(rigs[0], 'prepared_transactions')).toEqual([textWith('max_prepared_transactions = 0')]);
  expect(await look(rigs[1], 'prepared_transactions')).toEqual([]);
  for (const rig of rigs) await rig.tearDown();
});
