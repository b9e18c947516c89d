/** Drops a login that came to own something after all: what it owns goes to its group, what it was given is taken back, in every database. */
import pg from 'pg';
import { ProviderError } from '../provider.ts';
import { codeOf } from '../kit/network-errors.ts';
import { assertNoForeignTrigger } from './event-triggers.ts';
import type { Login } from './logins.ts';
import { actingAs } from './creator-roles.ts';
import type { Client, Server } from './server.ts';

type Doomed = { login: Login; group: string };

const name = pg.escapeIdentifier;

/** Databases in which something still depends on the login; shared objects have no database. */
const DATABASES = `
  select distinct coalesce(d.datname, current_database())::text as database from pg_shdepend s left join pg_database d on d.oid = s.dbid
  where s.refclassid = 'pg_authid'::regclass and s.refobjid = $1 and s.classid <> 'pg_auth_members'::regclass order by 1`;

const databasesWith = async (server: Server, oid: number, signal: AbortSignal): Promise<string[]> =>
  (await server.query<{ database: string }>(signal, { text: DATABASES, values: [oid] })).map((row) => row.database);

type Standing = { isSuperuser: boolean; isModern: boolean; isMember: boolean; hasRights: boolean; canAct: boolean };

const STANDING = `
  select (select rolsuper from pg_roles where rolname = current_user) as "isSuperuser",
    current_setting('server_version_num')::int >= 160000 as "isModern",
    pg_has_role(current_user, $1, 'MEMBER') as "isMember", pg_has_role(current_user, $1, 'USAGE') as "hasRights",
    case when current_setting('server_version_num')::int >= 160000 then pg_has_role(current_user, $1, 'SET') else true end as "canAct"`;

/**
 * REASSIGN OWNED needs the rights of both roles. Since Postgres 16 the creator of a role may give them to itself
 * (postgresql.org/docs/16/role-attributes.html); before, any CREATEROLE may. In one transaction, so nobody ever sees Latchkey in the group.
 * Not where it is a member without rights before 16: taking the membership back would then take more than was given.
 */
const handOver = async (client: Client, { login, group }: Doomed): Promise<void> => {
  await assertNoForeignTrigger(client, login.name);
  const { rows } = await client.query<Standing>(STANDING, [group]);
  const me = rows[0];
  const withRights = me?.isModern ? ' WITH INHERIT TRUE' : '';
  const needsLogin = me?.isSuperuser === false;
  const needsGroup = needsLogin && (me.isModern ? !(me.hasRights && me.canAct) : !me.isMember);
  const mine = login.creator === null ? 'CURRENT_USER' : 'SESSION_USER';
  const statements = [
    'BEGIN;',
    ...(needsLogin ? actingAs(login.creator, [`GRANT ${name(login.name)} TO ${mine}${withRights};`]) : []),
    ...(needsGroup ? [`GRANT ${name(group)} TO CURRENT_USER${withRights}${me.isModern ? ', SET TRUE' : ''};`] : []),
    `REASSIGN OWNED BY ${name(login.name)} TO ${name(group)};`,
    `DROP OWNED BY ${name(login.name)};`,
    ...(needsGroup ? [`REVOKE ${name(group)} FROM CURRENT_USER;`] : []),
  ];
  await client.query(statements.join('\n'));
  await client.query('COMMIT');
};

const needsHuman = ({ login, group }: Doomed, databases: readonly string[], cause: unknown): ProviderError =>
  new ProviderError(
    'denied',
    `The login ${name(login.name)} is closed and has no session, but it cannot be dropped: objects in ${databases.map(name).join(', ')} depend on it, and Latchkey may not change them. ` +
      `As a superuser, in each of these databases: REASSIGN OWNED BY ${name(login.name)} TO ${name(group)}; DROP OWNED BY ${name(login.name)};`,
    { cause },
  );

const isForHuman = (error: unknown): error is ProviderError => error instanceof ProviderError && !error.isRetried;

export const dropWithWhatItOwns = async (server: Server, doomed: Doomed, signal: AbortSignal): Promise<void> => {
  const { login } = doomed;
  const databases = await databasesWith(server, login.oid, signal);
  try {
    for (const database of databases) {
      const work = async (client: Client): Promise<void> => await handOver(client, doomed);
      if (database === server.settings.database) await server.run(signal, work);
      else await server.runIn(database, signal, work);
    }
    await server.query(signal, { text: `DROP ROLE ${name(login.name)}` });
  } catch (error) {
    // What Latchkey itself refuses says what to do; to do the rest by hand would be no safer.
    const code = isForHuman(error) ? codeOf(error.cause) : '';
    if (code === '' || code === '28P01') throw error;
    throw needsHuman(doomed, await databasesWith(server, login.oid, signal), error);
  }
};
