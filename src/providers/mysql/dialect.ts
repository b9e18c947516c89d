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
  /** `user`, `host`, `isLocked`, `access`: more than 0 where it has rights on everything; each of the limits that it knows, by its name in a scope. */
  accountsSql: string;
  knownLimits: readonly (keyof Limits)[];
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

/** As the server keeps them: 0 is no limit. */
export type LimitValues = { [Limit in keyof Limits]?: number };

const limitValues = (limits: Limits, known: readonly (keyof Limits)[]): LimitValues => {
  const all = { max_user_connections: USUAL_CONNECTIONS, ...limits };
  return Object.fromEntries(known.map((key) => [key, all[key] ?? 0]));
};

export const limitsOf = (limits: Limits, known: readonly (keyof Limits)[] = ALL_LIMITS): string =>
  `WITH ${Object.entries(limitValues(limits, known))
    .map(([key, value]) => `${LIMIT_WORDS[key as keyof Limits]} ${value}`)
    .join(' ')}`;

/** Those that are not what they were made. */
export const changedLimits = (found: LimitValues, limits: Limits = {}): string[] => {
  const made = limitValues(limits, Object.keys(found) as (keyof Limits)[]);
  return Object.entries(found).flatMap(([key, value]) => (made[key as keyof Limits] === value ? [] : [key]));
};
