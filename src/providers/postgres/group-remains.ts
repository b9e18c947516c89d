/** What a borrower could leave in the target that no end of access takes back, because Latchkey cannot tell it from wanted changes. */
import pg from 'pg';
import type { Finding } from '../provider.ts';
import type { Scope } from './config.ts';
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

/** What an admin reads in the finding, and what an approver reads beside the request. */
type Part = { admin: string; approver: string };

const partsOf = (remains: Remains): Part[] => {
  const { schemas, foreignServers } = remains;
  const quoted = (names: string[]): string => names.map(name).join(', ');
  const parts: (Part | false)[] = [
    schemas.length > 0 && {
      admin: `functions, tables and default privileges it creates in ${quoted(schemas)}`,
      approver: `Functions and tables created in ${schemas.join(', ')} stay after the end.`,
    },
    remains.createsSchemas && {
      admin: 'schemas and extensions it creates',
      approver: 'New schemas and extensions stay after the end.',
    },
    remains.ownsObjects && {
      admin: 'grants and triggers on objects it owns',
      approver: 'Rights given to others on tables of this role, and triggers on them, stay after the end.',
    },
    remains.hasGrantOptions && {
      admin: 'privileges it grants on (it has grant options)',
      approver: 'Rights that are passed on to others stay after the end.',
    },
    remains.addsTriggers && {
      admin: 'triggers it adds to tables',
      approver: 'Triggers added to tables stay after the end.',
    },
    remains.schedulesJobs && {
      admin: 'pg_cron jobs it schedules',
      approver: 'Scheduled jobs go on after the end.',
    },
    foreignServers.length > 0 && {
      admin: `user mappings on the foreign servers ${quoted(foreignServers)}`,
      approver: `Credentials stored for the foreign servers ${foreignServers.join(', ')} stay after the end.`,
    },
    remains.usesDblink && {
      admin: 'what it does elsewhere through dblink',
      approver: 'What is done on other servers through dblink stays after the end.',
    },
  ];
  return parts.filter((part) => part !== false);
};

const rolesWith = (scopes: Record<string, Scope>, group: string): string[] =>
  Object.entries(scopes).flatMap(([role, { member_of: groups }]) => (groups.includes(group) ? [role] : []));

const remainsFinding = (remains: Remains, scopes: Record<string, Scope>): Finding[] => {
  const parts = partsOf(remains);
  if (parts.length === 0) return [];
  const all = parts.map(({ admin }) => admin).join('; ');
  const what = `What may remain after access through the group ${name(remains.group)}: ${all}.`;
  const remedy = 'If that is not meant, take these rights from the group: it should own nothing and have no CREATE.';
  const sentences = parts.map(({ approver }) => approver);
  return [
    {
      level: 'warning',
      code: 'group_leaves_behind',
      message: `${what} ${remedy}`,
      remains: { roles: rolesWith(scopes, remains.group), sentences },
    },
  ];
};

export const remainsFindings = async (client: Client, scopes: Record<string, Scope>): Promise<Finding[]> => {
  const groups = [...new Set(Object.values(scopes).flatMap((scope) => scope.member_of))];
  const { rows } = await client.query<Remains>({ text: REMAINS, values: [groups] });
  return rows.flatMap((row) => remainsFinding(row, scopes));
};
