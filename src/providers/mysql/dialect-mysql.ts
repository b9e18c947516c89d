/** MySQL 8, from its documentation: no server of it could be had, so none of this was run by us. */
import { ProviderError } from '../provider.ts';
import { ALL_LIMITS, limitsOf, type Dialect, type Limits } from './dialect.ts';
import { account, literal } from './quote.ts';

/** It has no KILL USER: the sessions that there are, one by one. */
const endSessions = (user: string): string => `BEGIN
    DECLARE is_done BOOL DEFAULT FALSE;
    DECLARE session_id BIGINT;
    DECLARE found CURSOR FOR SELECT id FROM performance_schema.processlist WHERE user = ${literal(user)};
    DECLARE CONTINUE HANDLER FOR NOT FOUND SET is_done = TRUE;
    DECLARE CONTINUE HANDLER FOR 1094 BEGIN END;
    OPEN found;
    ending: LOOP
      FETCH found INTO session_id;
      IF is_done THEN LEAVE ending; END IF;
      KILL session_id;
    END LOOP;
  END;`;

const KNOWN = ALL_LIMITS.filter((key) => key !== 'max_statement_time');

const limits = (asked: Limits): string => {
  if (asked.max_statement_time !== undefined)
    throw new ProviderError('misconfigured', 'MySQL has no max_statement_time for an account: leave it out of limits.');
  return limitsOf(asked, KNOWN);
};

/** An account in MySQL has a lock of its own, roles are accounts with a host, and a role given is not a role that is on. */
export const mysql8 = (version: string, number: number): Dialect => ({
  id: 'mysql',
  title: 'MySQL',
  version,
  number,
  setsOwnDefaultRole: false,
  identifiedBy: (password) => `IDENTIFIED BY ${literal(password)}`,
  limits,
  endSessionsInEvent: endSessions,
  grantRole: (role, user) => `GRANT ${account(role)} TO ${account(user)}`,
  revokeRole: (role, user) => `REVOKE ${account(role)} FROM ${account(user)}`,
  defaultRoles: (roles, user) => [
    `SET DEFAULT ROLE ${roles.map((role) => account(role)).join(', ')} TO ${account(user)}`,
  ],
  sessionsSql: (where) => `select id, user, host from performance_schema.processlist where ${where}`,
  killSql: (_user, ids) => ids.map((id) => `KILL ${id}`),
  accountsSql: `select user, host, account_locked = 'Y' as isLocked, Select_priv = 'Y' as access,
    account_locked = 'Y' and authentication_string = '' as isRole, max_user_connections, max_questions as max_queries_per_hour,
    max_updates as max_updates_per_hour, max_connections as max_connections_per_hour from mysql.user`,
  knownLimits: KNOWN,
  membershipsSql: `select to_user as user, from_user as role, with_admin_option as isAdmin from mysql.role_edges`,
});
