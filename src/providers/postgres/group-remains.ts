/** What a borrower could leave in the target that no end of access takes back, because Latchkey cannot distinguish it from wanted changes. */
import pg from 'pg';
import { ProviderError, type Finding } from '../provider.ts';
import type { Scope } from './config.ts';
import type { Client, Server } from './server.ts';

const name = pg.escapeIdentifier;
/** Of more, the first by name are looked into. */
const DATABASES_MAX = 20;
/** A borrower may make any number of schemas: so many are named. */
const NAMES_MAX = 50;
const KEPT_MS = 10 * 60_000;

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

/** Everything that has an access list: postgresql.org/docs/current/ddl-priv.html. */
const GRANTABLE = [
  ['pg_class c', 'c.relacl'],
  ['pg_attribute c', 'c.attacl'],
  ['pg_proc c', 'c.proacl'],
  ['pg_namespace c', 'c.nspacl'],
  ['pg_database c', 'c.datacl'],
  ['pg_tablespace c', 'c.spcacl'],
  ['pg_type c', 'c.typacl'],
  ['pg_language c', 'c.lanacl'],
  ['pg_foreign_server c', 'c.srvacl'],
  ['pg_foreign_data_wrapper c', 'c.fdwacl'],
  ['pg_largeobject_metadata c', 'c.lomacl'],
  ['pg_parameter_acl c', 'c.paracl'],
  ['pg_default_acl c', 'c.defaclacl'],
] as const;

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
        and exists (select from roles where has_schema_privilege(roles.oid, n.oid, 'CREATE')) order by 1 limit ${NAMES_MAX}) as schemas,
      exists (select from roles join pg_database d on d.datname = current_database()
        where has_database_privilege(roles.oid, d.oid, 'CREATE')) as "createsSchemas",
      exists (select from pg_shdepend s join roles on roles.oid = s.refobjid where s.refclassid = 'pg_authid'::regclass and s.deptype = 'o'
        and s.dbid in (0, (select d.oid from pg_database d where d.datname = current_database()))) as "ownsObjects",
      ${GRANTABLE.map(([from, acl]) => grantableIn(from, acl)).join(' or ')} as "hasGrantOptions",
      exists (select from pg_class c cross join roles where c.relkind in ('r', 'p', 'v', 'f') and c.relowner <> roles.oid
        and has_table_privilege(roles.oid, c.oid, 'TRIGGER')) as "addsTriggers",
      exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace cross join roles
        where n.nspname = 'cron' and c.relname = 'job' and has_schema_privilege(roles.oid, n.oid, 'USAGE')) as "schedulesJobs",
      array(select s.srvname::text from pg_foreign_server s
        where exists (select from roles where has_server_privilege(roles.oid, s.oid, 'USAGE')) order by 1 limit ${NAMES_MAX}) as "foreignServers",
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

/**
 * Databases beside the target's own that one of these groups may enter. `hasOwn`: the server itself keeps that the group has something there.
 * What everybody may do there stands in the database alone.
 */
const ELSEWHERE = `
  with recursive reach(oid) as (
    select g.oid from pg_roles g where g.rolname = any($1)
    union select m.roleid from reach r join pg_auth_members m on m.member = r.oid
  ), entered as (
    select d.oid, d.datname::text as name, exists (select from pg_shdepend s join reach r on r.oid = s.refobjid
      where s.refclassid = 'pg_authid'::regclass and s.dbid = d.oid and has_database_privilege(r.oid, d.oid, 'CONNECT')) as "hasOwn"
    from pg_database d where d.datallowconn and d.datname <> current_database()
      and exists (select from reach r where has_database_privilege(r.oid, d.oid, 'CONNECT'))
  )
  select name, "hasOwn" from entered where "hasOwn" or has_database_privilege(current_user, oid, 'CONNECT')
  order by "hasOwn" desc, name limit ${DATABASES_MAX}`;

/** Of the database that it runs in. */
const PUBLIC_CREATES = `
  select exists (select from pg_namespace n cross join lateral aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) as a
      where n.nspname !~ '^pg_' and a.grantee = 0 and a.privilege_type = 'CREATE')
    or exists (select from pg_database d cross join lateral aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) as a
      where d.datname = current_database() and a.grantee = 0 and a.privilege_type = 'CREATE') as "isOpen"`;

/** What of one group remains in the target's database (null), or in another one. */
type Found = { group: string; database: string | null; parts: Part[] };

const inDatabase = (database: string, { admin, approver }: Part): Part => ({
  admin: `in the database ${name(database)}, ${admin}`,
  approver: `In the database ${database}: ${approver}`,
});

const remainsFinding = (group: string, found: readonly Found[], scopes: Record<string, Scope>): Finding[] => {
  const parts = found.flatMap(({ database, parts: each }) =>
    database === null ? each : each.map((part) => inDatabase(database, part)),
  );
  if (parts.length === 0) return [];
  const all = parts.map(({ admin }) => admin).join('; ');
  const what = `What may remain after access through the group ${name(group)}: ${all}.`;
  const remedy = 'If that is not meant, take these rights from the group: it should own nothing and have no CREATE.';
  const sentences = parts.map(({ approver }) => approver);
  return [
    {
      level: 'warning',
      code: 'group_leaves_behind',
      message: `${what} ${remedy}`,
      remains: { roles: rolesWith(scopes, group), sentences },
    },
  ];
};

const readRemains = async (client: Client, groups: readonly string[]): Promise<Remains[]> =>
  (await client.query<Remains>({ text: REMAINS, values: [groups] })).rows;

const foundIn = (database: string | null, rows: readonly Remains[]): Found[] =>
  rows.map((row) => ({ group: row.group, database, parts: partsOf(row) }));

type Other = { name: string; hasOwn: boolean };
/** `open`: databases in which everybody may create something. */
type Elsewhere = { found: Found[]; open: string[] };

/** One that cannot be looked into now has another turn. */
const lookInto = async (
  server: Server,
  { name: database, hasOwn }: Other,
  { groups, signal }: { groups: readonly string[]; signal: AbortSignal },
): Promise<Elsewhere | null> => {
  try {
    return await server.runIn(database, signal, async (client) => {
      const { rows } = await client.query<{ isOpen: boolean }>(PUBLIC_CREATES);
      const found = hasOwn ? foundIn(database, await readRemains(client, groups)) : [];
      return { found, open: rows[0]?.isOpen === true ? [database] : [] };
    });
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    return null;
  }
};

type Kept = { key: string; atMs: number; elsewhere: Elsewhere };
const kept = new WeakMap<Server, Kept>();

/** Looked into now and then: a connection keeps others from dropping or copying a database for as long as it lasts. */
const lookElsewhere = async (server: Server, groups: readonly string[], signal: AbortSignal): Promise<Elsewhere> => {
  const databases = await server.query<Other>(signal, { text: ELSEWHERE, values: [groups] });
  const key = JSON.stringify([groups, databases]);
  const known = kept.get(server);
  if (known?.key === key && performance.now() - known.atMs < KEPT_MS) return known.elsewhere;
  const each: (Elsewhere | null)[] = [];
  for (const database of databases) each.push(await lookInto(server, database, { groups, signal }));
  const elsewhere = {
    found: each.flatMap((one) => one?.found ?? []),
    open: each.flatMap((one) => one?.open ?? []),
  };
  if (each.every((one, at) => one !== null || databases[at]?.hasOwn === false))
    kept.set(server, { key, atMs: performance.now(), elsewhere });
  return elsewhere;
};

const SHOWN_MAX = 5;

const openFindings = (open: readonly string[], scopes: Record<string, Scope>): Finding[] => {
  if (open.length === 0) return [];
  const more = open.length > SHOWN_MAX ? ` and ${open.length - SHOWN_MAX} more` : '';
  const shown = open.slice(0, SHOWN_MAX);
  return [
    {
      level: 'warning',
      code: 'public_creates',
      message: `Everybody who enters them may create functions and tables in other databases of this server: ${shown.map(name).join(', ')}${more}. What a borrower leaves there stays, and others may run it. In each: REVOKE CREATE ON SCHEMA public FROM PUBLIC; or keep the logins out: REVOKE CONNECT ON DATABASE … FROM PUBLIC;`,
      remains: {
        roles: Object.keys(scopes),
        sentences: [`Functions and tables created in other databases (${shown.join(', ')}${more}) stay after the end.`],
      },
    },
  ];
};

export const remainsFindings = async (
  server: Server,
  scopes: Record<string, Scope>,
  signal: AbortSignal,
): Promise<Finding[]> => {
  const groups = [...new Set(Object.values(scopes).flatMap((scope) => scope.member_of))];
  const here = await server.run(signal, async (client) => readRemains(client, groups));
  const elsewhere = await lookElsewhere(server, groups, signal);
  const found = [...foundIn(null, here), ...elsewhere.found];
  const ofGroups = groups.toSorted().flatMap((group) =>
    remainsFinding(
      group,
      found.filter((each) => each.group === group),
      scopes,
    ),
  );
  return [...ofGroups, ...openFindings(elsewhere.open, scopes)];
};
