/** Looks for the logins of grants in a target, and refuses to touch what Latchkey did not make. */
import pg from 'pg';
import { ProviderError } from '../provider.ts';
import { codeOf } from '../kit/network-errors.ts';
import { checkGrantId, prefixOf } from '../kit/login-name.ts';
import { readMark } from './login-name.ts';
import { CREATOR_OF } from './creator-roles.ts';
import { OWN_SETTINGS_OF } from './group-settings.ts';
import type { Client } from './server.ts';

/** What is looked for: a grant, and the oid of its login where it is known. */
export type Wanted = { grantId: string; oid: number | null };

export type Login = {
  grantId: string;
  oid: number;
  name: string;
  comment: string | null;
  canLogin: boolean;
  isSuperuser: boolean;
  canCreateDb: boolean;
  canCreateRole: boolean;
  canReplicate: boolean;
  canBypassRls: boolean;
  /** Sessions at once; -1 is without a limit. */
  maxSessions: number;
  groups: string[];
  /** The role that made it for Latchkey, where that was not Latchkey's own. */
  creator: string | null;
  /** pg reads 'infinity' and '-infinity' as infinite numbers. */
  validUntil: Date | number | null;
  /** Null also where they are too large to be read. */
  settings: string[] | null;
};

/**
 * By name with a range, which uses the index on rolname also where the target has 100,000 roles; by oid too, so that a renamed login is
 * noticed. Each by itself, and no `rolconfig`: either would make Postgres join all roles with all settings where it takes them for few,
 * as it does on a connection that was opened when they were (a thousand logins, a hundred looked for: 50 ms instead of 2).
 */
const FIND = `
  select w.grant_id as "grantId", r.oid, r.rolname as name, shobj_description(r.oid, 'pg_authid') as comment,
    r.rolcanlogin as "canLogin", r.rolsuper as "isSuperuser", r.rolcreatedb as "canCreateDb", r.rolcreaterole as "canCreateRole",
    r.rolreplication as "canReplicate", r.rolbypassrls as "canBypassRls", r.rolvaliduntil as "validUntil", r.rolconnlimit as "maxSessions",
    ${OWN_SETTINGS_OF} as settings,
    array(select distinct pg_get_userbyid(m.roleid)::text from pg_auth_members m where m.member = r.oid order by 1) as groups,
    ${CREATOR_OF} as creator
  from unnest($1::text[], $2::oid[]) as w(grant_id, oid)
  cross join lateral (
    select oid from pg_roles where rolname >= ('lk_' || w.grant_id || '_')::name and rolname < ('lk_' || w.grant_id || '\`')::name
    union
    select oid from pg_roles where oid = w.oid
  ) as found
  join pg_roles r on r.oid = found.oid
  order by r.rolname`;

/** Everything that may be the login of these grants, ours or not. */
export const findLogins = async (client: Client, wanted: readonly Wanted[]): Promise<Login[]> => {
  const values = [wanted.map(({ grantId }) => checkGrantId(grantId)), wanted.map(({ oid }) => oid)];
  // Prepared: planning this takes longer than running it.
  const { rows } = await client.query<Login>({ name: 'latchkey_find', text: FIND, values });
  return rows;
};

const refusal = (login: Login): string => {
  const name = pg.escapeIdentifier(login.name);
  return login.name.startsWith(prefixOf(login.grantId))
    ? `The role ${name} is named like the login of grant ${login.grantId} but does not carry Latchkey's comment, so Latchkey leaves it alone. ` +
        `If it is that login, end it by hand: ALTER ROLE ${name} NOLOGIN; then end its sessions and DROP ROLE ${name}.`
    : `The login of grant ${login.grantId} was renamed to ${name}, so Latchkey leaves it alone. ` +
        `Give it back its name: ALTER ROLE ${name} RENAME TO ${prefixOf(login.grantId)}login;`;
};

/** Name and comment must both say so. @throws ProviderError `denied` otherwise. */
export const assertOurs = (login: Login): void => {
  const isOurs = login.name.startsWith(prefixOf(login.grantId)) && readMark(login.comment)?.grantId === login.grantId;
  if (!isOurs) throw new ProviderError('denied', refusal(login));
};

const NO_RIGHT = '42501';

/**
 * Postgres lets only a superuser change a login that somebody made a superuser (or, before 16, gave REPLICATION or BYPASSRLS), only a role
 * with CREATEDB take CREATEDB away, and, since 16, only its creator change it at all (postgresql.org/docs/current/sql-alterrole.html).
 */
const REPAIR = 'NOSUPERUSER NOREPLICATION NOBYPASSRLS NOCREATEDB NOCREATEROLE';

/** Says of a refused change of our logins what a superuser should run; any other failure passes as it is. */
export const explained = (error: unknown, logins: readonly Login[], user: string): unknown => {
  if (!(error instanceof ProviderError) || codeOf(error.cause) !== NO_RIGHT) return error;
  const altered = logins.filter(
    (login) => login.isSuperuser || login.canReplicate || login.canBypassRls || login.canCreateDb,
  );
  const fix = (altered.length > 0 ? altered : logins).map(({ name }) =>
    altered.length > 0
      ? `ALTER ROLE ${pg.escapeIdentifier(name)} ${REPAIR};`
      : `GRANT ${pg.escapeIdentifier(name)} TO ${pg.escapeIdentifier(user)} WITH ADMIN OPTION;`,
  );
  const why = altered.length > 0 ? 'somebody gave it rights by hand' : 'another role made it';
  return new ProviderError(
    'denied',
    `Latchkey may not change this login, because ${why}. As a superuser: ${fix.join(' ')}`,
    { cause: error },
  );
};
