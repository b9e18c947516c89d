/** Once per run: one Postgres cluster, one Redis, one migrated template database; all gone at the end. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { removePostgres, startPostgres } from '../../sandbox/src/embedded/postgres.ts';
import { isRunning } from '../../sandbox/src/embedded/process.ts';
import { removeRedis, startRedis } from '../../sandbox/src/embedded/redis.ts';
import { removeMariaDb } from '../../sandbox/src/embedded/mariadb.ts';
import { installOlderPostgres } from './older-postgres.ts';
import { freeSmallDisks, unmountSmallDisks } from './small-disk.ts';
import { makeTemplate } from './template.ts';

const dataDir = fileURLToPath(new URL('../../.data', import.meta.url));
const runsDir = path.join(dataDir, 'test-runs');

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await removeAbandonedRuns();
  // One folder per run: several may go on side by side in one checkout.
  const runDir = path.join(runsDir, String(process.pid));
  mkdirSync(runDir, { recursive: true });
  const [postgres, redis, olderPostgresProblem] = await Promise.all([
    startPostgres(runDir, { isForTests: true }),
    startRedis(runDir, { isForTests: true, downloadDir: dataDir }),
    installOlderPostgres(dataDir),
  ]);
  const template = await makeTemplate(postgres.url);
  project.provide('services', {
    adminUrl: postgres.url,
    redisUrl: redis.url,
    ...template,
    runDir,
    downloadDir: dataDir,
  });
  project.provide('olderPostgresProblem', olderPostgresProblem);
  return () => endRun(runDir);
}

/** Ends the run's servers, and the private ones that a failed test left running. */
async function endRun(runDir: string): Promise<void> {
  freeSmallDisks(runDir);
  for (const folder of [runDir, ...foldersWithServers(runDir)]) {
    await removePostgres(folder);
    await removeRedis(folder);
    await removeMariaDb(folder);
  }
  unmountSmallDisks(runDir);
  rmSync(runDir, { recursive: true, force: true });
}

/** A run that was killed leaves its servers; the next run ends them. */
async function removeAbandonedRuns(): Promise<void> {
  mkdirSync(runsDir, { recursive: true });
  const abandoned = readdirSync(runsDir).filter((name) => /^\d+$/.test(name) && !isRunning(Number(name)));
  for (const runDir of abandoned.map((name) => path.join(runsDir, name)).filter(claim)) {
    await endRun(runDir);
    rmSync(claimFile(runDir), { force: true });
  }
}

/** True for one of several runs that start at the same moment: two must not take down the same server. */
function claim(runDir: string): boolean {
  const file = claimFile(runDir);
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (isRunning(Number(readFileSync(file, 'utf8')))) return false;
    writeFileSync(file, String(process.pid));
  }
  return true;
}

function claimFile(runDir: string): string {
  return `${runDir}.claim`;
}

function foldersWithServers(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'postgres' && entry.name !== 'redis')
    .map((entry) => path.join(folder, entry.name))
    .flatMap((inner) => [inner, ...foldersWithServers(inner)]);
}
