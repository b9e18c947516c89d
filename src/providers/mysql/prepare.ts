/** The SQL that an administrator runs once, so that Latchkey can work in a server with the roles of a policy, and may do nothing else there. */
import { ProviderError } from '../provider.ts';
import type { Preparation, ProviderContext } from '../provider.ts';
import { settingsOf, type Config, type Scope } from './config.ts';
import { SCHEMA } from './deadline.ts';
import type { Dialect } from './dialect.ts';
import { isRecorded, recordSql } from './log-access.ts';
import { grantSql, needsOf } from './own-rights.ts';
import { account, name } from './quote.ts';
import { openServer } from './server.ts';

/** Where the target's url is not at hand. */
const USUAL_LOGIN = 'latchkey';

export type ToPrepare = {
  /** Quoted. */
  who: string;
  dialect: Pick<Dialect, 'id' | 'title' | 'version'> | null;
  /** Why the server's version is not known. */
  why: string;
  /** Role of the policy to the roles of the server. */
  roles: Record<string, readonly string[]>;
  isRecorded: boolean;
};

/** Names may hold anything; a comment ends with its line. */
const inComment = (text: string): string => text.replaceAll(/[\p{Cc}\u2028\u2029]/gu, ' ');

/** Nobody can log in with it: an account without a password would be open. */
const NO_PASSWORD = {
  mariadb: "IDENTIFIED VIA mysql_native_password USING 'invalid'",
  mysql: 'IDENTIFIED BY RANDOM PASSWORD',
} as const;

const header = ({ dialect, why, who }: ToPrepare): string[] => [
  dialect === null
    ? `-- ${inComment(why)}, so this is for MariaDB 10.6 or newer; for MySQL, run this again when the server can be reached.`
    : `-- For ${dialect.title} ${dialect.version}.${dialect.id === 'mysql' ? ' From its documentation: Latchkey is tested on MariaDB.' : ''}`,
  '-- Run it as an administrator. It may be run again: what is there stays as it is.',
  `-- It sets no password. Afterwards:  ALTER USER ${inComment(who)} IDENTIFIED BY '…';`,
];

const loginSql = (who: string, id: Dialect['id']): string[] => [
  '-- The account that Latchkey works as: it makes logins, ends their sessions, and sees who has what.',
  `CREATE USER IF NOT EXISTS ${who} ${NO_PASSWORD[id]};`,
  ...needsOf({ id, isRecorded: false })
    .filter(({ database }) => database !== SCHEMA)
    .map((need) => grantSql(need, who)),
];

const eventSql = (who: string, id: Dialect['id']): string[] => [
  '-- Each login has an event here that ends it at its deadline, whatever becomes of Latchkey.',
  `CREATE DATABASE IF NOT EXISTS ${name(SCHEMA)};`,
  ...needsOf({ id, isRecorded: false })
    .filter(({ database }) => database === SCHEMA)
    .map((need) => grantSql(need, who)),
  id === 'mariadb'
    ? '-- Also put event_scheduler = ON into the configuration of the server ([mariadb]), or it is off again after a restart.'
    : '-- It is on in a MySQL as it comes; make sure that the configuration of the server does not turn it off.',
  'SET GLOBAL event_scheduler = ON;',
];

const roleSql = (role: string, { roles, who }: ToPrepare, id: Dialect['id']): string[] => {
  const users = Object.entries(roles).flatMap(([policyRole, names]) => (names.includes(role) ? [policyRole] : []));
  const sql = id === 'mariadb' ? name(role) : account(role);
  return [
    `-- For ${users.length === 1 ? 'the role' : 'the roles'} ${inComment(users.join(', '))}. Grant it what it should allow, on the databases of the application only.`,
    `CREATE ROLE IF NOT EXISTS ${sql};`,
    `GRANT ${sql} TO ${who} WITH ADMIN OPTION;`,
    `-- For reading, for example: GRANT SELECT ON app.* TO ${inComment(sql)};`,
  ];
};

const OPEN_SQL = [
  '-- What a fresh server gives to everybody: rights on databases named like "test", where things could be left that go on.',
  "DELETE FROM mysql.db WHERE User = '';",
  'FLUSH PRIVILEGES;',
];

/** They count before the logins of grants wherever they may come from, and need no password. */
const ANONYMOUS_SQL = [
  '-- Accounts without a name count before the logins of Latchkey and keep them out.',
  "SET @latchkey_anonymous = (SELECT CONCAT('DROP USER ', GROUP_CONCAT(QUOTE(User), '@', QUOTE(Host))) FROM mysql.user WHERE User = '');",
  "PREPARE latchkey_anonymous FROM COALESCE(@latchkey_anonymous, 'DO 0');",
  'EXECUTE latchkey_anonymous;',
  'DEALLOCATE PREPARE latchkey_anonymous;',
];

/** Runs as it is, as often as one likes; holds no secret. */
export const preparationSql = (plan: ToPrepare): string => {
  const id = plan.dialect?.id ?? 'mariadb';
  const roles = [...new Set(Object.values(plan.roles).flat())].sort();
  const record = recordSql(plan.who, id, plan.isRecorded);
  const parts = [
    header(plan),
    loginSql(plan.who, id),
    eventSql(plan.who, id),
    ...roles.map((role) => roleSql(role, plan, id)),
    ...(record.length > 0 ? [record] : []),
    OPEN_SQL,
    // PREPARE takes a variable only in MySQL, and there a fresh server has no such accounts.
    ...(id === 'mariadb' ? [ANONYMOUS_SQL] : []),
  ];
  return `${parts.map((lines) => lines.join('\n')).join('\n\n')}\n`;
};

type Asked = Pick<ToPrepare, 'dialect' | 'why'> & { who: string | null };

const askServer = async (config: Config, signal: AbortSignal): Promise<Asked> => {
  const server = openServer(settingsOf(config));
  try {
    return await server.run(signal, async ({ dialect, who }) => ({ dialect, who, why: '' }));
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    return { dialect: null, why: error.message.replace(/\.$/, ''), who: null };
  } finally {
    await server.close();
  }
};

/** Before its account is made, a server reveals its version to nobody. */
export const prepare = async (
  config: Config | null,
  scopes: Record<string, Scope>,
  { signal }: Pick<ProviderContext, 'signal'>,
): Promise<Preparation> => {
  const asked: Asked =
    config === null
      ? { dialect: null, why: "The target's url is not set", who: null }
      : await askServer(config, signal);
  const text = preparationSql({
    ...asked,
    who: asked.who ?? account(config === null ? USUAL_LOGIN : settingsOf(config).user),
    roles: Object.fromEntries(Object.entries(scopes).map(([role, scope]) => [role, scope.roles])),
    isRecorded: isRecorded(Object.values(scopes)),
  });
  const usual = config === null ? [`The account is called ${USUAL_LOGIN} here, since the url is not set.`] : [];
  return {
    text,
    version: asked.dialect?.version ?? null,
    notes: [...(asked.why ? [`${asked.why}.`] : []), ...usual],
  };
};
