/** Latchkey's own small pool of connections to one target. Opens nothing until the first query. */
import pg from 'pg';
import { createLanes, type Lanes } from '../../lib/limiter.ts';
import { adminConnection, assertPinned, NEWEST_OPTIONS, OLD_OPTIONS, UNKNOWN_SETTING } from './admin-connection.ts';
import type { Settings } from './config.ts';
import { codeOf } from '../kit/network-errors.ts';
import { toProviderError } from './errors.ts';
import { assertNothingRunsAtLogin } from './event-triggers.ts';

const MAX_CONNECTIONS = 10;
const IDLE_MS = 30_000;
/**
 * From 16 on, anyone who makes a role is a member of it, and each DROP makes every session forget what it knows of memberships and read them
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
  /** For acting as a group for a moment: of two at once, the first to leave it would take the membership from the other. */
  actingInTurn: Lanes;
  /** Work in another database of the server, over a connection of its own. */
  runIn<T>(database: string, signal: AbortSignal, work: (client: Client) => Promise<T>): Promise<T>;
  close(): Promise<void>;
};

/** A connection that breaks while nothing runs on it: the pool drops it, and a query that follows reports it. */
const onBroken = (): void => undefined;

export const whereIs = (settings: Settings): string => `${settings.host}:${settings.port}/${settings.database}`;

/** The options that this server takes, as far as is known. */
type Taken = { options: string };

const poolOf = (settings: Settings, { options }: Taken, max: number): pg.Pool => {
  const pool = new pg.Pool({
    ...adminConnection({ settings, database: settings.database, options }),
    max,
    idleTimeoutMillis: IDLE_MS,
    pipeline: true,
  });
  pool.on('error', onBroken);
  // From its first moment on: the word of its end can come with the greeting, before the caller has it in hand.
  pool.on('connect', (client) => client.on('error', onBroken));
  return pool;
};

type Place = { where: string; isEncrypted: boolean };

/** What fails here comes before the first statement that could change something. */
const untouched = async <T>(at: Place, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    throw toProviderError(error, { ...at, isUntouched: true });
  }
};

/** Tries once more without what an old server does not know; later connections begin so. */
const withOptions = async <T>(taken: Taken, connect: (options: string) => Promise<T>): Promise<T> => {
  const { options } = taken;
  try {
    return await connect(options);
  } catch (error) {
    if (codeOf(error) !== UNKNOWN_SETTING || options === OLD_OPTIONS) throw error;
    taken.options = OLD_OPTIONS;
    return await connect(OLD_OPTIONS);
  }
};

const connectTo = async (from: pg.Pool, taken: Taken): Promise<pg.PoolClient> =>
  await withOptions(taken, async (options) => {
    from.options.options = options;
    return await from.connect();
  });

const createTurns = (): Pick<Server, 'inTurn' | 'actingInTurn'> => ({
  inTurn: createLanes(DROPS_AT_ONCE),
  actingInTurn: createLanes(1),
});

export const openServer = (settings: Settings): Server => {
  const taken: Taken = { options: NEWEST_OPTIONS };
  const pool = poolOf(settings, taken, MAX_CONNECTIONS);
  const spare = poolOf(settings, taken, 1);
  const at = { where: whereIs(settings), isEncrypted: settings.ssl !== false };
  const pinned = new WeakSet<Client>();
  const runOn = async <T>(from: pg.Pool, signal: AbortSignal, work: (client: Client) => Promise<T>): Promise<T> => {
    try {
      return await onClient(
        async () => await untouched(at, async () => connectTo(from, taken)),
        signal,
        async (client) => {
          if (!pinned.has(client)) await untouched(at, async () => assertPinned(client, at.where));
          pinned.add(client);
          return await work(client);
        },
      );
    } catch (error) {
      throw toProviderError(error, at);
    }
  };
  const queryOn = async <R extends object>(from: pg.Pool, signal: AbortSignal, query: pg.QueryConfig): Promise<R[]> =>
    await runOn(from, signal, async (client) => (await client.query<R>({ ...query })).rows);
  return {
    settings,
    run: async (signal, work) => await runOn(pool, signal, work),
    query: async (signal, query) => await queryOn(pool, signal, query),
    ...createTurns(),
    querySpare: async (signal, query) => await queryOn(spare, signal, query),
    runIn: async (database, signal, work) => {
      if (database !== settings.database)
        await assertNothingRunsAtLogin(async (query) => await queryOn(pool, signal, query), { ...settings, database });
      return await runApart({ settings, database, taken, signal }, work);
    },
    close: async () => {
      await Promise.all([pool, spare].map(async (each) => (each.ending ? undefined : await each.end())));
    },
  };
};

const onClient = async <T>(
  connect: () => Promise<pg.PoolClient>,
  signal: AbortSignal,
  work: (client: Client) => Promise<T>,
): Promise<T> => {
  signal.throwIfAborted();
  const client = await connect();
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

type Apart = { settings: Settings; database: string; taken: Taken; signal: AbortSignal };

const connectApart = async ({ settings, database, taken }: Apart): Promise<pg.Client> =>
  await withOptions(taken, async (options) => {
    const client = new pg.Client(adminConnection({ settings, database, options }));
    client.on('error', onBroken);
    await client.connect();
    return client;
  });

const runApart = async <T>(at: Apart, work: (client: Client) => Promise<T>): Promise<T> => {
  const where = whereIs({ ...at.settings, database: at.database });
  try {
    at.signal.throwIfAborted();
    const client = await connectApart(at);
    try {
      await assertPinned(client, where);
      return await work(client);
    } finally {
      await client.end();
    }
  } catch (error) {
    throw toProviderError(error, { where, isEncrypted: at.settings.ssl !== false });
  }
};
