/**
 * Postgres in the supported versions before the embedded one, for the tests only: `npm ci` of the project does not fetch them.
 * `older-postgres/` beside this file says which; the first test run that misses them installs them.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const source = fileURLToPath(new URL('older-postgres/', import.meta.url));
const PLATFORM = `${process.platform}-${process.arch}`;
const INSTALL = ['ci', '--ignore-scripts', '--no-audit', '--no-fund'];
/** 180 MB over a slow line. */
const INSTALL_MS = 600_000;

type Manifest = { optionalDependencies: Record<string, string> };

const packages = Object.keys(
  (JSON.parse(readFileSync(path.join(source, 'package.json'), 'utf8')) as Manifest).optionalDependencies,
);
const packageOf = (version: number): string => `postgres-${version}-${PLATFORM}`;

/** Those that exist in some form, oldest first. */
export const OLDER_VERSIONS = [...new Set(packages.map((name) => Number(name.split('-')[1])))].sort((a, b) => a - b);

/** The package registry has binaries of this version for this machine. */
export const isForThisMachine = (version: number): boolean => packages.includes(packageOf(version));

/** By the lock file: another checkout, or another list of versions, has another folder. */
const folderIn = (downloadDir: string): string => {
  const lock = readFileSync(path.join(source, 'package-lock.json'));
  return path.join(downloadDir, 'older-postgres', createHash('sha256').update(lock).digest('hex').slice(0, 12));
};

/** The folder `native` of one version. */
export const binariesOf = (version: number, downloadDir: string): string =>
  path.join(folderIn(downloadDir), 'node_modules', packageOf(version), 'native');

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Resolves with why they are not there; empty when they are, or when there are none for this machine. */
export const installOlderPostgres = async (downloadDir: string): Promise<string> => {
  const wanted = OLDER_VERSIONS.filter(isForThisMachine);
  const absent = OLDER_VERSIONS.filter((version) => !isForThisMachine(version));
  const folder = folderIn(downloadDir);
  if (absent.length > 0) say(`Postgres ${absent.join(', ')}: LEFT OUT, there are no binaries of them for ${PLATFORM}.`);
  if (wanted.length === 0 || existsSync(folder)) return '';
  say(`Postgres ${wanted.join(', ')}: installing them for the tests …`);
  mkdirSync(path.dirname(folder), { recursive: true });
  const half = mkdtempSync(path.join(path.dirname(folder), 'install-'));
  try {
    cpSync(source, half, { recursive: true });
    await promisify(execFile)('npm', INSTALL, { cwd: half, timeout: INSTALL_MS });
    // Another run may have done the same since we looked.
    if (!existsSync(folder)) renameSync(half, folder);
    const missing = wanted.filter((version) => !existsSync(binariesOf(version, downloadDir)));
    return missing.length === 0
      ? ''
      : `npm ci left out Postgres ${missing.join(', ')}: delete ${folder} and try again.`;
  } catch (error) {
    return `The older Postgres versions could not be installed: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    rmSync(half, { recursive: true, force: true });
  }
};
