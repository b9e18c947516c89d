/** A production database as `latchkey doctor --sql` prepares it, with an account for Latchkey that has the least rights. */
import mysql from 'mysql2/promise';
import { waitUntil } from '../../../sandbox/src/embedded/wait.ts';
import type { Json } from '../../../src/domain/json.ts';
import type { Secret } from '../../../src/providers/provider.ts';
import { mysql as provider } from '../../../src/providers/mysql/mysql.ts';
import { randomSuffix } from '../../support/services.ts';
import { sharedServer } from './servers.ts';

type Sql = <Row extends object = Record<string, unknown>>(text: string) => Promise<Row[]>;

export type Target = {
  adminUrl: string;
  managerUrl: string;
  manager: string;
  database: string;
  read: string;
  write: string;
  /** Runs statements as an administrator. */
  sql: Sql;
  /** Deletes everything. Throws when Latchkey left a connection open. */
  drop: () => Promise<void>;
};

export const urlFor = (
  base: string,
  change: { user?: string; password?: string; database?: string; port?: number },
): string => {
  const url = new URL(base);
  if (change.user) url.username = change.user;
  if (change.password) url.password = change.password;
  if (change.database !== undefined) url.pathname = `/${change.database}`;
  if (change.port) url.port = String(change.port);
  return url.href;
};

const sqlOn =
  (connection: mysql.Connection): Sql =>
  async <Row extends object>(text: string) => {
    const [rows] = await connection.query(text);
    return (Array.isArray(rows) ? rows : []) as Row[];
  };

export const adminConnection = async (url: string): Promise<mysql.Connection> => {
  const connection = await mysql.createConnection({ uri: url, multipleStatements: true, timezone: 'Z' });
  // Tests stop servers; an idle connection that dies of it is no failure.
  connection.on('error', () => undefined);
  return connection;
};

/** What the command prints is what is run: a test of its own holds that it is enough, and no more. */
export const preparation = async (config: Json, scopes: Record<string, Json>): Promise<string> =>
  (await provider.prepare?.(config, scopes, { signal: new AbortController().signal }))?.text ?? '';

export const configOf = (target: Pick<Target, 'managerUrl'>, more: Record<string, Json> = {}): Json => ({
  url: target.managerUrl,
  ...more,
});

export const scopeOf = (role: string, more: Record<string, Json> = {}): Json => ({
  roles: [role],
  limits: { max_user_connections: 20 },
  ...more,
});

const dataSql = ({ database, read, write }: Pick<Target, 'database' | 'read' | 'write'>): string => `
  CREATE DATABASE ${database};
  CREATE TABLE ${database}.orders (id int PRIMARY KEY, note varchar(100));
  INSERT INTO ${database}.orders VALUES (1, 'order 1'), (2, 'order 2'), (3, 'order 3');
  GRANT SELECT ON ${database}.* TO ${read};
  GRANT SELECT, INSERT, UPDATE, DELETE ON ${database}.* TO ${write};`;

export const createTarget = async (given?: string): Promise<Target> => {
  const adminUrl = given ?? (await sharedServer());
  const suffix = randomSuffix();
  const names = { database: `prod_${suffix}`, read: `read_${suffix}`, write: `write_${suffix}` };
  const manager = `latchkey_${suffix}`;
  const password = `manager-${suffix}`;
  const managerUrl = urlFor(adminUrl, { user: manager, password, database: names.database });
  const connection = await adminConnection(adminUrl);
  const sql = sqlOn(connection);
  await sql(await preparation({ url: managerUrl }, { read: scopeOf(names.read), write: scopeOf(names.write) }));
  await sql(`ALTER USER '${manager}'@'%' IDENTIFIED BY '${password}'`);
  await sql(dataSql(names));
  return {
    adminUrl,
    managerUrl,
    manager,
    ...names,
    sql,
    drop: async () => {
      const isLeft = async (): Promise<boolean> =>
        (await sql(`select 1 from information_schema.processlist where user = '${manager}'`)).length > 0;
      const leak = waitUntil(async () => !(await isLeft()), {
        timeoutMs: 60_000,
        what: "Latchkey's connections to be closed",
      });
      const [outcome] = await Promise.allSettled([leak]);
      await sql(`DROP DATABASE IF EXISTS ${names.database}`);
      await sql(`DROP USER IF EXISTS '${manager}'@'%'`);
      await sql(`DROP ROLE IF EXISTS ${names.read}, ${names.write}`);
      await connection.end();
      if (outcome.status === 'rejected') throw outcome.reason;
    },
  };
};

export const valueOf = (secret: Secret | undefined, label: string): string =>
  secret?.fields.find((field) => field.label === label)?.value ?? '';

export type Session = {
  connection: mysql.Connection;
  query: Sql;
  isCut: () => boolean;
  leave: () => Promise<void>;
};

/** Logs in as the person would. Rejects when the target refuses. */
export const enter = async (secret: Secret | undefined, change: { port?: number } = {}): Promise<Session> => {
  const connection = await mysql.createConnection({
    uri: urlFor(valueOf(secret, 'URL'), change),
    connectTimeout: 5_000,
    timezone: 'Z',
  });
  let isCut = false;
  connection.on('error', () => (isCut = true));
  connection.on('end', () => (isCut = true));
  return { connection, query: sqlOn(connection), isCut: () => isCut, leave: async () => await connection.end() };
};
