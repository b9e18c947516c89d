/** What MariaDB and MySQL say differently. */
import type { Scope } from './config.ts';

export type Limits = NonNullable<Scope['limits']>;

export type Dialect = {
  id: 'mariadb' | 'mysql';
  title: string;
  /** As a server reports it, and as a number that compares: 10.11.19 is 101119. */
  version: string;
  number: number;
  /** Whether a person's own log-in must set the role it begins with: MariaDB lets nobody else do that without rights on its own tables. */
  setsOwnDefaultRole: boolean;
  identifiedBy(password: string): string;
  limits(limits: Limits): string;
  /** Ends the sessions of an account, as a statement of a stored program. */
  endSessionsInEvent(user: string): string;
  grantRole(role: string, user: string): string;
  revokeRole(role: string, user: string): string;
  defaultRoles(roles: readonly string[], user: string): string[];
  /** Sessions of accounts whose name is like this. */
  sessionsSql(where: string): string;
  /** Terminates the sessions it found. */
  killSql(user: string, ids: readonly number[]): string[];
  /** `user`, `host`, `isLocked`, `access`: more than 0 where it has rights on everything. */
  accountsSql: string;
  /** `user`, `role`, `isAdmin`. */
  membershipsSql: string;
};

const LIMIT_WORDS = {
  max_user_connections: 'MAX_USER_CONNECTIONS',
  max_statement_time: 'MAX_STATEMENT_TIME',
  max_queries_per_hour: 'MAX_QUERIES_PER_HOUR',
  max_updates_per_hour: 'MAX_UPDATES_PER_HOUR',
  max_connections_per_hour: 'MAX_CONNECTIONS_PER_HOUR',
} as const satisfies Record<keyof Limits, string>;

export const ALL_LIMITS = Object.keys(LIMIT_WORDS) as (keyof Limits)[];
const USUAL_CONNECTIONS = 5;

export const limitsOf = (limits: Limits, known: readonly (keyof Limits)[] = ALL_LIMITS): string => {
  const all = { max_user_connections: USUAL_CONNECTIONS, ...limits };
  return `WITH ${known.map((key) => `${LIMIT_WORDS[key]} ${all[key] ?? 0}`).join(' ')}`;
};
