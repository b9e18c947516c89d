/**
 * Roles and memberships that nobody but Latchkey's role, or somebody with access through Latchkey, can have made, and that belong to no
 * grant. What an administrator gave, such as the application's own role in a group, is none: there the grantor is another.
 */
import pg from 'pg';
import type { Lookalike } from '../provider.ts';
import { LIKE_OURS } from '../kit/login-name.ts';
import { NAMED } from './creator-roles.ts';
import type { Server } from './server.ts';

const name = pg.escapeIdentifier;

type Stray = {
  role: string;
  isMade: boolean;
  isModern: boolean;
  memberships: { group: string; grantor: string }[];
};

/**
 * Since 16 the creator of a role keeps ADMIN on it. Creator roles hold it on nothing else; Latchkey's own role holds it on the groups that
 * an administrator prepared too, so there only a role that can log in, or has attributes, is one. A superuser holds it on nothing, and its
 * grants are those of any administrator. `$1` is the name of our logins, `$2` the groups that are granted.
 */
const STRAYS = `
  with me as (select oid, rolsuper from pg_roles where rolname = current_user),
  creators as (select k.oid from pg_roles k where ${NAMED}),
  ours as (select oid from pg_roles where rolname like $1),
  known as (select oid from me union select oid from creators union select oid from ours),
  grantors as (
    select oid from known except select oid from me where rolsuper
    union select oid from pg_roles where rolname = any($2)
  ),
  made as (
    select distinct r.oid from pg_auth_members a join pg_roles r on r.oid = a.roleid
    where current_setting('server_version_num')::int >= 160000 and a.admin_option
      and r.oid not in (select oid from known) and r.rolname <> all($2)
      and (a.member in (select oid from creators) or a.member in (select oid from me)
        and (r.rolcanlogin or r.rolsuper or r.rolcreaterole or r.rolcreatedb or r.rolreplication or r.rolbypassrls))
  ),
  granted as (
    select m.member as oid, pg_get_userbyid(m.roleid)::text as "group", pg_get_userbyid(m.grantor)::text as grantor from pg_auth_members m
    where m.grantor in (select oid from grantors) and m.member not in (select oid from known)
  )
  select pg_get_userbyid(found.oid)::text as role, found.oid in (select oid from made) as "isMade",
    current_setting('server_version_num')::int >= 160000 as "isModern",
    (select coalesce(json_agg(json_build_object('group', g."group", 'grantor', g.grantor) order by g."group", g.grantor), '[]')
      from granted g where g.oid = found.oid) as memberships
  from (select oid from made union select oid from granted) as found order by 1`;

/** Before 16 a membership has one grantor at most; since then a superuser must name the one that is meant. */
const revokeSql = ({ role, isModern }: Stray, { group, grantor }: Stray['memberships'][number]): string =>
  `REVOKE ${name(group)} FROM ${name(role)}${isModern ? ` GRANTED BY ${name(grantor)}` : ''};`;

const whyOf = (stray: Stray): string => {
  const { role, isMade, memberships } = stray;
  const facts = [
    ...(isMade ? ["Latchkey's role can change it as if it had made it"] : []),
    ...memberships.map(({ group, grantor }) => `${name(grantor)} put it into ${name(group)}`),
  ];
  const remove = [
    ...(isMade ? [`ALTER ROLE ${name(role)} NOLOGIN;`] : []),
    ...memberships.map((membership) => revokeSql(stray, membership)),
    ...(isMade ? [`DROP ROLE ${name(role)};`] : []),
  ];
  return `no grant explains this role: ${facts.join(', and ')}. If it is not meant, as a superuser: ${remove.join(' ')}`;
};

export const listStrays = async (
  server: Server,
  groups: readonly string[],
  signal: AbortSignal,
): Promise<Lookalike[]> => {
  const strays = await server.query<Stray>(signal, { text: STRAYS, values: [LIKE_OURS, groups] });
  return strays.map((stray) => ({ kind: 'stray', name: stray.role, why: whyOf(stray) }));
};
