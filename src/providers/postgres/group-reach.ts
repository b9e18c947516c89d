/** Every role that a group may act as or has the rights of, and what each of them has that others do not. */
import { OLDEST_MARK_OF, SETTINGS_OF, type SettingsOfGroup } from './group-settings.ts';
import type { Client } from './server.ts';

export type Grants = { what: string; from: string }[];

/** A role within reach of a group. `canAct`: the group may SET ROLE to it, and not only use its privileges. */
export type Reach = {
  group: string;
  role: string;
  /** The first of the memberships that lead there; null for the group itself. */
  through: string | null;
  grantor: string | null;
  canAct: boolean;
  isSuperuser: boolean;
  canCreateRole: boolean;
  canLogin: boolean;
  canReplicate: boolean;
  canBypassRls: boolean;
  canCreateDb: boolean;
  /** Roles that it may grant to others. */
  admins: { role: string; grantor: string }[];
  isLatchkey: boolean;
  ownsDatabase: boolean;
  /** What was granted to it, or to PUBLIC, that only a superuser has by default. */
  readsPasswords: Grants;
  /** Functions that read or write files of the server. */
  fileFunctions: Grants;
  /** Settings of the whole server that it may change for good. */
  systemSettings: Grants;
  /** Of the group itself: what is set on it now, and the comment of our oldest login in it. */
  /** Event triggers whose function it may replace. */
  eventTriggers: { trigger: string; function: string }[];
  settings: SettingsOfGroup;
  oldestMark: string | null;
  database: string;
  version: number;
};

const FILE_FUNCTIONS =
  '{pg_read_file,pg_read_binary_file,lo_import,lo_export,pg_file_write,pg_file_rename,pg_file_unlink}';

/** Granted to the role `r` itself or to PUBLIC; what its roles were granted stands in their rows. */
const grantsOn = ({ what, from, acl, where }: Record<'what' | 'from' | 'acl' | 'where', string>): string => `
    coalesce((select jsonb_agg(jsonb_build_object('what', ${what}, 'from', case when acl.grantee = 0 then 'PUBLIC' else quote_ident(r.rolname) end) order by ${what})
      from ${from} cross join lateral aclexplode(${acl}) as acl where ${where} and (acl.grantee = r.oid or (acl.grantee = 0 and a.first is null))), '[]')`;

/**
 * Upwards from the groups, whose memberships are few, and never from all roles, of which there may be any number. `set_option` is not
 * there before 16, where every member may act as the role.
 */
const REACH = `
  with recursive reach(group_oid, oid, can_act, first, grantor) as (
    select g.oid, g.oid, true, null::oid, null::oid from pg_roles g where g.rolname = any($1)
    union
    select r.group_oid, m.roleid, r.can_act and coalesce((to_jsonb(m)->>'set_option')::boolean, true),
      coalesce(r.first, m.roleid), coalesce(r.grantor, m.grantor)
    from reach r join pg_auth_members m on m.member = r.oid
  )
  select pg_get_userbyid(a.group_oid)::text as "group", r.rolname::text as role, pg_get_userbyid(a.first)::text as through,
    pg_get_userbyid(a.grantor)::text as grantor, bool_or(a.can_act) as "canAct",
    r.rolsuper as "isSuperuser", r.rolcreaterole as "canCreateRole", r.rolcanlogin as "canLogin", r.rolreplication as "canReplicate",
    r.rolbypassrls as "canBypassRls", r.rolcreatedb as "canCreateDb",
    coalesce((select jsonb_agg(jsonb_build_object('role', pg_get_userbyid(m.roleid), 'grantor', pg_get_userbyid(m.grantor)))
      from pg_auth_members m where m.member = r.oid and m.admin_option), '[]') as admins,
    r.rolname = current_user or starts_with(r.rolname::text, current_user || '_maker_') as "isLatchkey",
    exists (select from pg_database d where d.datname = current_database() and d.datdba = r.oid) as "ownsDatabase",
    ${grantsOn({ what: `'SELECT ON pg_authid'`, from: 'pg_class c', acl: 'c.relacl', where: `c.oid = 'pg_authid'::regclass and acl.privilege_type = 'SELECT'` })} ||
    ${grantsOn({ what: `'SELECT (rolpassword) ON pg_authid'`, from: 'pg_attribute c', acl: 'c.attacl', where: `c.attrelid = 'pg_authid'::regclass and c.attname = 'rolpassword' and acl.privilege_type = 'SELECT'` })} as "readsPasswords",
    ${grantsOn({ what: 'c.oid::regprocedure::text', from: 'pg_proc c', acl: 'c.proacl', where: `c.proname = any('${FILE_FUNCTIONS}'::name[]) and c.pronamespace = 'pg_catalog'::regnamespace` })} as "fileFunctions",
    ${grantsOn({ what: 'c.parname::text', from: 'pg_parameter_acl c', acl: 'c.paracl', where: `acl.privilege_type = 'ALTER SYSTEM'` })} as "systemSettings",
    coalesce((select jsonb_agg(jsonb_build_object('trigger', e.evtname, 'function', p.oid::regprocedure::text) order by e.evtname)
      from pg_event_trigger e join pg_proc p on p.oid = e.evtfoid where p.proowner = r.oid or e.evtowner = r.oid), '[]') as "eventTriggers",
    case when a.first is null then ${SETTINGS_OF} else '{}' end as settings,
    case when a.first is null then ${OLDEST_MARK_OF} end as "oldestMark",
    current_database()::text as database, current_setting('server_version_num')::int as version
  from reach a join pg_roles r on r.oid = a.oid
  group by a.group_oid, a.first, a.grantor, r.oid, r.rolname, r.rolsuper, r.rolcreaterole, r.rolcanlogin, r.rolreplication, r.rolbypassrls, r.rolcreatedb
  order by 1, a.first is not null, r.rolname`;

export const findReach = async (client: Client, groups: readonly string[]): Promise<Reach[]> =>
  (await client.query<Reach>({ name: 'latchkey_reach', text: REACH, values: [groups] })).rows;
