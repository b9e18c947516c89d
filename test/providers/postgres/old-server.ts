/** A Postgres older than the embedded one, where Debian's packages have put one: before 16, roles worked by other rules. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { freePort } from '../../../src/local/embedded/port.ts';
import { unprivilegedUser } from '../../../src/local/embedded/unprivileged.ts';
import { waitUntil } from '../../../src/local/embedded/wait.ts';
import { testServices } from '../../support/services.ts';

const DEBIAN = '/usr/lib/postgresql';

/** The last of the old kind; null on most machines. */
export const oldVersion = (): string | null =>
  existsSync(DEBIAN)
    ? (readdirSync(DEBIAN)
        .filter((version) => version === '15' && existsSync(path.join(DEBIAN, version, 'bin', 'initdb')))
        .at(0) ?? null)
    : null;

export type OldServer = { adminUrl: string; stop: () => Promise<void> };

export const startOldServer = async (version: string): Promise<OldServer> => {
  const bin = (name: string): string => path.join(DEBIAN, version, 'bin', name);
  const user = unprivilegedUser();
  const dir = mkdtempSync(path.join(testServices().runDir, `postgres-${version}-`));
  const passwordFile = path.join(dir, 'password');
  writeFileSync(passwordFile, 'superuser\n', { mode: 0o600 });
  if (user) [dir, passwordFile].forEach((file) => chownSync(file, user.uid, user.gid));
  const data = path.join(dir, 'data');
  const as = { ...user, env: { LC_ALL: 'C', TZ: 'UTC' }, cwd: '/' };
  const initArgs = ['-D', data, '-U', 'postgres', '-A', 'scram-sha-256', '--pwfile', passwordFile, '-E', 'UTF8'];
  await promisify(execFile)(bin('initdb'), [...initArgs, '--locale=C', '--no-sync'], as);
  const port = await freePort();
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=200', 'fsync=off'];
  const args = ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])];
  const child = spawn(bin('postgres'), args, { ...as, stdio: 'ignore' });
  const adminUrl = `postgresql://postgres:superuser@127.0.0.1:${port}/postgres`;
  await waitUntil(() => answers(adminUrl), { timeoutMs: 30_000, what: `Postgres ${version} to start` });
  return { adminUrl, stop: async () => await ended(child) };
};

const answers = async (url: string): Promise<boolean> => {
  const client = new pg.Client(url);
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end();
  }
};

const ended = async (child: ChildProcess): Promise<void> => {
  const exit = new Promise((resolve) => {
    child.once('exit', resolve);
  });
  child.kill('SIGINT');
  await exit;
};
