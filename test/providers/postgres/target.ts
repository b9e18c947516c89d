/** A production database as `docs/postgres.md` prepares it, with a login for Latchkey that has the least rights. */
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { waitUntil } from '../../../sandbox/src/embedded/wait.ts';
import type { Json } from '../../../src/domain/json.ts';
import type { Secret } from '../../../src/providers/provider.ts';
import { hostilePathSql, recordedIn } from './hostile.ts';
import { openPool } from '../../support/pool.ts';
import { randomSuffix } from '../../support/services.ts';

type Sql = <Row extends object = Record<string, unknown>>(text: string, values?: unknown[]) => Promise<Row[]>;

export type Target = {
  version: number;
  database: string;
  manager: string;
  managerUrl: string;
  superuserUrl: string;
  read: string;
  write: string;
  /** Runs SQL as a superuser in the target. */
  sql: Sql;
  /** Another database of the same server, as hostile as the target is; made when it is first asked for. */
  beside: () => Promise<{ database: string; sql: Sql }>;
  /** Deletes everything. Throws when Latchkey left a connection open, or when something that a borrower made ran as its role. */
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

const poolOf = (url: string): pg.Pool => openPool(url, { max: 3 });

const sqlOn =
  (pool: pg.Pool): Sql =>
  async <Row extends object>(text: string, values: unknown[] = []) =>
    (await pool.query<Row>(text, values)).rows;

/** `template`: of a hostile server. */
export const createTarget = async (adminUrl: string, makers = 0, template?: string): Promise<Target> => {
  const suffix = randomSuffix();
  const names = {
    manager: `latchkey_${suffix}`,
    password: `manager-${suffix}`,
    read: `read_${suffix}`,
    write: `write_${suffix}`,
  };
  const database = `prod_${suffix}`;
  const pools = new Map<string, pg.Pool>();
  const create = async (named: string): Promise<pg.Pool> => {
    await once(
      adminUrl,
      async (admin) => await admin.query(`create database ${named} template ${template ?? 'template1'}`),
    );
    const made = poolOf(urlFor(adminUrl, { database: named }));
    pools.set(named, made);
    return made;
  };
  const superuserUrl = urlFor(adminUrl, { database });
  const pool = await create(database);
  const { rows } = await pool.query<{ version: number }>(
    `select current_setting('server_version_num')::int as version`,
  );
  const version = Math.floor((rows[0]?.version ?? 0) / 10_000);
  await pool.query(prepare({ ...names, isModern: version >= 16 }));
  if (makers > 0) await pool.query(makersSql(names.manager, makers));
  if (template) await pool.query(hostilePathSql(names.manager));
  const other = `${database}_beside`;
  const beside = onceOnly(async () => ({ database: other, sql: sqlOn(await create(other)) }));
  return {
    version,
    database,
    manager: names.manager,
    managerUrl: urlFor(superuserUrl, { user: names.manager, password: names.password }),
    superuserUrl,
    read: names.read,
    write: names.write,
    sql: sqlOn(pool),
    beside,
    drop: async () => {
      await Promise.all([...pools.values()].map(async (each) => await each.end()));
      const urls = template ? [...pools.keys()].map((each) => urlFor(adminUrl, { database: each })) : [];
      const recorded = (await Promise.all(urls.map(recordedIn))).flat();
      await once(adminUrl, async (admin) => await removeAll(admin, [...pools.keys()], names));
      if (recorded.length > 0) throw new Error(`What a borrower made ran as Latchkey's role: ${recorded.join(', ')}.`);
    },
  };
};

const onceOnly = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | null = null;
  return () => (made ??= make());
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
  databases: readonly string[],
  names: { manager: string; read: string; write: string },
): Promise<void> => {
  const isLeft = async (): Promise<boolean> =>
    (await admin.query('select from pg_stat_activity where usename = $1', [names.manager])).rows.length > 0;
  const leak = waitUntil(async () => !(await isLeft()), {
    timeoutMs: 60_000,
    what: "Latchkey's connections to be closed",
  });
  const [outcome] = await Promise.allSettled([leak]);
  for (const database of databases) await admin.query(`drop database ${database} with (force)`);
  const { rows } = await admin.query<{ name: string }>(LOGINS_OF, [[names.read, names.write], names.manager]);
  for (const { name } of rows) await admin.query(`drop role ${pg.escapeIdentifier(name)}`);
  await admin.query(`drop role ${names.read}, ${names.write}`);
  const makers = await admin.query<{ name: string }>(
    'select rolname as name from pg_roles where starts_with(rolname, $1)',
    [`${names.manager}_maker_`],
  );
  for (const { name } of makers.rows)
    await admin.query(`drop owned by ${pg.escapeIdentifier(name)}; drop role ${pg.escapeIdentifier(name)}`);
  // Rights on parameters belong to the whole server.
  await admin.query(`drop owned by ${names.manager}`);
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
    timeoutMs: 60_000,
    what: 'the sessions to be cut',
  });
