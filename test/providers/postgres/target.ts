/** A production database as `docs/postgres.md` prepares it, with a login for Latchkey that has the least rights. */
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { waitUntil } from '../../../src/local/embedded/wait.ts';
import type { Json } from '../../../src/core/types.ts';
import type { Secret } from '../../../src/providers/provider.ts';
import { randomSuffix } from '../../support/services.ts';

export type Target = {
  version: number;
  database: string;
  manager: string;
  managerUrl: string;
  superuserUrl: string;
  read: string;
  write: string;
  /** Runs SQL as a superuser in the target. */
  sql: <Row extends object = Record<string, unknown>>(text: string, values?: unknown[]) => Promise<Row[]>;
  /** Deletes everything. Throws when Latchkey left a connection open. */
  drop: () => Promise<void>;
};

export const urlFor = (base: string, change: { database?: string; user?: string; password?: string }): string => {
  const url = new URL(base);
  if (change.database) url.pathname = `/${change.database}`;
  if (change.user) url.username = change.user;
  if (change.password) url.password = change.password;
  return url.href;
};

const docs = new URL('../../../docs/postgres.md', import.meta.url);

/** The SQL of docs/postgres.md for a server with many logins. */
export const makersSql = (manager: string, count: number): string => {
  const sql = /```sql\n(DO \$\$.*?\$\$;)\n```/s.exec(readFileSync(docs, 'utf8'))?.[1];
  if (sql === undefined) throw new Error('docs/postgres.md does not say how to make makers');
  return sql.replaceAll(/\blatchkey(?=_maker_| WITH)/g, manager).replace('1..16', `1..${count}`);
};

/** The SQL of docs/postgres.md, with random names: roles belong to the whole server. */
const prepare = (names: {
  manager: string;
  password: string;
  read: string;
  write: string;
  isModern: boolean;
}): string => {
  const { manager, password, read, write, isModern } = names;
  const lend = isModern ? 'WITH ADMIN TRUE, INHERIT FALSE, SET FALSE' : 'WITH ADMIN OPTION';
  return `
    CREATE ROLE ${manager} LOGIN CREATEROLE PASSWORD '${password}';
    GRANT pg_signal_backend TO ${manager};
    CREATE ROLE ${read} NOLOGIN;
    CREATE ROLE ${write} NOLOGIN;
    GRANT ${read} TO ${manager} ${lend};
    GRANT ${write} TO ${manager} ${lend};
    CREATE TABLE orders (id int PRIMARY KEY, note text);
    INSERT INTO orders SELECT n, 'order ' || n FROM generate_series(1, 3) n;
    GRANT SELECT ON orders TO ${read};
    GRANT SELECT, INSERT, UPDATE, DELETE ON orders TO ${write};
    GRANT CREATE ON SCHEMA public TO ${write};`;
};

export const createTarget = async (adminUrl: string, makers = 0): Promise<Target> => {
  const suffix = randomSuffix();
  const names = {
    manager: `latchkey_${suffix}`,
    password: `manager-${suffix}`,
    read: `read_${suffix}`,
    write: `write_${suffix}`,
  };
  const database = `prod_${suffix}`;
  await once(adminUrl, async (admin) => await admin.query(`create database ${database}`));
  const superuserUrl = urlFor(adminUrl, { database });
  const pool = new pg.Pool({ connectionString: superuserUrl, max: 3 });
  // Tests stop servers; an idle connection that dies of it is no failure.
  pool.on('error', () => undefined);
  const { rows } = await pool.query<{ version: number }>(
    `select current_setting('server_version_num')::int as version`,
  );
  const version = Math.floor((rows[0]?.version ?? 0) / 10_000);
  await pool.query(prepare({ ...names, isModern: version >= 16 }));
  if (makers > 0) await pool.query(makersSql(names.manager, makers));
  return {
    version,
    database,
    manager: names.manager,
    managerUrl: urlFor(superuserUrl, { user: names.manager, password: names.password }),
    superuserUrl,
    read: names.read,
    write: names.write,
    sql: async <Row extends object>(text: string, values: unknown[] = []) => (await pool.query<Row>(text, values)).rows,
    drop: async () => {
      await pool.end();
      await once(adminUrl, async (admin) => await removeAll(admin, database, names));
    },
  };
};

const once = async <T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> => {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
};

const LOGINS_OF = `
  select distinct member.rolname::text as name from pg_auth_members m join pg_roles g on g.oid = m.roleid join pg_roles member on member.oid = m.member
  where g.rolname = any($1) and member.rolname <> $2`;

const removeAll = async (
  admin: pg.Client,
  database: string,
  names: { manager: string; read: string; write: string },
): Promise<void> => {
  const isLeft = async (): Promise<boolean> =>
    (await admin.query('select from pg_stat_activity where usename = $1', [names.manager])).rows.length > 0;
  const leak = waitUntil(async () => !(await isLeft()), {
    timeoutMs: 3_000,
    what: "Latchkey's connections to be closed",
  });
  const [outcome] = await Promise.allSettled([leak]);
  await admin.query(`drop database ${database} with (force)`);
  const { rows } = await admin.query<{ name: string }>(LOGINS_OF, [[names.read, names.write], names.manager]);
  for (const { name } of rows) await admin.query(`drop role ${pg.escapeIdentifier(name)}`);
  await admin.query(`drop role ${names.read}, ${names.write}`);
  const makers = await admin.query<{ name: string }>(
    'select rolname as name from pg_roles where starts_with(rolname, $1)',
    [`${names.manager}_maker_`],
  );
  for (const { name } of makers.rows) await admin.query(`drop role ${pg.escapeIdentifier(name)}`);
  await admin.query(`drop role ${names.manager}`);
  if (outcome.status === 'rejected') throw outcome.reason;
};

export const configOf = (target: Target, more: Record<string, Json> = {}): Json => ({
  url: target.managerUrl,
  max_connections: 200,
  ...more,
});

export const valueOf = (secret: Secret | undefined, label: string): string =>
  secret?.fields.find((field) => field.label === label)?.value ?? '';

export type Session = {
  client: pg.Client;
  query<Row extends object>(text: string): Promise<Row[]>;
  isCut: () => boolean;
  leave: () => Promise<void>;
};

/** Logs in as the person would. Rejects when the target refuses. */
export const enter = async (secret: Secret | undefined, change: { database?: string } = {}): Promise<Session> => {
  const client = new pg.Client({
    connectionString: urlFor(valueOf(secret, 'URL'), change),
    connectionTimeoutMillis: 5_000,
  });
  let isCut = false;
  client.on('error', () => (isCut = true));
  client.on('end', () => (isCut = true));
  await client.connect();
  return {
    client,
    query: async <Row extends object>(text: string) => (await client.query<Row>(text)).rows,
    isCut: () => isCut,
    leave: async () => await client.end(),
  };
};

export const untilCut = async (sessions: readonly Session[]): Promise<void> =>
  await waitUntil(() => sessions.every((session) => session.isCut()), {
    timeoutMs: 5_000,
    what: 'the sessions to be cut',
  });
