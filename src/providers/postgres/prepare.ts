/** The SQL that an administrator runs once, so that Latchkey can work in a server with the roles of a policy, and may do nothing else there. */
import pg from 'pg';
import { ProviderError } from '../provider.ts';
import type { Preparation, ProviderContext } from '../provider.ts';
import { settingsOf } from './config.ts';
import type { Config, Scope } from './config.ts';
import { LOG_FORMAT_SQL, recordSql } from './log-access.ts';
import { openServer } from './server.ts';

const { escapeIdentifier: name, escapeLiteral: literal } = pg;

const NEWEST = 18;
/** From here on a role can be granted onwards without being used: before, WITH ADMIN OPTION means all of it. */
const WITH_OPTIONS = 16;
/** Where the target's url is not at hand. */
const USUAL_LOGIN = 'latchkey';
const CREATOR_ROLES = 16;

export type ToPrepare = {
  login: string;
  /** null where the target's url is not at hand. */
  database: string | null;
  /** null where the server did not say; `why` then says why. */
  version: number | null;
  why: string;
  /** Role of the policy to the groups it grants. */
  roles: Record<string, readonly string[]>;
  scopes: readonly Scope[];
};

/** A superuser runs it where borrowers may have made functions of their own. */
const PINNED = 'SET LOCAL search_path = pg_catalog, pg_temp;';

/** Names may hold anything; a comment ends with its line. */
const inComment = (text: string): string => text.replaceAll(/[\p{Cc}\u2028\u2029]/gu, ' ');

const block = (lines: readonly string[]): string => {
  const body = lines.join('\n');
  let tag = 'latchkey';
  while (body.includes(`$${tag}$`)) tag += '_';
  return `DO $${tag}$ BEGIN\n${body}\nEND $${tag}$;`;
};

const createIfMissing = (role: string, attributes: string): string =>
  block([
    `  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = ${literal(role)}) THEN`,
    `    CREATE ROLE ${name(role)} ${attributes};`,
    '  END IF;',
  ]);

const grantSql = (group: string, login: string, isModern: boolean): string =>
  `GRANT ${name(group)} TO ${name(login)} WITH ${isModern ? 'ADMIN TRUE, INHERIT FALSE, SET FALSE' : 'ADMIN OPTION'}`;

const grantGroup = (group: string, { login, version }: ToPrepare): string =>
  version !== null
    ? `${grantSql(group, login, version >= WITH_OPTIONS)};`
    : block([
        `  IF current_setting('server_version_num')::int >= ${WITH_OPTIONS}0000 THEN`,
        `    EXECUTE ${literal(grantSql(group, login, true))};`,
        '  ELSE',
        `    EXECUTE ${literal(grantSql(group, login, false))};`,
        '  END IF;',
      ]);

const header = ({ version, why, database, login }: ToPrepare): string[] => [
  version === null
    ? `-- ${inComment(why)}, so its version is not known: this is for the newest, Postgres ${NEWEST}, and runs on 15, 16 and 17 too.`
    : `-- For Postgres ${version}.`,
  `-- Run it as a superuser in the database ${database === null ? 'that people get into' : inComment(name(database))}, with: psql -v ON_ERROR_STOP=1`,
  '-- It may be run again: what is there stays as it is.',
  `-- It sets no password. Afterwards, in psql:  \\password ${inComment(name(login))}`,
];

const loginSql = ({ login }: ToPrepare): string[] => [
  '-- The login that Latchkey works as: it makes logins, ends their sessions, and has no other right.',
  createIfMissing(login, 'LOGIN CREATEROLE NOSUPERUSER NOCREATEDB NOREPLICATION NOBYPASSRLS'),
  `ALTER ROLE ${name(login)} LOGIN CREATEROLE;`,
  `GRANT pg_signal_backend TO ${name(login)};`,
];

const groupSql = (group: string, plan: ToPrepare): string[] => {
  const users = Object.entries(plan.roles).flatMap(([role, groups]) => (groups.includes(group) ? [role] : []));
  return [
    `-- The group of ${users.length === 1 ? 'the role' : 'the roles'} ${inComment(users.join(', '))}. Latchkey may grant it, and use none of its rights.`,
    createIfMissing(group, 'NOLOGIN'),
    grantGroup(group, plan),
  ];
};

/** From 15 on that is how a new database is made; one that was upgraded, or was made before, lets everybody in. */
const SCHEMA_SQL = [
  '-- Who gets in for an hour leaves nothing where other people, and Latchkey, look names up.',
  block([
    `  IF to_regnamespace('public') IS NOT NULL THEN`,
    '    REVOKE CREATE ON SCHEMA public FROM PUBLIC;',
    '  END IF;',
  ]),
];

const creatorRoles = (login: string): string =>
  block([
    `  ${PINNED}`,
    `  FOR n IN 1..${CREATOR_ROLES} LOOP`,
    `    IF to_regrole(format('%I', ${literal(`${login}_maker_`)} || n)) IS NULL THEN`,
    `      EXECUTE format('CREATE ROLE %I NOLOGIN CREATEROLE', ${literal(`${login}_maker_`)} || n);`,
    '    END IF;',
    `    EXECUTE format('GRANT %I TO %I WITH INHERIT FALSE, SET TRUE', ${literal(`${login}_maker_`)} || n, ${literal(login)});`,
    '  END LOOP;',
  ]);

const commented = (sql: string): string =>
  sql
    .split('\n')
    .map((line) => `-- ${line}`)
    .join('\n');

const optionalSql = ({ login, version, roles }: ToPrepare): string[] => {
  const [group = 'app_read'] = Object.values(roles).flat();
  const isModern = version === null || version >= WITH_OPTIONS;
  return [
    '-- Optional. Take away the "-- " in front of what you want, here or later.',
    '-- The rights of a group, where it was made just now. For reading, for example:',
    commented(`GRANT USAGE ON SCHEMA public TO ${inComment(name(group))};`),
    commented(`GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${inComment(name(group))};`),
    '-- The exact time of first use. It also lets Latchkey read what everybody runs:',
    commented(`GRANT pg_read_all_stats TO ${inComment(name(login))};`),
    ...(isModern
      ? [
          '-- From Postgres 16 on. Access ends also on a server that is full, with reserved_connections set:',
          commented(`GRANT pg_use_reserved_connections TO ${inComment(name(login))};`),
          '-- From Postgres 16 on. Creator roles, for hundreds of people at once:',
          commented(inComment(login) === login ? creatorRoles(login) : 'see docs/postgres.md'),
        ]
      : []),
  ];
};

/** Runs as it is, in one transaction, as often as one likes; holds no secret. */
export const preparationSql = (plan: ToPrepare): string => {
  const groups = [...new Set(Object.values(plan.roles).flat())].sort();
  const record = recordSql(plan.login, plan.scopes);
  const parts = [
    header(plan),
    ['BEGIN;', '-- Whatever people made in this database, names mean what Postgres means by them.', PINNED],
    loginSql(plan),
    ...groups.map((group) => groupSql(group, plan)),
    SCHEMA_SQL,
    ...(record.length > 0 ? [record] : []),
    ['COMMIT;'],
    ...(plan.scopes.some((scope) => scope.record) ? [LOG_FORMAT_SQL] : []),
    optionalSql(plan),
  ];
  return `${parts.map((lines) => lines.join('\n')).join('\n\n')}\n`;
};

type Found = { version: number } | { version: null; why: string };

const askVersion = async (config: Config, signal: AbortSignal): Promise<Found> => {
  const server = openServer(settingsOf(config));
  try {
    const text = `select current_setting('server_version_num')::int as version`;
    const [row] = await server.query<{ version: number }>(signal, { text });
    return { version: Math.floor((row?.version ?? 0) / 10_000) };
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    return { version: null, why: error.message.replace(/\.$/, '') };
  } finally {
    await server.close();
  }
};

/** Before its login is made, a server reveals its version to nobody: then the SQL is for each. */
export const prepare = async (
  config: Config | null,
  scopes: Record<string, Scope>,
  { signal }: Pick<ProviderContext, 'signal'>,
): Promise<Preparation> => {
  const found: Found =
    config === null ? { version: null, why: "The target's url is not set" } : await askVersion(config, signal);
  const settings = config && settingsOf(config);
  const why = found.version === null ? found.why : '';
  const text = preparationSql({
    login: settings?.user ?? USUAL_LOGIN,
    database: settings?.database ?? null,
    version: found.version,
    why,
    roles: Object.fromEntries(Object.entries(scopes).map(([role, scope]) => [role, scope.member_of])),
    scopes: Object.values(scopes),
  });
  const usual = config === null ? [`The login is called ${USUAL_LOGIN} here, since the url is not set.`] : [];
  return {
    text,
    version: found.version === null ? null : String(found.version),
    notes: [...(why ? [`${why}.`] : []), ...usual],
  };
};
