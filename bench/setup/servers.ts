/** The run's own servers: a Postgres for Latchkey, another as the production database, and a Redis. All of them sync to disk. */
import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { migrateDatabase } from '../../src/store/migrate.ts';
import { removePostgres, startPostgres } from '../../sandbox/src/embedded/postgres.ts';
import { isRunning } from '../../sandbox/src/embedded/process.ts';
import { removeRedis, startRedis } from '../../sandbox/src/embedded/redis.ts';
import { demandGoingOn, onEnd } from './cleanup.ts';

export type Servers = { storeAdminUrl: string; targetAdminUrl: string; redisUrl: string; runDir: string };

const serverFolders = (runDir: string): string[] => ['store', 'target', 'redis'].map((name) => path.join(runDir, name));

const removeServers = async (runDir: string): Promise<void> => {
  const [store = '', target = '', redis = ''] = serverFolders(runDir);
  await Promise.all([removePostgres(store), removePostgres(target), removeRedis(redis)]);
};

/** A run that was killed with -9 leaves its servers; the next one ends them. */
const removeAbandoned = async (runDir: string): Promise<void> => {
  const parent = path.dirname(runDir);
  const abandoned = readdirSync(parent).filter((name) => {
    const pid = /^run-(\d+)$/.exec(name)?.[1];
    return pid !== undefined && path.join(parent, name) !== runDir && !isRunning(Number(pid));
  });
  for (const folder of abandoned.map((name) => path.join(parent, name))) {
    await removeServers(folder);
    rmSync(folder, { recursive: true, force: true });
  }
};

export const startServers = async (runDir: string): Promise<Servers> => {
  await removeAbandoned(runDir);
  const [store = '', target = '', redis = ''] = serverFolders(runDir);
  const downloadDir = path.join(runDir, '..', '..');
  demandGoingOn();
  const starting = [startPostgres(store), startPostgres(target), startRedis(redis, { downloadDir })] as const;
  // One that is still starting could not be found yet, and would be left behind.
  onEnd('the servers', async () => {
    await Promise.allSettled(starting);
    await removeServers(runDir);
  });
  const [storeServer, targetServer, redisServer] = await Promise.all(starting);
  const servers = {
    storeAdminUrl: storeServer.url,
    targetAdminUrl: targetServer.url,
    redisUrl: redisServer.url,
    runDir,
  };
  await assertSynced(servers);
  return servers;
};

const assertSynced = async ({ storeAdminUrl, targetAdminUrl }: Servers): Promise<void> => {
  for (const url of [storeAdminUrl, targetAdminUrl]) {
    const [row] = await rowsFrom<{ value: string }>(
      url,
      `select string_agg(setting, ' ') as value from pg_settings where name in ('fsync', 'synchronous_commit', 'full_page_writes')`,
    );
    if (row?.value !== 'on on on') throw new Error(`Postgres does not sync to disk (${row?.value ?? 'unknown'}).`);
  }
};

export const withClient = async <T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
};

export const rowsFrom = <Row extends pg.QueryResultRow>(
  url: string,
  text: string,
  values: unknown[] = [],
): Promise<Row[]> => withClient(url, async (client) => (await client.query<Row>(text, values)).rows);

const inDatabase = (adminUrl: string, name: string): string => {
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return url.href;
};

let count = 0;
const nextName = (what: string): string => {
  count += 1;
  return `${what}_${count}`;
};

/** Latchkey's own database, migrated and empty. */
export const createStoreDatabase = async ({ storeAdminUrl }: Servers): Promise<string> => {
  const name = nextName('store');
  await withClient(storeAdminUrl, (client) => client.query(`create database ${name}`));
  const url = inDatabase(storeAdminUrl, name);
  await migrateDatabase(url);
  return url;
};

export type Target = {
  url: string;
  managerUrl: string;
  manager: string;
  /** Roles that make logins; empty where Latchkey's own makes them all. */
  creators: string[];
  group: string;
  database: string;
};

/** As many as docs/postgres.md makes. */
const CREATORS = 16;

/** A production database, with the login that Latchkey works as, its creator roles, and one group to grant. */
export const createTarget = async ({ targetAdminUrl }: Servers, creatorCount = CREATORS): Promise<Target> => {
  const database = nextName('target');
  const [manager, group] = [`${database}_manager`, `${database}_read`];
  const creators = Array.from({ length: creatorCount }, (_, index) => `${manager}_maker_${index + 1}`);
  const url = inDatabase(targetAdminUrl, database);
  await withClient(targetAdminUrl, async (client) => {
    await client.query(`create database ${database}`);
    await client.query(`create role ${manager} login createrole password 'manager'`);
    await client.query(`grant pg_signal_backend to ${manager}`);
    await client.query(`create role ${group} nologin`);
    await client.query(`grant ${group} to ${manager} with admin option`);
    for (const creator of creators) {
      await client.query(`create role ${creator} nologin createrole`);
      await client.query(`grant ${creator} to ${manager} with inherit false, set true`);
    }
  });
  await withClient(url, (client) =>
    client.query(`create table orders (id int primary key, item text not null);
      insert into orders values (1, 'lamp'), (2, 'chair'); grant select on orders to ${group}`),
  );
  const managerUrl = new URL(url);
  managerUrl.username = manager;
  managerUrl.password = 'manager';
  return { url, managerUrl: managerUrl.href, manager, creators, group, database };
};

/** Temporary logins in the target that carry Latchkey's prefix and are in the group. */
export const loginsIn = async ({ url, group }: Target): Promise<number> => {
  const [row] = await rowsFrom<{ n: number }>(
    url,
    `select count(*)::int as n from pg_roles r join pg_auth_members m on m.member = r.oid
     join pg_roles g on g.oid = m.roleid where g.rolname = $1 and r.rolname like 'lk\\_%'`,
    [group],
  );
  return row?.n ?? 0;
};
