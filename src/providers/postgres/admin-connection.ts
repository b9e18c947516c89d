/**
 * What a connection of Latchkey's own role is opened with, and the proof that it is so. A borrower may be able to create functions,
 * operators, types and tables in a database, or to set defaults for it (`ALTER DATABASE … SET`, by its owner). None of that may change
 * what Latchkey's statements mean, so each connection says itself where names are looked up and how statements run.
 */
import type pg from 'pg';
import { ProviderError } from '../provider.ts';
import type { Settings } from './config.ts';

const CONNECT_MS = 5_000;
const STATEMENT_MS = 10_000;

/**
 * As `current_setting` gives them back. Options of the connection win over what is set for a role or a database
 * (postgresql.org/docs/current/config-setting.html).
 * `search_path`: functions, operators, types and tables of the catalogue only. `pg_temp` is named, and last, because for types and tables
 * it is searched first where it is not named.
 */
const PINNED: Readonly<Record<string, string>> = {
  search_path: 'pg_catalog,pg_temp',
  role: 'none',
  default_transaction_read_only: 'off',
  default_transaction_isolation: 'read committed',
  default_transaction_deferrable: 'off',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  idle_session_timeout: '0',
  exit_on_error: 'off',
  array_nulls: 'on',
  standard_conforming_strings: 'on',
  transform_null_equals: 'off',
  DateStyle: 'ISO, MDY',
};

/**
 * Settings that only newer servers know, by the first version that does.
 * `createrole_self_grant`: each login that is made would make its creator a member with rights.
 */
const PINNED_SINCE: Readonly<Record<string, { version: number; value: string }>> = {
  createrole_self_grant: { version: 160_000, value: '' },
  transaction_timeout: { version: 170_000, value: '0' },
};

/** The server splits options at spaces that no backslash stands before. */
const escaped = (value: string): string => value.replaceAll(/[\\ ]/g, String.raw`\$&`);

const optionsFrom = (settings: Readonly<Record<string, string>>): string =>
  Object.entries(settings)
    .map(([setting, value]) => `-c ${setting}=${escaped(value)}`)
    .join(' ');

/** A server before 17 refuses these with `UNKNOWN_SETTING`; to later ones they say that no transaction may be cut short, the first one included. */
export const NEWEST_OPTIONS = optionsFrom({ ...PINNED, transaction_timeout: '0' });
export const OLD_OPTIONS = optionsFrom(PINNED);
export const UNKNOWN_SETTING = '42704';

const readSql = (setting: string): string => `pg_catalog.current_setting('${setting}') as "${setting}"`;

const sinceSql = ([setting, { version, value }]: [string, { version: number; value: string }]): string =>
  `case when pg_catalog.current_setting('server_version_num')::pg_catalog.int4 operator(pg_catalog.>=) ${version}
    then pg_catalog.set_config('${setting}', '${value}', false) end as "${setting}"`;

/** Written out with schemas: what it asks about is not known to be so yet. */
const READ_BACK = `select session_user operator(pg_catalog.=) current_user as "isItself",
  ${[...Object.keys(PINNED).map(readSql), ...Object.entries(PINNED_SINCE).map(sinceSql)].join(',\n  ')}`;

export type Place = { settings: Settings; database: string; options: string };

export const adminConnection = ({ settings, database, options }: Place): pg.ClientConfig => ({
  host: settings.host,
  port: settings.port,
  user: settings.user,
  password: settings.password,
  database,
  ssl: settings.ssl,
  application_name: 'latchkey',
  connectionTimeoutMillis: CONNECT_MS,
  statement_timeout: STATEMENT_MS,
  keepAlive: true,
  options,
});

/** Once per connection, before anything else is run on it. @throws ProviderError `misconfigured`: then nothing else may be. */
export const assertPinned = async (client: pg.ClientBase, where: string): Promise<void> => {
  const { rows } = await client.query<Record<string, string | boolean | null>>(READ_BACK);
  const [row] = rows;
  const differs = Object.entries(PINNED).find(([setting, value]) => row?.[setting] !== value);
  if (!differs && row?.['isItself'] === true) return;
  const [setting, wanted] = differs ?? ['role', 'none'];
  throw new ProviderError(
    'misconfigured',
    `Postgres at ${where}: the connection does not keep the settings that Latchkey opens it with (${setting} is "${row?.[setting]}", not "${wanted}"), ` +
      'so Latchkey runs nothing on it. A pooler in between drops them, or a login event trigger changes them: point the url of the target straight at the server.',
  );
};
