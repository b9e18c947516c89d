/**
 * Roles through which somebody could keep something when their access has ended. A right is harmless because it is in this list: what
 * nobody thought of is refused. All of it is said with how to fix it.
 */
import { ProviderError, type Finding } from '../provider.ts';
import { SCHEMA } from './deadline.ts';
import { numberOf } from './errors.ts';
import { account, name } from './quote.ts';
import { showGrants, type Right, type Rights } from './rights.ts';
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
  'CREATE ROUTINE': 'a routine keeps the rights of the role for the one who may call it',
  'ALTER ROUTINE': 'a routine that is changed keeps the rights of its definer for the one who may call it',
  'CREATE VIEW': 'a view keeps the rights of the role for the one who may read it',
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

const because = (words: readonly string[]): string => {
  const [why] = words.flatMap((word) => WHY[word] ?? []);
  return why ? `: ${why}` : '';
};

/** `GRANT OPTION` is taken back by itself. */
const revokeSql = (words: readonly string[], right: Right): string => {
  const plain = words.filter((word) => word !== 'GRANT OPTION');
  return [...(plain.length > 0 ? [plain.join(', ')] : []), ...(plain.length < words.length ? ['GRANT OPTION'] : [])]
    .map((each) => `REVOKE ${each} ON ${right.kind}${whereIs(right)} FROM ${right.to};`)
    .join(' ');
};

const EVERYWHERE = ' or reach the accounts of the server. Give what it needs on the databases of the application';

/** `holder`: the role that is granted, which may have it through another. */
const rightFinding = (right: Right, holder: string): Finding | null => {
  const isEverything = right.database === '*';
  const known = isEverything ? HARMLESS_EVERYWHERE : HARMLESS;
  const bad = [...right.privileges.filter((word) => !known.has(word)), ...(right.isGrantable ? ['GRANT OPTION'] : [])];
  if (bad.length > 0)
    return error(
      'role_keeps',
      `${holder} has ${bad.join(', ')} on ${whereIs(right)}, and somebody could keep something with it${isEverything ? EVERYWHERE : because(bad)}. Run: ${revokeSql(bad, right)}`,
    );
  const words = right.privileges.filter((word) => word !== 'USAGE');
  const reached = SYSTEM.find((database) => !isEverything && reaches(right.database, database));
  if (!reached || words.length === 0) return null;
  return error(
    'role_reaches_accounts',
    `${holder} reaches the database ${name(reached)}, where the accounts of the server or the deadlines of Latchkey are. Run: ${revokeSql(words, right)}`,
  );
};

const NO_RIGHT = [1044, 1045, 1141, 1142, 1698, 1959];

/** A role's own rights and those that come to it through other roles; null where Latchkey may not see them. */
const rightsOfRole = async (client: Client, role: string): Promise<Rights | null> => {
  try {
    return await showGrants(client, `FOR ${client.dialect.id === 'mariadb' ? name(role) : account(role)}`);
  } catch (failure) {
    if (!NO_RIGHT.includes(numberOf(failure))) throw failure;
    return client.dialect.id === 'mariadb' ? await rightsActingAs(client, role) : null;
  }
};

/** Anyone who may grant a role may act as it, and then see it. A connection on which that fails is thrown away. */
const rightsActingAs = async (client: Client, role: string): Promise<Rights | null> => {
  try {
    await client.run([`SET ROLE ${name(role)}`]);
  } catch (failure) {
    if (NO_RIGHT.includes(numberOf(failure))) return null;
    throw failure;
  }
  const rights = await showGrants(client, 'FOR CURRENT_ROLE');
  await client.run(['SET ROLE NONE']);
  return rights;
};

/** MariaDB reports what comes to a role through others; MySQL reports only which others those are. */
const allRightsOf = async (client: Client, role: string, seen = new Set<string>()): Promise<Rights | null> => {
  seen.add(role);
  const own = await rightsOfRole(client, role);
  if (own === null || client.dialect.id === 'mariadb') return own;
  const all: Rights = { rights: [...own.rights], roles: [...own.roles] };
  for (const inner of own.roles.filter((given) => !seen.has(given.role))) {
    const more = await allRightsOf(client, inner.role, seen);
    if (more === null) return null;
    all.rights.push(...more.rights);
    all.roles.push(...more.roles);
  }
  return all;
};

export const notAdmin = (role: string, who: string): Finding =>
  error(
    'no_admin_option',
    `Latchkey's account may not grant the role ${name(role)}. As an administrator: GRANT ${name(role)} TO ${who} WITH ADMIN OPTION;`,
  );

const roleFindings = ({ rights, roles }: Rights, role: string, sql: string): Finding[] => {
  const holder = `The role ${name(role)}`;
  return [
    ...rights.flatMap((right) => rightFinding(right, holder) ?? []),
    ...roles
      .filter(({ isAdmin }) => isAdmin)
      .map((given) =>
        error(
          'role_keeps',
          `${holder} may grant the role ${name(given.role)}, to anybody and for ever. Run: REVOKE ADMIN OPTION FOR ${name(given.role)} FROM ${sql};`,
        ),
      ),
  ];
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
  return [...open, ...rights.flatMap((right) => rightFinding(right, 'Every account, through PUBLIC,') ?? [])];
};

const missingRoles = async (client: Client, roles: readonly string[]): Promise<string[]> => {
  const rows = await client.query<{ user: string; isRole: unknown }>(
    `select user from (${client.dialect.accountsSql}) as accounts where isRole is not null and isRole not in ('0', 'false')`,
  );
  return roles.filter((role) => !rows.some(({ user }) => user === role));
};

/**
 * A MERGE table over MyISAM tables reaches them for everybody who may read it, also when who made it has no right to them any more. It
 * takes these rights to make one. dev.mysql.com/doc/refman/en/merge-storage-engine.html
 */
const mayMerge = ({ rights }: Rights): boolean => {
  const has = (word: string): boolean => rights.some(({ privileges }) => privileges.includes(word));
  return ['SELECT', 'UPDATE', 'DELETE'].every(has) && (has('CREATE') || has('ALTER'));
};

/** Of these roles: what keeps them from being granted, which do not exist or cannot be seen, and which may make MERGE tables. */
type RoleRisks = { blocked: string[]; findings: Finding[]; merging: string[] };

export const roleRisks = async (client: Client, roles: readonly string[]): Promise<RoleRisks> => {
  const distinct = [...new Set(roles)].sort();
  const missing = await missingRoles(client, distinct);
  const findings = missing.map((role) =>
    error(
      'no_role',
      `The role ${name(role)} does not exist. As an administrator: CREATE ROLE ${name(role)}; and grant it what the role should allow.`,
    ),
  );
  const unseen: string[] = [];
  const merging: string[] = [];
  for (const role of distinct.filter((each) => !missing.includes(each))) {
    const rights = await allRightsOf(client, role);
    if (rights === null) unseen.push(role);
    else if (mayMerge(rights)) merging.push(role);
    const sql = client.dialect.id === 'mariadb' ? name(role) : account(role);
    findings.push(...(rights === null ? [notAdmin(role, client.who)] : roleFindings(rights, role, sql)));
  }
  return { blocked: [...missing, ...unseen], findings: [...findings, ...(await publicFindings(client))], merging };
};

/** @throws ProviderError `misconfigured` that says all of it. */
export const assertGrantable = async (client: Client, roles: readonly string[]): Promise<void> => {
  const { findings } = await roleRisks(client, roles);
  if (findings.length > 0) throw new ProviderError('misconfigured', findings.map(({ message }) => message).join(' '));
};
