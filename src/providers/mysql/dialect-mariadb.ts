/** MariaDB, which the tests run on. */
import { createHash } from 'node:crypto';
import { ALL_LIMITS, limitsOf, type Dialect } from './dialect.ts';
import { account, literal, name } from './quote.ts';

const sha1 = (data: Buffer | string): Buffer => createHash('sha1').update(data).digest();

/** What the server keeps of a password: then the password itself is in no statement, log or binlog. */
const nativeHash = (password: string): string => `*${sha1(sha1(password)).toString('hex').toUpperCase()}`;

export const mariadb = (version: string, number: number): Dialect => ({
  id: 'mariadb',
  title: 'MariaDB',
  version,
  number,
  setsOwnDefaultRole: true,
  identifiedBy: (password) => `IDENTIFIED BY PASSWORD ${literal(nativeHash(password))}`,
  limits: (limits) => limitsOf(limits),
  endSessionsInEvent: (user) => `KILL USER ${literal(user)};`,
  grantRole: (role, user) => `GRANT ${name(role)} TO ${account(user)}`,
  revokeRole: (role, user) => `REVOKE ${name(role)} FROM ${account(user)}`,
  defaultRoles: ([first = 'NONE']) => [`SET DEFAULT ROLE ${name(first)}`],
  sessionsSql: (where) => `select id, user, host from information_schema.processlist where ${where}`,
  killSql: (user) => [`KILL USER ${literal(user)}`],
  accountsSql: `select User as user, Host as host, json_value(Priv, '$.account_locked') as isLocked, json_value(Priv, '$.access') as access,
    json_value(Priv, '$.is_role') as isRole, json_value(Priv, '$.max_user_connections') as max_user_connections,
    json_value(Priv, '$.max_statement_time') as max_statement_time, json_value(Priv, '$.max_questions') as max_queries_per_hour,
    json_value(Priv, '$.max_updates') as max_updates_per_hour, json_value(Priv, '$.max_connections') as max_connections_per_hour
    from mysql.global_priv`,
  knownLimits: ALL_LIMITS,
  membershipsSql: `select User as user, Role as role, Admin_option as isAdmin from mysql.roles_mapping`,
});
