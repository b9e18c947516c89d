/**
 * Roles through which somebody could keep something when their access has ended. A right is harmless because it is in this list: what
 * nobody thought of is refused. All of it is said with how to mend it.
 */
import { ProviderError, type Finding } from '../provider.ts';
import { SCHEMA } from './deadline.ts';
import { numberOf } from './errors.ts';
import { account, name } from './quote.ts';
import { showGrants, type Right } from './rights.ts';
import type { Client } from './server.ts';

/** On a database or less: data, and what goes with a session. */
const HARMLESS = new Set([
  'USAGE',
  'SELECT',
  'INSERT',
  'UPDATE',
  'DELETE',
  'DELETE HISTORY',
  'DELETE VERSIONING ROWS',
  'CREATE',
  'ALTER',
  'DROP',
  'INDEX',
  'REFERENCES',
  'LOCK TABLES',
  'CREATE TEMPORARY TABLES',
  'SHOW VIEW',
  'SHOW CREATE ROUTINE',
  'EXECUTE',
]);
/** On everything, the accounts included. */
const HARMLESS_EVERYWHERE = new Set(['USAGE', 'SHOW DATABASES', 'SHOW VIEW', 'LOCK TABLES', 'CREATE TEMPORARY TABLES']);

/** Why, where it is not plain. */
const WHY: Readonly<Record<string, string>> = {
  EVENT: 'an event goes on with the rights of the role after the access has ended',
  TRIGGER: 'a trigger goes on with the rights of the role after the access has ended',
  'CREATE ROUTINE': 'a routine keeps the rights of the role for whoever may call it',
  'ALTER ROUTINE': 'a routine that is changed keeps the rights of its definer for whoever may call it',
  'CREATE VIEW': 'a view keeps the rights of the role for whoever may read it',
  'CREATE USER': 'it makes accounts and sets any password',
  'SET USER': 'it makes things that run as somebody else',
  SET_USER_ID: 'it makes things that run as somebody else',
  SET_ANY_DEFINER: 'it makes things that run as somebody else',
  FILE: 'it reads and writes files of the server',
  SUPER: 'it changes the server',
  PROCESS: "it reads other people's statements, with what is in them",
  RELOAD: 'it locks or flushes the whole server',
  SHUTDOWN: 'it stops the server',
  'GRANT OPTION': 'it gives its rights to others',
  'CREATE ROLE': 'it makes roles',
};

const SYSTEM = ['mysql', SCHEMA];

/** A database in a grant is a pattern, in which a backslash takes the meaning from what follows. */
const reaches = (pattern: string, database: string): boolean => {
  const parts = [...pattern.matchAll(/\\(.)|(.)/gs)].map(([, escaped, char]) => {
    if (escaped !== undefined) return escaped.replace(/[^\w]/g, String.raw`\$&`);
    if (char === '%') return '.*';
    return char === '_' ? '.' : (char ?? '').replace(/[^\w]/g, String.raw`\$&`);
  });
  return new RegExp(`^${parts.join('')}$`, 'is').test(database);
};

const error = (code: string, message: string): Finding => ({ level: 'error', code, message });

const whereIs = ({ database, object }: Right): string =>
  `${database === '*' ? '*' : name(database)}.${object === '*' ? '*' : name(object)}`;

type Holder = { who: string; sql: string };

const because = (words: readonly string[]): string => {
  const [why] = words.flatMap((word) => WHY[word] ?? []);
  return why ? `: ${why}` : '';
};

const rightFinding = (right: Right, holder: Holder): Finding | null => {
  const isEverything = right.database === '*';
  const known = isEverything ? HARMLESS_EVERYWHERE : HARMLESS;
  const bad = right.privileges.filter((word) => !known.has(word));
  if (right.isGrantable) bad.push('GRANT OPTION');
  const where = whereIs(right);
  const take = (words: string): string => `Run: REVOKE ${words} ON ${where} FROM ${holder.sql};`;
  if (bad.length > 0) {
    const narrower = isEverything ? ' Give what it needs on the databases of the application.' : '';
    return error(
      'role_keeps',
      `${holder.who} has ${bad.join(', ')} on ${where}, and somebody could keep something with it${isEverything ? ' or reach the accounts of the server' : because(bad)}. ${take(bad.join(', '))}${narrower}`,
    );
  }
  const reached = SYSTEM.find((database) => !isEverything && reaches(right.database, database));
  const isMore = right.privileges.some((word) => word !== 'USAGE');
  if (!reached || !isMore) return null;
  return error(
    'role_reaches_accounts',
    `${holder.who} reaches the database ${name(reached)} by ${where}, where the accounts of the server or the deadlines of Latchkey are. ${take(right.privileges.join(', '))}`,
  );
};

const NO_RIGHT = [1044, 1045, 1141, 1142, 1698, 1959];

/** Its own rights and those that come to it through other roles. */
const roleFindings = async (client: Client, role: string): Promise<Finding[]> => {
  const sql = client.dialect.id === 'mariadb' ? name(role) : account(role);
  try {
    const { rights, roles } = await showGrants(client, `FOR ${sql}`);
    const holder = { who: `The role ${name(role)}`, sql };
    return [
      ...rights.flatMap((right) => rightFinding(right, holder) ?? []),
      ...roles
        .filter(({ isAdmin }) => isAdmin)
        .map((given) =>
          error(
            'role_keeps',
            `The role ${name(role)} may grant the role ${name(given.role)}, to anybody and for ever. Run: REVOKE ADMIN OPTION FOR ${name(given.role)} FROM ${sql};`,
          ),
        ),
    ];
  } catch (failure) {
    if (NO_RIGHT.includes(numberOf(failure))) return [];
    throw failure;
  }
};

const SINCE_PUBLIC = 101_100;

/** What everybody has, the borrower included. */
const publicFindings = async (client: Client): Promise<Finding[]> => {
  const { dialect } = client;
  const anybody = await client.query<{ database: string }>(
    `select distinct Db as \`database\` from mysql.db where User = '' order by 1`,
  );
  const open = anybody.map(({ database }) =>
    error(
      'anybody',
      `Every account has rights on databases named like ${name(database)}, where somebody could leave things that go on after their access. ` +
        `Run: DELETE FROM mysql.db WHERE User = ''; FLUSH PRIVILEGES;`,
    ),
  );
  if (dialect.id !== 'mariadb' || dialect.number < SINCE_PUBLIC) return open;
  const { rights } = await showGrants(client, 'FOR PUBLIC');
  return [...open, ...rights.flatMap((right) => rightFinding(right, { who: 'PUBLIC', sql: 'PUBLIC' }) ?? [])];
};

const missingRoles = async (client: Client, roles: readonly string[]): Promise<string[]> => {
  const rows = await client.query<{ user: string; isRole: unknown }>(
    `select user from (${client.dialect.accountsSql}) as accounts where isRole is not null and isRole not in ('0', 'false')`,
  );
  return roles.filter((role) => !rows.some(({ user }) => user === role));
};

/** Of these roles: which do not exist, and what keeps them from being lent. */
type RoleRisks = { missing: string[]; findings: Finding[] };

export const roleRisks = async (client: Client, roles: readonly string[]): Promise<RoleRisks> => {
  const distinct = [...new Set(roles)].sort();
  const missing = await missingRoles(client, distinct);
  const findings = missing.map((role) =>
    error(
      'no_role',
      `The role ${name(role)} does not exist. As an administrator: CREATE ROLE ${name(role)}; and grant it what the role should allow.`,
    ),
  );
  for (const role of distinct) if (!missing.includes(role)) findings.push(...(await roleFindings(client, role)));
  return { missing, findings: [...findings, ...(await publicFindings(client))] };
};

/** @throws ProviderError `misconfigured` that says all of it. */
export const assertGrantable = async (client: Client, roles: readonly string[]): Promise<void> => {
  const { findings } = await roleRisks(client, roles);
  if (findings.length > 0) throw new ProviderError('misconfigured', findings.map(({ message }) => message).join(' '));
};
