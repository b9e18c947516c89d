/** What Latchkey cannot take back at the end is named before access is given, group by group. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { contextOf, textWith } from '../../connection.ts';
import { startPreparing, startVersion, VERSIONS } from '../servers.ts';
import { createRig, type Rig } from './rig.ts';

const look = async (rig: Rig, code: string): Promise<string[]> =>
  ((await rig.connection.preflight?.({ read: { member_of: [rig.target.read] } }, contextOf())) ?? [])
    .filter((finding) => finding.code === code && finding.level === 'warning')
    .map(({ message }) => message);

const remainsOf = async (rig: Rig): Promise<unknown[]> => {
  const scopes = { read: { member_of: [rig.target.read] }, write: { member_of: [rig.target.write] } };
  const found = (await rig.connection.preflight?.(scopes, contextOf())) ?? [];
  return found.flatMap(({ remains }) => (remains?.roles.includes('read') ? [{ ...remains, roles: ['read'] }] : []));
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
});

test('a server that takes prepared transactions is a warning, and one that does not is none', async () => {
  const version = VERSIONS.at(-1) ?? 18;
  const rigs = [await createRig(await startPreparing(version)), await createRig(await startVersion(version))] as const;
  expect(await look(rigs[0], 'prepared_transactions')).toEqual([textWith('max_prepared_transactions = 0')]);
  expect(await look(rigs[1], 'prepared_transactions')).toEqual([]);
  for (const rig of rigs) await rig.tearDown();
});
