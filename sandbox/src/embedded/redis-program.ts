/** Finds a Redis to run: the machine's own, else Debian's package unpacked into a private folder without installing it. */
import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

export interface RedisProgram {
  command: string;
  env: NodeJS.ProcessEnv;
}

const run = promisify(execFile);
const INSTALL = 'Install it (Debian: apt-get install redis-server; macOS: brew install redis), or set REDIS_URL.';
/** Where package managers put servers on machines whose PATH leaves them out. */
const USUAL_PLACES = ['/opt/homebrew/bin', '/usr/local/bin', '/usr/bin', '/usr/sbin'];

/** `downloadDir` keeps what was fetched, for later starts. Throws a sentence saying what to install when there is no Redis. */
export async function findRedis(downloadDir: string): Promise<RedisProgram> {
  const command = findOnPath('redis-server') ?? findOnPath('valkey-server');
  if (command) return { command, env: {} };
  const root = path.resolve(downloadDir, 'redis-program');
  const program = path.join(root, 'usr/bin/redis-server');
  if (!existsSync(program)) await download(root, program);
  const libraries = readdirSync(path.join(root, 'usr/lib')).filter((name) => name.includes('-linux-gnu'));
  const searchPath = libraries.map((name) => path.join(root, 'usr/lib', name)).join(':');
  return { command: program, env: { LD_LIBRARY_PATH: searchPath } };
}

function findOnPath(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(path.delimiter), ...USUAL_PLACES];
  return folders.map((folder) => path.join(folder, name)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function download(root: string, program: string): Promise<void> {
  if (process.platform !== 'linux' || !findOnPath('apt-get') || !findOnPath('dpkg-deb')) {
    throw new Error(`Found neither redis-server nor valkey-server. ${INSTALL}`);
  }
  mkdirSync(path.dirname(root), { recursive: true });
  const half = mkdtempSync(path.join(path.dirname(root), 'fetch-'));
  try {
    await unpackDebianPackage(half);
    // Another start may have finished the same download since we looked.
    if (!existsSync(program)) renameSync(path.join(half, 'root'), root);
    accessSync(program, constants.X_OK);
  } catch (cause) {
    throw new Error(
      `Found neither redis-server nor valkey-server, and fetching Debian's package without installing it failed. ${INSTALL}`,
      { cause },
    );
  } finally {
    rmSync(half, { recursive: true, force: true });
  }
}

/** apt with all its state in our folder needs no root, and installs nothing. */
async function unpackDebianPackage(folder: string): Promise<void> {
  const work = mkdtempSync(path.join(tmpdir(), 'latchkey-apt-'));
  const archives = path.join(work, 'cache/archives');
  mkdirSync(path.join(archives, 'partial'), { recursive: true });
  mkdirSync(path.join(work, 'lists/partial'), { recursive: true });
  const options = [
    `Dir::State::lists=${work}/lists`,
    `Dir::Cache=${work}/cache`,
    'Debug::NoLocking=1',
    `APT::Sandbox::User=${userInfo().username}`,
  ];
  const apt = ['-qq', ...[...options, 'Acquire::Languages=none'].flatMap((option) => ['-o', option])];
  const limits = { timeout: 180_000 };
  try {
    await run('apt-get', [...apt, 'update'], limits);
    await run(
      'apt-get',
      [...apt, 'install', '-y', '--no-install-recommends', '--download-only', 'redis-server'],
      limits,
    );
    const packages = readdirSync(archives).filter((file) => file.endsWith('.deb'));
    for (const file of packages)
      await run('dpkg-deb', ['-x', path.join(archives, file), path.join(folder, 'root')], limits);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
