/** The pretend loyalty database, in a real MariaDB. */
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import mysql from 'mysql2/promise';
import { startMariaDb } from '../../embedded/mariadb.ts';
import { ROOT } from '../options.ts';
import type { HostSettings } from '../settings.ts';
import { HostError, loginOf, SHOWN_ROWS } from './host.ts';
import type { Answer, HostFacts, HostPlace, Login, RunningHost, Session } from './host.ts';

const TITLE = 'MariaDB';
const DATABASE = 'loyalty';
const STATEMENT_WITHIN_S = 5;

/** mariadb.com/kb/en/mariadb-error-codes: no such login or not with this password, locked. */
const LOGIN_REFUSED = new Set([1045, 4151]);
/** No right to the database, the table, the column, or for what takes a right of its own. */
const NO_RIGHT = new Set([1044, 1142, 1143, 1227]);
const TOO_MANY = new Set([1040, 1203, 1226]);

export const mariadbUrl = ({ port, latchkey }: HostSettings): string =>
  `mysql://latchkey:${latchkey}@127.0.0.1:${port}/${DATABASE}?sslmode=disable`;

const errorOf = (error: unknown): HostError => {
  const { errno, code, message } = error as { errno?: number; code?: string; message: string };
  const number = errno ?? 0;
  const kind = LOGIN_REFUSED.has(number)
    ? 'login'
    : NO_RIGHT.has(number)
      ? 'denied'
      : TOO_MANY.has(number)
        ? 'full'
        : 'other';
  return new HostError(message, { kind, code: code ?? null }, error);
};

const textOf = (value: unknown): string | null => {
  if (value === null || value === undefined) return null;
  if (Buffer.isBuffer(value)) return value.toString('utf8');
  return typeof value === 'string' ? value : JSON.stringify(value);
};

const answerOf = ([rows, fields]: [unknown, mysql.FieldPacket[] | undefined], sql: string): Answer => {
  const command = sql.trim().split(/\s+/)[0]?.toUpperCase() ?? '';
  if (!Array.isArray(rows)) {
    const { affectedRows } = rows as mysql.ResultSetHeader;
    return { columns: [], rows: [], command, rowCount: affectedRows };
  }
  const shown = (rows as unknown[][]).slice(0, SHOWN_ROWS).map((row) => row.map(textOf));
  return { columns: fields?.map(({ name }) => name) ?? [], rows: shown, command, rowCount: rows.length };
};

const openSession = async ({ port }: HostSettings, { user, password }: Login): Promise<Session> => {
  const connection = await mysql
    .createConnection({ host: '127.0.0.1', port, user, password, database: DATABASE, dateStrings: true })
    .catch((error: unknown) => {
      throw errorOf(error);
    });
  const listeners: ((code: string | null) => void)[] = [];
  const onEnd = (error?: { code?: string }): void => {
    for (const listener of listeners.splice(0)) listener(error?.code ?? null);
  };
  connection.on('error', onEnd);
  connection.on('end', onEnd);
  await connection.query(`set max_statement_time = ${STATEMENT_WITHIN_S}`);
  return {
    run: async (sql) => {
      try {
        return answerOf(await connection.query<mysql.RowDataPacket[]>({ sql, rowsAsArray: true }), sql);
      } catch (error) {
        throw errorOf(error);
      }
    },
    close: async () => await connection.end(),
    onEnd: (listener) => void listeners.push(listener),
  };
};

const prepare = async (url: string, script: string, password: string): Promise<void> => {
  const admin = await mysql.createConnection({ uri: url, multipleStatements: true });
  try {
    await admin.query(script);
    await admin.query(`alter user 'latchkey'@'%' identified by '${password}'`);
    const sql = path.join(ROOT, 'sandbox', 'src', 'demo', 'targets', `${DATABASE}.sql`);
    await admin.query(readFileSync(sql, 'utf8'));
  } finally {
    await admin.end();
  }
};

type LoginRow = { user: string; roles: string | null; isLocked: number };

const LOGINS = `
  select u.User as user, group_concat(distinct m.Role) as roles,
    coalesce(json_value(max(g.Priv), '$.account_locked'), 'false') in ('true', '1') as isLocked
  from mysql.user u left join mysql.roles_mapping m on m.User = u.User and m.Host = u.Host
    left join mysql.global_priv g on g.User = u.User and g.Host = u.Host
  where u.User like 'lk\\_%' group by u.User order by u.User`;

type SessionRow = { id: number; user: string; command: string; info: string | null };

const SESSIONS = `
  select id, user, command, left(info, 300) as info from information_schema.processlist
  where user like 'lk\\_%' order by id`;

const lookAt = async (admin: mysql.Pool): Promise<HostFacts> => {
  const [logins] = (await admin.query(LOGINS)) as unknown as [LoginRow[]];
  const [sessions] = (await admin.query(SESSIONS)) as unknown as [SessionRow[]];
  return {
    logins: logins.map(({ user, roles, isLocked }) =>
      loginOf(TITLE, user, { memberOf: roles?.split(',') ?? [], canLogIn: isLocked === 0 }),
    ),
    sessions: sessions.map(({ id, user, command, info }) => ({
      pid: id,
      role: user,
      state: command === 'Sleep' ? 'idle' : 'active',
      query: info ?? '',
    })),
  };
};

export const startLoyalty = async (place: HostPlace, settings: HostSettings): Promise<RunningHost> => {
  const { dir, isMade } = place;
  if (!isMade) rmSync(dir, { recursive: true, force: true });
  const kept = { port: settings.port, password: settings.admin };
  const server = await startMariaDb(dir, { kept, settings: ['event-scheduler=ON'] });
  try {
    if (!isMade) await prepare(server.url, await place.preparation(), settings.latchkey);
  } catch (error) {
    await server.stop();
    throw error;
  }
  const pool = mysql.createPool({ uri: server.url, connectionLimit: 1 });
  return {
    title: TITLE,
    open: (login) => openSession(settings, login),
    look: () => lookAt(pool),
    pid: server.pid(),
    stop: async () => {
      await pool.end();
      await server.stop();
    },
    kill: server.kill,
  };
};
