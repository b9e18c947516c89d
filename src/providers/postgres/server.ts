/** Latchkey's own small pool of connections to one target. Opens nothing until the first query. */
import pg from 'pg';
import { createLanes, type Lanes } from '../../lib/lanes.ts';
import type { Settings } from './config.ts';
import { toProviderError } from './errors.ts';

const MAX_CONNECTIONS = 10;
const IDLE_MS = 30_000;
const CONNECT_MS = 5_000;
const STATEMENT_MS = 10_000;
/**
 * From 16 on, whoever makes a role is a member of it, and each DROP makes every session forget what it knows of memberships and read them
 * all again: with a thousand logins, ten batches at once took three times as long as two (2,580 and 914 ms).
 */
const DROPS_AT_ONCE = 2;

export type Client = pg.ClientBase;

export type Server = {
  settings: Settings;
  /** One connection for the length of `work`. Its failures come out as ProviderError. A failed or aborted one is thrown away, so nothing half done stays open. */
  run<T>(signal: AbortSignal, work: (client: Client) => Promise<T>): Promise<T>;
  /** One statement, by itself. With a name it is prepared once for each connection. */
  query: <R extends object>(signal: AbortSignal, query: pg.QueryConfig) => Promise<R[]>;
  /** The same over a connection that nothing else uses: to free the others when all of them wait for a lock. */
  querySpare: <R extends object>(signal: AbortSignal, query: pg.QueryConfig) => Promise<R[]>;
  /** For dropping many roles: more than two at once would only get in each other's way. */
  inTurn: Lanes;
  /** Work in another database of the server, over a connection of its own. */
  runIn<T>(database: string, signal: AbortSignal, work: (client: Client) => Promise<T>): Promise<T>;
  close(): Promise<void>;
};

const optionsOf = (settings: Settings, database: string): pg.ClientConfig => ({
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
});

/** A connection that breaks while nothing runs on it: the pool drops it, and a query that follows reports it. */
const onBroken = (): void => undefined;

export const whereIs = (settings: Settings): string => `${settings.host}:${settings.port}/${settings.database}`;

const poolOf = (settings: Settings, max: number): pg.Pool => {
  const pool = new pg.Pool({
    ...optionsOf(settings, settings.database),
    max,
    idleTimeoutMillis: IDLE_MS,
    pipeline: true,
  });
  pool.on('error', onBroken);
  // From its first moment on: the word of its end can come with the greeting, before whoever asked for it has it in hand.
  pool.on('connect', (client) => client.on('error', onBroken));
  return pool;
};

export const openServer = (settings: Settings): Server => {
  const pool = poolOf(settings, MAX_CONNECTIONS);
  const spare = poolOf(settings, 1);
  const runOn = async <T>(from: pg.Pool, signal: AbortSignal, work: (client: Client) => Promise<T>): Promise<T> => {
    try {
      return await onPooled(from, signal, work);
    } catch (error) {
      throw toProviderError(error, whereIs(settings));
    }
  };
  const queryOn = async <R extends object>(from: pg.Pool, signal: AbortSignal, query: pg.QueryConfig): Promise<R[]> =>
    await runOn(from, signal, async (client) => (await client.query<R>({ ...query })).rows);
  return {
    settings,
    run: async (signal, work) => await runOn(pool, signal, work),
    query: async (signal, query) => await queryOn(pool, signal, query),
    inTurn: createLanes(DROPS_AT_ONCE),
    querySpare: async (signal, query) => await queryOn(spare, signal, query),
    runIn: async (database, signal, work) => await runApart({ settings, database, signal }, work),
    close: async () => {
      await Promise.all([pool, spare].map(async (each) => (each.ending ? undefined : await each.end())));
    },
  };
};

const onPooled = async <T>(pool: pg.Pool, signal: AbortSignal, work: (client: Client) => Promise<T>): Promise<T> => {
  signal.throwIfAborted();
  const client = await pool.connect();
  let isReleased = false;
  const release = (isBroken: boolean): void => {
    if (isReleased) return;
    isReleased = true;
    client.release(isBroken);
  };
  const onAbort = (): void => release(true);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    signal.throwIfAborted();
    const result = await work(client);
    release(false);
    return result;
  } finally {
    signal.removeEventListener('abort', onAbort);
    release(true);
  }
};

const runApart = async <T>(
  at: { settings: Settings; database: string; signal: AbortSignal },
  work: (client: Client) => Promise<T>,
): Promise<T> => {
  const client = new pg.Client(optionsOf(at.settings, at.database));
  client.on('error', onBroken);
  try {
    at.signal.throwIfAborted();
    await client.connect();
    return await work(client);
  } catch (error) {
    throw toProviderError(error, whereIs({ ...at.settings, database: at.database }));
  } finally {
    await client.end();
  }
};
