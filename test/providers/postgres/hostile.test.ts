/** The hostile databases catch what they are for: a connection of Latchkey's role that does not say where names are looked up. */
import pg from 'pg';
import { expect, test } from 'vitest';
import { recordedIn } from './hostile.ts';
import { HOSTILE_SERVERS } from './servers.ts';
import { createTarget } from './target.ts';

const STATEMENTS = {
  function: `select shobj_description(r.oid, 'pg_authid') from pg_roles r limit 1`,
  'function with a name': `select pg_has_role(current_user, 'pg_signal_backend', 'MEMBER')`,
  operator: `select usename from pg_stat_activity where usename like $1`,
  'operator on a name': `select current_user || '_maker_'`,
  row: `select to_jsonb(m) from pg_auth_members m limit 1`,
  type: `select $1::oid`,
  aggregate: 'select count(*) from pg_catalog.pg_database',
  table: 'select from pg_shdepend',
};

/** A cast to a type and a table of the same name are the catalogue's for whoever looks there first. */
const IN_PUBLIC = ['function', 'function with a name', 'operator', 'operator on a name', 'row'];

test.for(HOSTILE_SERVERS)('$title catches each kind of name', async ({ start }) => {
  const server = await start();
  const target = await createTarget(server.adminUrl, server.makers, server.template);
  const caught = async (): Promise<string[]> => {
    const kinds: string[] = [];
    let before = await recordedIn(target.superuserUrl);
    for (const [kind, statement] of Object.entries(STATEMENTS)) {
      const client = new pg.Client(target.managerUrl);
      await client.connect();
      await Promise.allSettled([client.query(statement, statement.includes('$1') ? ['1'] : [])]);
      await client.end();
      const after = await recordedIn(target.superuserUrl);
      if (after[0] !== before[0]) kinds.push(kind);
      before = after;
    }
    return kinds;
  };
  expect(await caught()).toEqual(Object.keys(STATEMENTS));
  await target.sql(`alter role ${target.manager} reset search_path`);
  expect(await caught()).toEqual(IN_PUBLIC);
  await expect(target.drop()).rejects.toThrow("What a borrower made ran as Latchkey's role");
});
