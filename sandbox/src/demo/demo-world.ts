/** Answers the page's side panel from the demo's real servers. */
import pg from 'pg';
import { endSoon } from './deadline.ts';
import { SHOP, TARGET_DATABASES } from './production.ts';
import type { Urls } from './production.ts';
import { grantIdOf } from './hosts/host.ts';
import type { Way } from './hosts/host.ts';
import type { Hosts } from './hosts/hosts.ts';
import { postgresWay } from './hosts/postgres.ts';
import { openPrompts } from './prompts.ts';
import type { Prompts } from './prompts.ts';
import type { QuestLog } from './quest-log.ts';
import type { World, WorldState } from './world.ts';
import { readLoginMark, readWorld } from './world-state.ts';

export type DemoWorld = World & {
  /** Something around it has changed. */
  notify(): void;
  close(): Promise<void>;
};

/** Catalogues send no notifications, so they are looked at while somebody looks at the page. */
const LOOK_EVERY_MS = 500;

type Parts = {
  hosts: Hosts;
  pool: pg.Pool;
  nameOf: (userId: string) => string;
  quests: QuestLog;
  listeners: Set<() => void>;
};

const openPool = (url: string): pg.Pool => {
  const pool = new pg.Pool({
    connectionString: url,
    max: 3,
    application_name: 'latchkey demo',
    options: '-c default_transaction_read_only=on',
    connectionTimeoutMillis: 5_000,
    statement_timeout: 5_000,
    allowExitOnIdle: true,
  });
  // Postgres may be stopped and started under us; the next query connects anew and says what is wrong.
  pool.on('error', () => {});
  return pool;
};

const notify = ({ listeners }: Parts): void => {
  for (const listener of [...listeners]) listener();
};

/** What the page draws, without the time of the look. */
const faceOf = ({ logins, sessions, grants }: WorldState): string => JSON.stringify([logins, sessions, grants]);

const stateOf = ({ pool, nameOf, hosts }: Parts): Promise<WorldState> => readWorld(pool, { nameOf, hosts });

const startLooking = (parts: Parts): (() => void) => {
  let face = '';
  let isLooking = false;
  const look = async (): Promise<void> => {
    const seen = await stateOf(parts).then(faceOf, (error: unknown) => `trouble: ${String(error)}`);
    const isTicked = await parts.quests
      .look(async (sql) => (await parts.pool.query<Record<string, boolean>>(sql)).rows[0] ?? {})
      // The same trouble that the state above shows: the database is away, or not made yet.
      .catch(() => false);
    if (seen === face && !isTicked) return;
    face = seen;
    notify(parts);
  };
  const settled = (): void => {
    isLooking = false;
  };
  const timer = setInterval(() => {
    if (isLooking) return;
    isLooking = true;
    look().then(settled, settled);
  }, LOOK_EVERY_MS);
  return () => clearInterval(timer);
};

const subscriber = (parts: Parts): World['subscribe'] => {
  let stopLooking: (() => void) | undefined;
  return (listener) => {
    parts.listeners.add(listener);
    stopLooking ??= startLooking(parts);
    return () => {
      parts.listeners.delete(listener);
      if (parts.listeners.size > 0) return;
      stopLooking?.();
      stopLooking = undefined;
    };
  };
};

/** A login that Latchkey made says in its comment for which database; others get the shop. */
const databaseOf =
  (pool: pg.Pool) =>
  async (user: string): Promise<string> => {
    const { rows } = await pool.query<{ comment: string | null }>(
      `select shobj_description(oid, 'pg_authid') as comment from pg_roles where rolname = $1`,
      [user],
    );
    const database = readLoginMark(rows[0]?.comment ?? null)?.database;
    return database !== undefined && TARGET_DATABASES.includes(database) ? database : SHOP;
  };

/** A login names its grant, and the grant its target, also after its end. */
const wayOf = ({ pool, hosts }: Parts, postgres: Way) => {
  return async (user: string): Promise<{ way: Way; target: string | null }> => {
    const { rows } = await pool.query<{ target: string }>('select target from grants where id = $1', [grantIdOf(user)]);
    const target = rows[0]?.target ?? null;
    return { target, way: (target !== null && hosts.wayTo(target)) || postgres };
  };
};

const promptsOf = (parts: Parts, serverUrl: string): Prompts =>
  openPrompts({
    wayOf: wayOf(parts, postgresWay({ serverUrl, databaseOf: databaseOf(parts.pool) })),
    onFact: (fact) => {
      parts.quests.note(fact);
      notify(parts);
    },
  });

export type WorldOptions = Pick<Parts, 'quests' | 'nameOf' | 'hosts'> & { urls: Urls };

export const createWorld = ({ urls, quests, nameOf, hosts }: WorldOptions): DemoWorld => {
  const parts: Parts = { pool: openPool(urls.watch), hosts, nameOf, quests, listeners: new Set() };
  const prompts = promptsOf(parts, urls.watch);
  const subscribe = subscriber(parts);
  return {
    state: () => stateOf(parts),
    subscribe,
    connect: prompts.connect,
    query: prompts.query,
    disconnect: prompts.disconnect,
    endSoon: async (grantId, inMs) => {
      await endSoon({ latchkeyUrl: urls.latchkey, serverUrl: urls.watch }, grantId, inMs);
      notify(parts);
    },
    quests: () => quests.list(),
    notify: () => notify(parts),
    close: async () => {
      await prompts.close();
      await parts.pool.end();
    },
  };
};
