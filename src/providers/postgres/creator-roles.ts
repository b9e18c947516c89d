/**
 * Roles that Latchkey acts as to make and drop logins, where an admin made it some. Since Postgres 16 anyone who makes a role is its member
 * (postgresql.org/docs/16/role-attributes.html, "role creation"), and each change of a role makes Postgres read all memberships of the one who
 * changes it again: to drop a login among a thousand of one creator costs some six times what it costs among a thousand of sixteen creators.
 * Nothing hangs on them but that: Latchkey's own role may do everything that they may.
 */
import { randomInt } from 'node:crypto';
import pg from 'pg';
import type { Client } from './server.ts';

const name = pg.escapeIdentifier;

export const NAMED = `k.rolname >= (current_user || '_maker_')::name and k.rolname < (current_user || '_maker\`')::name`;
const ME = `(select oid from pg_roles where rolname = current_user)`;

/**
 * Another role that may act as a creator role could change the logins it made; so all of them must be able to act as Latchkey's own role anyway, or
 * anybody who may make roles could put one here that is theirs. By name first, and only then by membership, and rights are looked up
 * last: without creator roles, Latchkey's own role is a member of each login. `set_option` is not there before 16.
 */
const CREATOR_ROLES = `
  select k.oid, k.rolname::text as name from pg_roles k
  where ${NAMED} and k.rolcreaterole and not k.rolcanlogin and not k.rolsuper and (
    select bool_or(m.member = ${ME} and to_jsonb(m) @> '{"set_option": true}') and bool_and(pg_has_role(m.member, ${ME}, 'MEMBER'))
    from pg_auth_members m where m.roleid = k.oid)`;

/** Named like creator roles, and of no use as such. */
export const UNFIT_CREATOR_ROLES = `
  select k.rolname::text as name, array(
    select distinct pg_get_userbyid(m.member)::text from pg_auth_members m
    where m.roleid = k.oid and not pg_has_role(m.member, ${ME}, 'MEMBER') order by 1) as others
  from pg_roles k where ${NAMED}
    and current_setting('server_version_num')::int >= 160000 and k.oid not in (select oid from (${CREATOR_ROLES}) as fit) order by 1`;

/**
 * Which creator made the role `r`, where Latchkey may still act as it; by the role and then by who made it, never from all creators to all
 * roles. There is none before 16, which knows no right to SET.
 */
export const CREATOR_OF = `(
    select k.rolname::text from (select m.member from pg_auth_members m where m.roleid = r.oid and m.admin_option offset 0) as made
    join pg_roles k on k.oid = made.member
    where starts_with(k.rolname::text, current_user || '_maker_')
      and case when current_setting('server_version_num')::int >= 160000 then pg_has_role(k.oid, 'SET') else false end limit 1)`;

/** The one that makes the next login; null where there is none. */
export const chooseCreatorRole = async (client: Client): Promise<string | null> => {
  const { rows } = await client.query<{ name: string }>({ name: 'latchkey_creator_roles', text: CREATOR_ROLES });
  return rows.length === 0 ? null : (rows[randomInt(rows.length)]?.name ?? null);
};

/** For a transaction that goes on as Latchkey's own role. */
export const actingAs = (creator: string | null, statements: readonly string[]): string[] =>
  creator === null ? [...statements] : [`SET LOCAL ROLE ${name(creator)};`, ...statements, 'RESET ROLE;'];

/** One transaction's worth: for what each creator made, the statements about it as that creator. */
export const perCreator = <T extends { creator: string | null }>(
  logins: readonly T[],
  statementsOf: (made: readonly T[]) => readonly string[],
): string => {
  const groups = new Map<string | null, T[]>();
  for (const login of logins) groups.set(login.creator, [...(groups.get(login.creator) ?? []), login]);
  return [...groups].flatMap(([creator, made]) => actingAs(creator, statementsOf(made))).join('\n');
};
