/** Once per run: one Postgres cluster, one Redis, one migrated template database; all gone at the end. */
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { startPostgres } from '../../src/local/embedded/postgres.ts';
import { isRunning } from '../../src/local/embedded/process.ts';
import { startRedis } from '../../src/local/embedded/redis.ts';

const TEMPLATE = 'latchkey_template';
const dataDir = fileURLToPath(new URL('../../.data', import.meta.url));
const runsDir = path.join(dataDir, 'test-runs');

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await removeAbandonedRuns();
  // One folder per run: several may go on side by side in one checkout.
  const runDir = path.join(runsDir, String(process.pid));
  mkdirSync(runDir, { recursive: true });
  const [postgres, redis] = await Promise.all([
    startPostgres(runDir, { isForTests: true }),
    startRedis(runDir, { isForTests: true, downloadDir: dataDir }),
  ]);
  const templateProblem = await makeTemplate(postgres.url);
  project.provide('services', {
    adminUrl: postgres.url,
    redisUrl: redis.url,
    templateName: TEMPLATE,
    templateProblem,
    runDir,
    downloadDir: dataDir,
  });
  return async () => {
    await Promise.all([postgres.remove(), redis.remove()]);
    rmSync(runDir, { recursive: true, force: true });
  };
}

/** Empty when the template is there and migrated; else why not, for the tests that need it to fail with. */
async function makeTemplate(adminUrl: string): Promise<string> {
  const admin = new pg.Client({ connectionString: adminUrl });
  await admin.connect();
  await admin.query(`create database ${TEMPLATE}`);
  await admin.end();
  const migrateFile = new URL('../../src/db/migrate.ts', import.meta.url);
  if (!existsSync(migrateFile)) return '';
  const url = new URL(adminUrl);
  url.pathname = `/${TEMPLATE}`;
  try {
    const { migrateDatabase } = (await import(migrateFile.href)) as {
      migrateDatabase: (url: string) => Promise<unknown>;
    };
    await migrateDatabase(url.href);
    return '';
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}

/** A run that was killed leaves its servers; the next run ends them. */
async function removeAbandonedRuns(): Promise<void> {
  if (!existsSync(runsDir)) return;
  for (const name of readdirSync(runsDir)) {
    const runDir = path.join(runsDir, name);
    if (isRunning(Number(name))) continue;
    const servers = await Promise.all([
      startPostgres(runDir, { isForTests: true }),
      startRedis(runDir, { isForTests: true, downloadDir: dataDir }),
    ]);
    await Promise.all(servers.map((server) => server.remove()));
    rmSync(runDir, { recursive: true, force: true });
  }
}
