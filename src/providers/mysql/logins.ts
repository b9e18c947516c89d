/** Looks for the logins of grants in a target, and refuses to touch what Latchkey did not make. */
import { LIKE_OURS, grantNamedIn, prefixOf } from '../kit/login-name.ts';
import { ProviderError } from '../provider.ts';
import { findDeadlines, type FoundDeadline } from './deadline.ts';
import type { Limits, LimitValues } from './dialect.ts';
import { account, literal } from './quote.ts';
import type { Client } from './server.ts';

/** What is looked for: a grant, and the name of its login where it is known. */
export type Wanted = { grantId: string; user: string | null };

export type Login = {
  grantId: string;
  user: string;
  host: string;
  isLocked: boolean;
  roles: string[];
  /** Rights that it has besides its roles, as words. */
  more: string[];
  limits: LimitValues;
  deadline: FoundDeadline | null;
};

/** As the server writes what is true or false, or a sum of bits. */
type Flag = string | number | null;
type Account = { user: string; host: string; isLocked: Flag; access: Flag } & Record<
  keyof Limits,
  string | number | null
>;
type Membership = { user: string; role: string; isAdmin: string };
type Right = { user: string; what: string };

const isSet = (value: Flag): boolean => value !== null && !['0', 'false', ''].includes(String(value));

const ofTable = (table: string, what: string, where: string): string =>
  `select User as user, ${what} as what from mysql.${table} where ${where}`;

const directRightsSql = (where: string): string =>
  [
    ofTable('db', `concat('on database ', Db)`, where),
    ofTable('tables_priv', `concat('on table ', Db, '.', Table_name)`, where),
    ofTable('columns_priv', `concat('on columns of ', Db, '.', Table_name)`, where),
    ofTable('procs_priv', `concat('on routine ', Db, '.', Routine_name)`, where),
  ].join(' union ');

/** LIKE without anything to escape but the underscores. */
const likes = (column: string, prefixes: readonly string[]): string =>
  prefixes.map((prefix) => `${column} like ${literal(`${prefix.replaceAll('_', String.raw`\_`)}%`)}`).join(' or ');

const wanting = (column: string, wanted: readonly Wanted[] | null): string => {
  if (wanted === null) return `${column} like ${literal(LIKE_OURS)}`;
  const users = wanted.flatMap(({ user }) => (user === null ? [] : [literal(user)]));
  const named = likes(
    column,
    wanted.map(({ grantId }) => prefixOf(grantId)),
  );
  return `(${named}${users.length > 0 ? ` or ${column} in (${users.join(', ')})` : ''})`;
};

/** Every account that may be the login of these grants, or of any; ours or not. */
export const findLogins = async (client: Client, wanted: readonly Wanted[] | null): Promise<Login[]> => {
  if (wanted?.length === 0) return [];
  const { accountsSql, membershipsSql } = client.dialect;
  const accounts = await client.query<Account>(
    `select * from (${accountsSql}) as accounts where ${wanting('user', wanted)} order by user, host`,
  );
  const deadlines = await findDeadlines(client, wanted?.map(({ grantId }) => grantId) ?? null);
  if (accounts.length === 0) return [];
  const memberships = await client.query<Membership>(
    `select * from (${membershipsSql}) as memberships where ${wanting('user', wanted)} order by role`,
  );
  const rights = await client.query<Right>(directRightsSql(wanting('User', wanted)));
  const grantOf = ({ user }: Account): string =>
    wanted?.find((one) => one.user === user)?.grantId ?? grantNamedIn(user) ?? '';
  return accounts.map((found) => ({
    grantId: grantOf(found),
    user: found.user,
    host: found.host,
    isLocked: isSet(found.isLocked),
    roles: memberships.filter(({ user }) => user === found.user).map(({ role }) => role),
    more: [
      ...(isSet(found.access) ? ['on everything'] : []),
      ...rights.filter(({ user }) => user === found.user).map(({ what }) => what),
      ...memberships
        .filter(({ user, isAdmin }) => user === found.user && isAdmin === 'Y')
        .map(({ role }) => `to grant ${role}`),
    ],
    limits: Object.fromEntries(client.dialect.knownLimits.map((limit) => [limit, Number(found[limit] ?? 0)])),
    deadline: deadlines.find(({ grantId, user }) => grantId === grantOf(found) && user === found.user) ?? null,
  }));
};

/**
 * Its event says so, or we remember that we made it: anyone who dropped the event shall not keep a login from being ended.
 * @throws ProviderError `denied` otherwise.
 */
export const assertOurs = (login: Login, remembered: string | null): void => {
  const isOurs = grantNamedIn(login.user) === login.grantId && (login.deadline !== null || login.user === remembered);
  if (isOurs) return;
  const who = account(login.user, login.host);
  throw new ProviderError(
    'denied',
    `The account ${who} is named like the login of grant ${login.grantId} and has no event of Latchkey, so Latchkey leaves it alone. ` +
      `If it is that login, end it by hand: ALTER USER ${who} ACCOUNT LOCK; then end its sessions and DROP USER ${who};`,
  );
};
