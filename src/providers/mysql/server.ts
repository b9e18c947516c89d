/** Latchkey's own small pools of connections to the nodes of one target. Open nothing until the first statement. */
import type mysql from 'mysql2/promise';
import { pemOf } from '../../lib/certificates.ts';
import { onEachNode } from '../kit/nodes.ts';
import { ProviderError } from '../provider.ts';
import type { Address, Settings } from './config.ts';
import type { Dialect } from './dialect.ts';
import { toProviderError } from './errors.ts';
import { ownAccount } from './quote.ts';
import { dialectOf, unseenSessions } from './version.ts';

const MAX_CONNECTIONS = 10;
const IDLE_MS = 30_000;
const CONNECT_MS = 5_000;
const STATEMENT_MS = 10_000;
/** In seconds. No borrower can lock what Latchkey changes; a backup can, for a moment. */
const LOCK_WAIT = 8;

export type Client = {
  node: Address;
  dialect: Dialect;
  /** Latchkey's own account there, quoted. */
  who: string;
  query: <Row extends object>(text: string) => Promise<Row[]>;
  /** In this order, each by itself. */
  run(statements: readonly string[]): Promise<void>;
};

export type Server = {
  settings: Settings;
  /** One connection to the first node for the length of `work`. Its failures come out as ProviderError. A failed or aborted one is thrown away. */
  run<T>(signal: AbortSignal, work: (client: Client) => Promise<T>): Promise<T>;
  /** The same on each node at once; fails when any did, once all were tried. */
  runOnEach<T>(signal: AbortSignal, work: (client: Client) => Promise<T>): Promise<T[]>;
  /** A short visit as somebody else, to the first node. */
  runAs<T>(
    user: { user: string; password: string },
    signal: AbortSignal,
    work: (client: Client) => Promise<T>,
  ): Promise<T>;
  /** Whether the server runs events, as it last said; null before it answered. */
  areEventsRun: () => boolean | null;
  close(): Promise<void>;
};

/** As the server gives them back. Quotes, dates and numbers then mean the same on every server, whatever its administrators prefer. */
const SQL_MODE = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION';
const PIN = `set session sql_mode = '${SQL_MODE}', time_zone = '+00:00', autocommit = 1, lock_wait_timeout = ${LOCK_WAIT}`;
const READ_BACK = `select version() as version, current_user() as user, @@session.sql_mode as mode, @@session.time_zone as zone, @@global.event_scheduler as events, @@global.performance_schema as performance`;

type Pinned = { version: string; user: string; mode: string; zone: string; events: string; performance: number };
type Seen = { events: boolean | null };

const sslOf = ({ sslmode, ca }: Settings['tls']): mysql.SslOptions | undefined => {
  if (sslmode === null || sslmode === 'disable') return undefined;
  const trust = ca === null ? {} : { ca: pemOf(ca) };
  if (sslmode === 'verify-full') return { ...trust, rejectUnauthorized: true, verifyIdentity: true };
  return sslmode === 'require' && ca === null ? { rejectUnauthorized: false } : { ...trust, rejectUnauthorized: true };
};

/** No database: then no table or function that somebody made is what a short name means. */
const optionsOf = ({ user, password, tls }: Settings, node: Address): mysql.ConnectionOptions => {
  const ssl = sslOf(tls);
  return {
    host: node.host,
    port: node.port,
    user,
    password,
    charset: 'utf8mb4_bin',
    timezone: 'Z',
    connectTimeout: CONNECT_MS,
    supportBigNumbers: true,
    flags: ['-LOCAL_FILES', '-CONNECT_WITH_DB'],
    ...(ssl && { ssl }),
  };
};

type Known = Pick<Client, 'node' | 'dialect' | 'who'>;

const clientOn = (connection: mysql.Connection, known: Known): Client => {
  const query = async <Row extends object>(sql: string): Promise<Row[]> => {
    const [rows] = await connection.query({ sql, timeout: STATEMENT_MS });
    return Array.isArray(rows) ? (rows as Row[]) : [];
  };
  return {
    ...known,
    query,
    run: async (statements) => {
      for (const statement of statements) await query(statement);
    },
  };
};

/** Once per connection, before anything else is run on it. */
const pin = async (connection: mysql.Connection, node: Address, seen: Seen): Promise<Client> => {
  await connection.query({ sql: PIN, timeout: STATEMENT_MS });
  const [rows] = await connection.query({ sql: READ_BACK, timeout: STATEMENT_MS });
  const [row] = rows as Pinned[];
  if (row?.mode !== SQL_MODE || row.zone !== '+00:00')
    throw new ProviderError(
      'misconfigured',
      `The server at ${node.name}: the connection does not keep the settings that Latchkey opens it with, so Latchkey runs nothing on it. ` +
        'A proxy in between drops them: point the url of the target straight at the server.',
    );
  seen.events = row.events.toUpperCase() === 'ON';
  const dialect = dialectOf(row.version, node.name);
  const unseen = unseenSessions(dialect, row.performance === 1);
  if (unseen !== null) throw new ProviderError('misconfigured', unseen);
  return clientOn(connection, { node, dialect, who: ownAccount(row.user) });
};

type Use<T> = {
  release: (isBroken: boolean) => void;
  signal: AbortSignal;
  work: () => Promise<T>;
};

/** Nothing half done goes back into the pool, and an aborted statement ends with its connection. */
const using = async <T>({ release, signal, work }: Use<T>): Promise<T> => {
  let isReleased = false;
  const finish = (isBroken: boolean): void => {
    if (isReleased) return;
    isReleased = true;
    release(isBroken);
  };
  const onAbort = (): void => finish(true);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    signal.throwIfAborted();
    const result = await work();
    finish(false);
    return result;
  } finally {
    signal.removeEventListener('abort', onAbort);
    finish(true);
  }
};

type Pooled = {
  node: Address;
  pool(): Promise<mysql.Pool>;
  close(): Promise<void>;
  pinned: WeakMap<object, Client>;
  seen: Seen;
};

const runOn = async <T>(
  { node, pool, pinned, seen }: Pooled,
  at: { isEncrypted: boolean; signal: AbortSignal },
  work: (client: Client) => Promise<T>,
): Promise<T> => {
  let isUntouched = true;
  try {
    at.signal.throwIfAborted();
    const connection = await (await pool()).getConnection();
    const release = (isBroken: boolean): void => (isBroken ? connection.destroy() : connection.release());
    return await using({
      release,
      signal: at.signal,
      work: async () => {
        const key = connection.connection;
        const client = pinned.get(key) ?? (await pin(connection, node, seen));
        pinned.set(key, client);
        isUntouched = false;
        return await work(client);
      },
    });
  } catch (error) {
    throw toProviderError(error, { where: node.name, isEncrypted: at.isEncrypted, isUntouched });
  }
};

/** Loaded with the first statement: it is larger than most of the app, and most installations have no such target. */
const loadDriver = async (): Promise<typeof mysql> => (await import('mysql2/promise')).default;

const poolOf = (settings: Settings, node: Address, seen: Seen): Pooled => {
  let opened: Promise<mysql.Pool> | null = null;
  const open = async (): Promise<mysql.Pool> =>
    (await loadDriver()).createPool({
      ...optionsOf(settings, node),
      connectionLimit: MAX_CONNECTIONS,
      maxIdle: MAX_CONNECTIONS,
      idleTimeout: IDLE_MS,
      enableKeepAlive: true,
    });
  return {
    node,
    pinned: new WeakMap(),
    seen,
    pool: () => (opened ??= open()),
    close: async () => await (await opened)?.end(),
  };
};

export const openServer = (settings: Settings): Server => {
  const seen: Seen = { events: null };
  // Only what the first node says of events counts: on the others they sleep.
  const [first, ...others] = settings.nodes.map((node, index) =>
    poolOf(settings, node, index === 0 ? seen : { events: null }),
  );
  if (!first) throw new Error('a target has at least one node');
  const isEncrypted = sslOf(settings.tls) !== undefined;
  return {
    settings,
    run: async (signal, work) => await runOn(first, { isEncrypted, signal }, work),
    runOnEach: async (signal, work) =>
      await onEachNode(
        [first, ...others].map((pooled) => ({ name: pooled.node.name, pooled })),
        async ({ pooled }) => await runOn(pooled, { isEncrypted, signal }, work),
      ),
    runAs: async (user, signal, work) => await visit({ settings, user, signal }, work),
    areEventsRun: () => seen.events,
    close: async () => {
      await Promise.all([first, ...others].map(async ({ close }) => await close()));
    },
  };
};

type Visit = { settings: Settings; user: { user: string; password: string }; signal: AbortSignal };

const visit = async <T>({ settings, user, signal }: Visit, work: (client: Client) => Promise<T>): Promise<T> => {
  const [node] = settings.nodes;
  const connection = await (await loadDriver()).createConnection({ ...optionsOf(settings, node), ...user });
  // A connection that is cut breaks outside of any statement as well; the statement that runs says so.
  connection.on('error', () => undefined);
  const release = (): void => connection.destroy();
  return await using({
    release,
    signal,
    work: async () => await work(await pin(connection, node, { events: null })),
  });
};
