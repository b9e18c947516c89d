/**
 * How Latchkey reads a server's log without a right to read files: two functions of a superuser, which give lines of temporary logins and
 * nothing else. What they need to be is checked before they are called, so that nobody else's function runs with Latchkey's rights.
 */
import pg from 'pg';
import { ProviderError, type Finding } from '../provider.ts';
import type { Scope } from './config.ts';
import { NAMED } from './creator-roles.ts';
import { lockedSettings } from './login-settings.ts';
import type { Client } from './server.ts';

const { escapeIdentifier: name, escapeLiteral: literal } = pg;

/** Also the longest line that is read; a longer one is a gap in the numbering. */
const CHUNK = 4_194_304;
const FILE_NAME = '^[A-Za-z0-9_.+-]+[.]json$';

/**
 * Lines are distinguished as bytes: each database writes in its own encoding. A quote inside of a value has a backslash before it, so
 * `"user":"lk_` is the key. A line before the login is known, as of `log_connections`, has no user; its session counts on from it.
 */
const READER = `CREATE OR REPLACE FUNCTION latchkey.log_files() RETURNS TABLE (name text, size bigint, modified timestamptz, is_current boolean)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $log_files$
  SELECT f.name, f.size, f.modification, f.name = coalesce(regexp_replace(pg_current_logfile('jsonlog'), '^.*/', ''), '')
  FROM pg_ls_logdir() AS f WHERE f.name ~ '${FILE_NAME}'
$log_files$;
CREATE OR REPLACE FUNCTION latchkey.log_lines(file text, start bigint) RETURNS TABLE (next bigint, lines bytea[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $log_lines$
DECLARE
  chunk bytea; escaped text; rest int;
BEGIN
  IF file IS NULL OR start IS NULL OR file !~ '${FILE_NAME}' OR start < 0 THEN
    RAISE EXCEPTION 'not the name of a log' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  chunk := pg_read_binary_file(current_setting('log_directory') || '/' || file, start, ${CHUNK}, true);
  escaped := encode(chunk, 'escape');
  rest := position(E'\\n' in reverse(escaped)) - 1;
  IF rest IS NULL OR rest < 0 THEN
    next := start + CASE WHEN octet_length(chunk) = ${CHUNK} THEN ${CHUNK} ELSE 0 END;
    lines := ARRAY[]::bytea[];
  ELSE
    next := start + octet_length(chunk) - octet_length(decode(right(escaped, rest), 'escape'));
    lines := ARRAY(
      SELECT decode(line, 'escape') FROM string_to_table(left(escaped, length(escaped) - rest - 1), E'\\n') WITH ORDINALITY AS l(line, n)
      WHERE position('"user":"lk_' in line) > 0 OR (position('"user":' in line) = 0 AND position('"remote_host":' in line) > 0)
      ORDER BY n);
  END IF;
  RETURN NEXT;
END $log_lines$;`;

/** `"` in a role's name of the script is doubled by `name`; the tag of a block must not be in what it holds. */
const forCreatorRoles = (login: string, settings: string): string =>
  `DO $latchkey_creator_roles$ DECLARE creator name; BEGIN
  FOR creator IN SELECT rolname FROM pg_catalog.pg_roles WHERE starts_with(rolname, ${literal(`${login}_maker_`)}) AND NOT rolsuper LOOP
    EXECUTE format(${literal(`GRANT SET ON PARAMETER ${settings} TO %I`)}, creator);
  END LOOP;
END $latchkey_creator_roles$;`;

/** For the script that prepares a target; empty where no role needs it. */
export const recordSql = (login: string, scopes: readonly Scope[]): string[] => {
  const settings = [...new Set(scopes.flatMap(lockedSettings))].sort();
  if (settings.length === 0) return [];
  const list = settings.map(name).join(', ');
  const granted = [
    '-- What Latchkey sets on logins, and nobody can undo in a session: limits, and that statements are logged.',
    `GRANT SET ON PARAMETER ${list} TO ${name(login)};`,
    ...(login.includes('$') ? [] : [forCreatorRoles(login, list)]),
  ];
  if (scopes.every(({ record }) => record === undefined)) return granted;
  return [
    ...granted,
    '-- Lines that temporary logins wrote into the log, and nothing else of any file.',
    'CREATE SCHEMA IF NOT EXISTS latchkey;',
    'ALTER SCHEMA latchkey OWNER TO CURRENT_USER;',
    'REVOKE ALL ON SCHEMA latchkey FROM PUBLIC;',
    READER,
    'ALTER FUNCTION latchkey.log_files() OWNER TO CURRENT_USER;',
    'ALTER FUNCTION latchkey.log_lines(text, bigint) OWNER TO CURRENT_USER;',
    'REVOKE ALL ON FUNCTION latchkey.log_files(), latchkey.log_lines(text, bigint) FROM PUBLIC;',
    `GRANT USAGE ON SCHEMA latchkey TO ${name(login)};`,
    `GRANT EXECUTE ON FUNCTION latchkey.log_files(), latchkey.log_lines(text, bigint) TO ${name(login)};`,
  ];
};

export const LOG_FORMAT_SQL = [
  '-- Statements are recorded from the log in JSON. Where the server does not write it yet, then restart it:',
  '-- ALTER SYSTEM SET logging_collector = on;',
  `-- ALTER SYSTEM SET log_destination = 'stderr, jsonlog';`,
];

type Standing = {
  user: string;
  version: number;
  /** May not be set by Latchkey's role, or by one that makes logins for it. */
  unable: { role: string; settings: string[] }[];
  /** May be undone in a session, by this group. */
  undone: { role: string; settings: string[] }[];
  isLogged: boolean;
  isSaid: boolean;
  hasReader: boolean;
};

const PER_ROLE = (roles: string, condition: string): string => `
  coalesce((select jsonb_agg(jsonb_build_object('role', x.role, 'settings', x.settings)) from (
    select r.role, array_agg(s.setting order by s.setting) as settings
    from ${roles} as r(role) cross join unnest($1::text[]) as s(setting)
    where ${condition} group by r.role order by r.role) as x), '[]')`;

/** Owned by a superuser, in a schema of a superuser: nobody else can have put them there, or can change them. */
const HAS_READER = `(select count(*) = 2 from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    join pg_roles o on o.oid = p.proowner join pg_roles s on s.oid = n.nspowner
    where n.nspname = 'latchkey' and p.prosecdef and o.rolsuper and s.rolsuper
      and p.oid in (to_regprocedure('latchkey.log_files()'), to_regprocedure('latchkey.log_lines(text, bigint)'))
      and has_schema_privilege(n.oid, 'USAGE') and has_function_privilege(p.oid, 'EXECUTE'))`;

const STANDING = `
  select current_user::text as user, current_setting('server_version_num')::int as version,
    ${PER_ROLE(`(select current_user::text union select k.rolname::text from pg_roles k where ${NAMED})`, `not has_parameter_privilege(r.role, s.setting, 'SET')`)} as unable,
    ${PER_ROLE('(select rolname::text from pg_roles where rolname = any($2))', `has_parameter_privilege(r.role, s.setting, 'SET')`)} as undone,
    current_setting('logging_collector') = 'on' and 'jsonlog' = any(string_to_array(replace(current_setting('log_destination'), ' ', ''), ',')) as "isLogged",
    current_setting('log_min_messages') not in ('fatal', 'panic') as "isSaid",
    ${HAS_READER} as "hasReader"`;

const problem = (code: string, message: string): Finding => ({ level: 'error', code, message });

const quoted = (settings: readonly string[]): string => settings.map(name).join(', ');

const recordProblems = ({ isLogged, isSaid, hasReader }: Standing): Finding[] =>
  [
    !isLogged &&
      problem(
        'record_log',
        "Statements are to be recorded, and the server writes no log in JSON. As a superuser: ALTER SYSTEM SET logging_collector = on; ALTER SYSTEM SET log_destination = 'stderr, jsonlog'; and restart the server.",
      ),
    !isSaid &&
      problem(
        'record_log_level',
        'Statements are to be recorded, and the server logs none. As a superuser: ALTER SYSTEM RESET log_min_messages; SELECT pg_reload_conf();',
      ),
    !hasReader &&
      problem(
        'record_reader',
        'Statements are to be recorded, and Latchkey cannot read the log of its logins: run what `latchkey doctor --sql` prints for this target, as a superuser.',
      ),
  ].filter((finding) => finding !== false);

const settingProblems = ({ unable, undone }: Standing): Finding[] => [
  ...unable.map(({ role, settings }) =>
    problem(
      'no_set_right',
      `${name(role)} may not set ${settings.join(', ')} on logins. As a superuser: GRANT SET ON PARAMETER ${quoted(settings)} TO ${name(role)};`,
    ),
  ),
  ...undone.map(({ role, settings }) =>
    problem(
      'group_undoes_settings',
      `The group ${name(role)} may change ${settings.join(', ')}, so a borrower could undo what Latchkey sets. As a superuser: REVOKE SET ON PARAMETER ${quoted(settings)} FROM ${name(role)};`,
    ),
  ),
];

/** What keeps the limits and the record of these roles from being what they say; nothing where none has any. */
export const logFindings = async (client: Client, scopes: readonly Scope[]): Promise<Finding[]> => {
  const settings = [...new Set(scopes.flatMap(lockedSettings))];
  const since17 = scopes.some(({ limits }) => limits?.transaction_timeout !== undefined);
  if (settings.length === 0 && !since17) return [];
  const groups = [...new Set(scopes.flatMap(({ member_of: groupsOf }) => groupsOf))];
  const { rows } = await client.query<Standing>(STANDING, [settings, groups]);
  const [standing] = rows;
  if (!standing) return [];
  return [
    ...settingProblems(standing),
    ...(scopes.some(({ record }) => record) ? recordProblems(standing) : []),
    ...(since17 && standing.version < 170_000
      ? [problem('unknown_limit', 'The limit transaction_timeout needs Postgres 17 or newer: leave it out of limits.')]
      : []),
  ];
};

/** @throws ProviderError for people to act on: access that is to be recorded and cannot be is not given. */
export const assertKept = async (client: Client, scope: Scope): Promise<void> => {
  const [first] = await logFindings(client, [scope]);
  if (first) throw new ProviderError('misconfigured', first.message);
};

/** @throws ProviderError where somebody took the functions away, or put others in their place. */
export const assertReader = async (client: Client): Promise<void> => {
  const { rows } = await client.query<{ hasReader: boolean }>(`select ${HAS_READER} as "hasReader"`);
  if (rows[0]?.hasReader !== true)
    throw new ProviderError(
      'misconfigured',
      'The functions that read the log of temporary logins are gone, or not those of a superuser.',
    );
};

export type LogFile = { name: string; size: number; modified: Date; isCurrent: boolean };

/** In the order of their writing. */
export const logFiles = async (client: Client): Promise<LogFile[]> => {
  const { rows } = await client.query<LogFile>(
    'select name, size::float8 as size, modified, is_current as "isCurrent" from latchkey.log_files() order by modified, name',
  );
  return rows;
};

export const logLines = async (
  client: Client,
  file: string,
  offset: number,
): Promise<{ next: number; lines: Buffer[] }> => {
  const { rows } = await client.query<{ next: number; lines: Buffer[] }>(
    'select next::float8 as next, lines from latchkey.log_lines($1, $2::bigint)',
    [file, offset],
  );
  return rows[0] ?? { next: offset, lines: [] };
};
