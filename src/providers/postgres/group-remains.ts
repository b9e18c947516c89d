/** What a borrower could leave in the target that no end of access takes back, because Latchkey cannot tell it from wanted changes. */
import pg from 'pg';
import type { Finding } from '../provider.ts';
import type { Client } from './server.ts';

const name = pg.escapeIdentifier;

type Remains = {
  group: string;
  /** Where it may create functions, tables and triggers. */
  schemas: string[];
  createsSchemas: boolean;
  ownsObjects: boolean;
  hasGrantOptions: boolean;
  addsTriggers: boolean;
  schedulesJobs: boolean;
  foreignServers: string[];
  usesDblink: boolean;
};

/** A `*` in an access list marks a grant option: most lists are passed over without taking them apart. */
const grantableIn = (from: string, acl: string): string =>
  `exists (select from ${from} cross join lateral aclexplode(${acl}) as a join roles on roles.oid = a.grantee where ${acl}::text like '%*%' and a.is_grantable)`;

/** Over every role that the group may act as or has the rights of, in the target's database. A superuser is refused anyway. */
const REMAINS = `
  with recursive reach(group_oid, oid) as (
    select g.oid, g.oid from pg_roles g where g.rolname = any($1)
    union
    select r.group_oid, m.roleid from reach r join pg_auth_members m on m.member = r.oid
  )
  select pg_get_userbyid(g.oid)::text as "group", found.*
  from pg_roles g cross join lateral (
    with roles as (select r.oid from reach r where r.group_oid = g.oid)
    select
      array(select n.nspname::text from pg_namespace n where n.nspname !~ '^pg_'
        and exists (select from roles where has_schema_privilege(roles.oid, n.oid, 'CREATE')) order by 1) as schemas,
      exists (select from roles join pg_database d on d.datname = current_database()
        where has_database_privilege(roles.oid, d.oid, 'CREATE')) as "createsSchemas",
      exists (select from pg_class c join roles on roles.oid = c.relowner)
        or exists (select from pg_proc p join roles on roles.oid = p.proowner)
        or exists (select from pg_namespace n join roles on roles.oid = n.nspowner) as "ownsObjects",
      ${grantableIn('pg_class c', 'c.relacl')} or ${grantableIn('pg_attribute c', 'c.attacl')} or ${grantableIn('pg_proc c', 'c.proacl')}
        or ${grantableIn('pg_namespace c', 'c.nspacl')} or ${grantableIn('pg_database c', 'c.datacl')} as "hasGrantOptions",
      exists (select from pg_class c cross join roles where c.relkind in ('r', 'p', 'v', 'f') and c.relowner <> roles.oid
        and has_table_privilege(roles.oid, c.oid, 'TRIGGER')) as "addsTriggers",
      exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace cross join roles
        where n.nspname = 'cron' and c.relname = 'job' and has_schema_privilege(roles.oid, n.oid, 'USAGE')) as "schedulesJobs",
      array(select s.srvname::text from pg_foreign_server s
        where exists (select from roles where has_server_privilege(roles.oid, s.oid, 'USAGE')) order by 1) as "foreignServers",
      exists (select from pg_extension e join pg_proc p on p.pronamespace = e.extnamespace and p.proname = 'dblink_connect'
        cross join roles where e.extname = 'dblink' and has_function_privilege(roles.oid, p.oid, 'EXECUTE')) as "usesDblink"
  ) found
  where g.rolname = any($1) and not exists (select from reach r join pg_roles s on s.oid = r.oid where r.group_oid = g.oid and s.rolsuper)
  order by 1`;

const partsOf = (remains: Remains): string[] => {
  const { schemas, foreignServers } = remains;
  const parts: (string | false)[] = [
    schemas.length > 0 && `functions, tables and default privileges it creates in ${schemas.map(name).join(', ')}`,
    remains.createsSchemas && 'schemas and extensions it creates',
    remains.ownsObjects && 'grants and triggers on objects it owns',
    remains.hasGrantOptions && 'privileges it grants on (it has grant options)',
    remains.addsTriggers && 'triggers it adds to tables',
    remains.schedulesJobs && 'pg_cron jobs it schedules',
    foreignServers.length > 0 && `user mappings on the foreign servers ${foreignServers.map(name).join(', ')}`,
    remains.usesDblink && 'what it does elsewhere through dblink',
  ];
  return parts.filter((part) => part !== false);
};

const remainsFinding = (remains: Remains): Finding[] => {
  const parts = partsOf(remains);
  if (parts.length === 0) return [];
  const what = `What may remain after access through the group ${name(remains.group)}: ${parts.join('; ')}.`;
  const remedy = 'If that is not meant, take these rights from the group: it should own nothing and have no CREATE.';
  return [{ level: 'warning', code: 'group_leaves_behind', message: `${what} ${remedy}` }];
};

export const remainsFindings = async (client: Client, groups: readonly string[]): Promise<Finding[]> =>
  (await client.query<Remains>({ text: REMAINS, values: [groups] })).rows.flatMap(remainsFinding);
