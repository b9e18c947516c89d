/** A group through which access could be kept is refused, whatever the way there, and the SQL of the sentence makes it fit. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Json } from '../../../../src/domain/json.ts';
import type { Finding } from '../../../../src/providers/provider.ts';
import { contextOf, failureOf } from '../../connection.ts';
import { startVersion, VERSIONS } from '../servers.ts';
import { createRig, type Rig } from './rig.ts';

type Case = {
  code: string;
  how: string;
  sql: (names: { group: string; boss: string; rig: Rig }) => string;
  since?: number;
};

const attribute = (code: string, word: string): Case[] => [
  { code, how: `the group is ${word}`, sql: ({ group }) => `alter role ${group} ${word}` },
  {
    code,
    how: `the group is in a role that is ${word}`,
    sql: ({ group, boss }) => `alter role ${boss} ${word}; grant ${boss} to ${group}`,
  },
  {
    code,
    how: `the group is in a role that is in a role that is ${word}`,
    sql: ({ group, boss }) =>
      `create role ${boss}_between; alter role ${boss} ${word}; grant ${boss} to ${boss}_between; grant ${boss}_between to ${group}`,
  },
];

const predefined = (code: string, role: string, since?: number): Case[] => [
  { code, how: `the group is in ${role}`, sql: ({ group }) => `grant ${role} to ${group}`, ...(since && { since }) },
  {
    code,
    how: `the group is in a role that is in ${role}`,
    sql: ({ group, boss }) => `grant ${role} to ${boss}; grant ${boss} to ${group}`,
    ...(since && { since }),
  },
];

const CASES: Case[] = [
  ...attribute('superuser_group', 'superuser'),
  ...attribute('group_makes_roles', 'createrole'),
  ...attribute('group_can_login', 'login'),
  ...attribute('group_replicates', 'replication'),
  ...predefined('group_runs_programs', 'pg_execute_server_program'),
  ...predefined('group_writes_files', 'pg_write_server_files'),
  ...predefined('group_reads_files', 'pg_read_server_files'),
  ...predefined('group_ends_sessions', 'pg_signal_backend'),
  ...predefined('group_subscribes', 'pg_create_subscription', 16),
  ...predefined('group_locks_catalogs', 'pg_maintain', 17),
  {
    code: 'group_may_grant',
    how: 'the group may grant another role',
    sql: ({ group, boss }) => `grant ${boss} to ${group} with admin option`,
  },
  {
    code: 'group_may_grant',
    how: 'the group may grant another group that is granted too',
    sql: ({ group, rig }) => `grant ${rig.target.read} to ${group} with admin option`,
  },
  {
    code: 'group_may_grant',
    how: 'the group is in a role that may grant',
    sql: ({ group, boss, rig }) => `grant ${boss} to ${group}; grant ${rig.target.write} to ${boss} with admin option`,
  },
  {
    code: 'group_is_latchkey',
    how: "the group is in Latchkey's own role",
    sql: ({ group, rig }) => `revoke ${group} from ${rig.target.manager}; grant ${rig.target.manager} to ${group}`,
  },
  {
    code: 'group_owns_database',
    how: 'the group owns the database',
    sql: ({ group, rig }) => `alter database ${rig.target.database} owner to ${group}`,
  },
  {
    code: 'group_owns_database',
    how: 'the group is in a role that owns the database',
    sql: ({ group, boss, rig }) => `alter database ${rig.target.database} owner to ${boss}; grant ${boss} to ${group}`,
  },
  {
    code: 'group_reaches_files',
    how: 'the group may read files by a function',
    sql: ({ group }) => `grant execute on function pg_read_file(text) to ${group}`,
  },
  {
    code: 'group_reaches_files',
    how: 'the group may write files by a function',
    sql: ({ group, boss }) => `grant execute on function lo_export(oid, text) to ${boss}; grant ${boss} to ${group}`,
  },
  {
    code: 'group_changes_server',
    how: 'the group may change a setting of the server',
    sql: ({ group }) => `grant alter system on parameter archive_command to ${group}`,
  },
];

describe.each(VERSIONS.map((version) => ({ version })))('a group on Postgres $version', ({ version }) => {
  let rig: Rig;

  beforeAll(async () => {
    rig = await createRig(await startVersion(version));
  });
  afterAll(async () => await rig.tearDown());

  const findings = async (scope: Json): Promise<Finding[]> =>
    (await rig.connection.preflight?.({ read: scope }, contextOf())) ?? [];

  const withGroup = async (
    work: (names: { group: string; boss: string; rig: Rig }) => Promise<void>,
  ): Promise<void> => {
    const names = { group: `group_${contextOf().grantId}`, boss: `boss_${contextOf().grantId}`, rig };
    const { target } = rig;
    const lend = version >= 16 ? 'with admin true, inherit false, set false' : 'with admin option';
    await target.sql(
      `create role ${names.group} nologin; create role ${names.boss} nologin; grant ${names.group} to ${target.manager} ${lend}`,
    );
    try {
      await work(names);
    } finally {
      await target.sql(`alter database ${target.database} owner to postgres`);
      for (const role of [names.group, `${names.boss}_between`, names.boss])
        if (await rig.exists(role)) await target.sql(`drop owned by ${role}; drop role ${role}`);
    }
  };

  test.each(CASES.filter(({ since = 0 }) => version >= since))('$how: $code', async ({ code, sql }) => {
    await withGroup(async (names) => {
      const scope = { member_of: [rig.target.read, names.group], set_role: names.group };
      expect((await findings(scope)).filter(({ level }) => level === 'error')).toEqual([]);
      await rig.target.sql(sql(names));
      const found = (await findings(scope)).filter(({ level }) => level === 'error');
      expect(found.map((finding) => finding.code)).toContain(code);
      const ctx = contextOf();
      expect(await failureOf(rig.connection.grant(scope, ctx))).toMatchObject({ kind: 'misconfigured' });
      expect(await rig.connection.check(scope, undefined, ctx)).toBe('absent');
      for (const { message } of found)
        await rig.target.sql(message.slice(message.indexOf('uperuser: ') + 'uperuser: '.length));
      if (code === 'group_is_latchkey')
        await rig.target.sql(`grant ${names.group} to ${rig.target.manager} with admin option`);
      expect((await findings(scope)).filter(({ level }) => level === 'error')).toEqual([]);
      const access = await rig.connection.grant(scope, ctx);
      expect(await rig.connection.revoke(scope, access.handle, ctx)).toBe('removed');
    });
  });

  test('what became wrong with a group also stops more time', async () => {
    await withGroup(async ({ group }) => {
      const scope = { member_of: [group] };
      const ctx = contextOf();
      const access = await rig.connection.grant(scope, ctx);
      await rig.target.sql(`grant pg_read_server_files to ${group}`);
      expect(await failureOf(rig.connection.extend?.(scope, access.handle, ctx))).toMatchObject({
        kind: 'misconfigured',
      });
      expect(await rig.connection.revoke(scope, access.handle, ctx)).toBe('removed');
    });
  });

  test.runIf(version >= 16)('a role that the group has the rights of and cannot act as may log in', async () => {
    await withGroup(async ({ group, boss }) => {
      await rig.target.sql(`alter role ${boss} login; grant ${boss} to ${group} with inherit true, set false`);
      expect((await findings({ member_of: [group] })).filter(({ level }) => level === 'error')).toEqual([]);
    });
  });

  test.each(['pg_read_all_data', 'pg_write_all_data', 'pg_monitor', 'pg_checkpoint'])(
    '%s is granted: it opens nothing that outlives a session',
    async (role) => {
      await withGroup(async ({ group }) => {
        await rig.target.sql(`grant ${role} to ${group}`);
        const found = await findings({ member_of: [group] });
        expect(found.filter(({ level }) => level === 'error')).toEqual([]);
        expect(found.some(({ code }) => code === 'group_reads_passwords')).toBe(role === 'pg_read_all_data');
      });
    },
  );
});
