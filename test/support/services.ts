/** The Postgres and the Redis that a test run starts once and all test files share; and private ones for fault tests. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import path from 'node:path';
import { inject } from 'vitest';
import { startPostgres, type EmbeddedPostgres } from '../../sandbox/src/embedded/postgres.ts';
import { startRedis, type EmbeddedRedis } from '../../sandbox/src/embedded/redis.ts';
import { makeTemplate } from './template.ts';

export interface TestServices {
  /** Superuser on the run's cluster. */
  adminUrl: string;
  redisUrl: string;
  /** A migrated database to copy; not connected to by anybody. */
  templateName: string;
  /** Why the template could not be migrated; empty when it was. */
  templateProblem: string;
  runDir: string;
  /** Outlives the run: what was downloaded for it. */
  downloadDir: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    services: TestServices;
    /** Why the older Postgres versions could not be installed; empty when they were. */
    olderPostgresProblem: string;
  }
}

export function testServices(): TestServices {
  return inject('services');
}

/** What a private server needs to know; `testServices()` has it, and so has whoever runs outside of the test runner. */
export type Places = Pick<TestServices, 'runDir' | 'downloadDir'>;

/** Lower-case letters and digits: safe in the names of roles, databases and queues. */
export function randomSuffix(): string {
  return randomBytes(5).toString('hex');
}

/** The run's Redis and a BullMQ prefix nobody else uses. Never flush it: start a private one for that. */
export function testRedis({ redisUrl }: Pick<TestServices, 'redisUrl'> = testServices()): {
  url: string;
  prefix: string;
} {
  return { url: redisUrl, prefix: `test-${randomSuffix()}` };
}

/** A server of a test's own that may be stopped, killed and started again at the same URL. Call `remove()` at the end. */
export interface PrivateServer {
  url: string;
  port: number;
  /** Starts it again after stop() or kill(). A private Redis comes back empty, a private Postgres with its data. */
  start(): Promise<void>;
  stop(): Promise<void>;
  kill(): Promise<void>;
  remove(): Promise<void>;
}

export function startPrivateRedis(places: Places = testServices()): Promise<PrivateServer> {
  const { downloadDir } = places;
  return startPrivateServer(places, (folder) => startRedis(folder, { isForTests: true, downloadDir }));
}

export function startPrivatePostgres(places: Places = testServices()): Promise<PrivateServer> {
  return startPrivateServer(places, (folder) => startPostgres(folder, { isForTests: true }));
}

/** A cluster and a Redis that a test may break, with a migrated template of their own. */
export interface OwnServices extends TestServices {
  postgres: PrivateServer;
  redis: PrivateServer;
  remove(): Promise<void>;
}

/** `startOwnPostgres` puts the cluster where it is to stand. */
export async function startOwnServices(
  places: Places = testServices(),
  startOwnPostgres = startPrivatePostgres,
): Promise<OwnServices> {
  const [postgres, redis] = await Promise.all([startOwnPostgres(places), startPrivateRedis(places)]);
  const template = await makeTemplate(postgres.url);
  return {
    ...template,
    adminUrl: postgres.url,
    redisUrl: redis.url,
    runDir: places.runDir,
    downloadDir: places.downloadDir,
    postgres,
    redis,
    remove: async () => {
      await Promise.all([postgres.remove(), redis.remove()]);
    },
  };
}

/** `startIn` starts it in the folder it is given, also when it is started again. */
export async function startPrivateServer(
  { runDir }: Places,
  startIn: (folder: string) => Promise<EmbeddedPostgres | EmbeddedRedis>,
): Promise<PrivateServer> {
  const folder = mkdtempSync(path.join(runDir, 'private-'));
  let server = await startIn(folder);
  const { url, port } = server;
  return {
    url,
    port,
    start: async () => {
      server = await startIn(folder);
      if (server.url !== url) throw new Error(`Port ${port} was taken while the server was stopped.`);
    },
    stop: () => server.stop(),
    kill: () => server.kill(),
    remove: () => server.remove(),
  };
}
