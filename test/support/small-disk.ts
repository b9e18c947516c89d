/** A disk of a test's own, small enough to be filled: a tmpfs, which only root may mount, and only on Linux. */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmdirSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { startPostgres } from '../../sandbox/src/embedded/postgres.ts';
import { isReachableByAll } from '../../sandbox/src/embedded/unprivileged.ts';
import { startPrivateServer, testServices } from './services.ts';
import type { Places, PrivateServer } from './services.ts';

export type SmallDisk = {
  /** Leaves not a byte to anybody. */
  fill(): void;
  free(): void;
};

const SIZE_MB = 256;
const FILLER = 'filler';
/** By this a mount is known as ours. */
const SOURCE = 'latchkey-test';
const CHUNKS = [1 << 20, 1 << 12, 1].map((length) => Buffer.alloc(length));

/** Empty when it worked, else what the system said. */
const run = (command: string, ...args: string[]): string => {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  return status === 0 ? '' : stderr?.split('\n')[0] || error?.message || `${command} ended with ${status}`;
};

const demand = (problem: string): void => {
  if (problem) throw new Error(problem);
};

const mount = (folder: string): string =>
  run('mount', '-t', 'tmpfs', '-o', `size=${SIZE_MB}m,mode=0755`, SOURCE, folder);

/** null where one can be made; else why not, to stand in the name of what is skipped. */
export const whyNoSmallDisk = (runDir: string): string | null => {
  if (process.platform !== 'linux') return 'it takes a tmpfs, which only Linux has';
  if (process.getuid?.() !== 0) return 'it takes a mount, which only root may make';
  if (!isReachableByAll(runDir)) return `the user of Postgres cannot enter ${runDir}`;
  const folder = mkdtempSync(path.join(runDir, 'mount-'));
  const problem = mount(folder);
  if (!problem) demand(run('umount', folder));
  rmdirSync(folder);
  return problem ? `a tmpfs cannot be mounted (${problem})` : null;
};

const fillerOf = (folder: string): string => path.join(folder, FILLER);

const isWritten = (file: number, chunk: Buffer): boolean => {
  try {
    return writeSync(file, chunk) > 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    return false;
  }
};

const mountSmallDisk = (folder: string): SmallDisk => {
  demand(mount(folder));
  return {
    fill: () => {
      const file = openSync(fillerOf(folder), 'a');
      for (const chunk of CHUNKS) while (isWritten(file, chunk));
      closeSync(file);
    },
    free: () => rmSync(fillerOf(folder), { force: true }),
  };
};

/** proc(5): what would break the line of a mount apart is written in octal. */
const unescaped = (word: string): string =>
  word.replaceAll(/\\([0-7]{3})/g, (_, code: string) => String.fromCodePoint(parseInt(code, 8)));

/** Below `runDir`, whoever made them. */
const smallDisksIn = (runDir: string): string[] =>
  process.platform === 'linux'
    ? readFileSync('/proc/self/mounts', 'utf8')
        .split('\n')
        .map((line) => line.split(' ').map(unescaped))
        .filter(([source, folder]) => source === SOURCE && folder?.startsWith(`${runDir}${path.sep}`))
        .flatMap(([, folder]) => folder ?? [])
    : [];

/** What a killed run left full: its server needs room to be found and stopped. */
export const freeSmallDisks = (runDir: string): void => {
  for (const folder of smallDisksIn(runDir)) rmSync(fillerOf(folder), { force: true });
};

export const unmountSmallDisks = (runDir: string): void => {
  for (const folder of smallDisksIn(runDir)) demand(run('umount', folder));
};

export type FillablePostgres = PrivateServer & { disk: SmallDisk };

/** A cluster whose whole folder is on a small disk. Should it not start, the end of the run unmounts. */
export const startPostgresOnSmallDisk = async (places: Places = testServices()): Promise<FillablePostgres> => {
  const made: { folder: string; disk: SmallDisk }[] = [];
  const server = await startPrivateServer(places, (folder) => {
    if (made.length === 0) made.push({ folder, disk: mountSmallDisk(folder) });
    return startPostgres(folder, { isForTests: true });
  });
  const [{ folder, disk }] = made as [(typeof made)[number]];
  return {
    ...server,
    disk,
    remove: async () => {
      disk.free();
      await server.remove();
      unmountSmallDisks(path.dirname(folder));
    },
  };
};
