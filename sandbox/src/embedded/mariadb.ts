/** A real MariaDB from the machine's own package, on loopback, with its data in a private folder; for the demo and the tests only. */
import { accessSync, chownSync, constants, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import path from 'node:path';
import mysql from 'mysql2/promise';
import { freePort } from './port.ts';
import { endProcess, logTail, spawnServer } from './process.ts';
import { newPassword } from './state-file.ts';
import { isReachableByAll, unprivilegedUser, type RunAs } from './unprivileged.ts';
import { waitUntil } from './wait.ts';

/** `url`: of an account that may do everything. */
export type MariaDb = {
  url: string;
  port: number;
  pid(): number;
  /** SIGKILL, and later a start with the same data on the same port. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
};

const TIMEOUT_MS = 60_000;
const PLACES = ['/usr/sbin', '/usr/local/sbin', '/usr/libexec', '/opt/homebrew/bin', '/usr/local/bin', '/usr/bin'];
const SHARE = ['/usr/share/mysql', '/usr/share/mariadb', '/usr/local/share/mysql', '/opt/homebrew/share/mysql'];
const SYSTEM_TABLES = ['mysql_system_tables.sql', 'mysql_performance_tables.sql', 'mysql_system_tables_data.sql'];

const firstOf = (places: readonly string[], mode: number): string | undefined =>
  places.find((place) => {
    try {
      accessSync(place, mode);
      return true;
    } catch (error) {
      if (['ENOENT', 'EACCES', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
      throw error;
    }
  });

const found = (): string | undefined => {
  const folders = [...(process.env['PATH'] ?? '').split(path.delimiter), ...PLACES];
  return firstOf(
    folders.map((folder) => path.join(folder, 'mariadbd')),
    constants.X_OK,
  );
};

/** null where the machine has it; else what to install. */
export const whyNoMariaDb = (): string | null =>
  found() === undefined
    ? 'MariaDB is not installed here; `apt install mariadb-server-core` adds it (macOS: `brew install mariadb`).'
    : null;

const program = (): string => {
  const file = found();
  if (file !== undefined) return file;
  throw new Error(whyNoMariaDb() ?? 'MariaDB has just been removed from this machine.');
};

const systemTables = (): string => {
  const folder = firstOf(
    SHARE.filter((each) => firstOf([path.join(each, SYSTEM_TABLES[0] ?? '')], constants.R_OK)),
    constants.R_OK,
  );
  if (!folder) throw new Error('Found mariadbd and not its system tables; install mariadb-server-core whole.');
  const sql = SYSTEM_TABLES.map((file) => readFileSync(path.join(folder, file), 'utf8')).join('\n');
  return `create database mysql;\nuse mysql;\n${sql}`;
};

const ENVIRONMENT = { PATH: process.env['PATH'], TZ: 'UTC' };

type Place = { dir: string; port: number; settings: readonly string[] };

/** It refuses root unless it is named; in a folder that only root can enter there is no other way. */
const runAs = ({ dir }: Place): { user: RunAs | undefined; args: string[] } => {
  const user = unprivilegedUser();
  return user === undefined || isReachableByAll(dir) ? { user, args: [] } : { user: undefined, args: ['--user=root'] };
};

const argumentsOf = ({ dir, port, settings }: Place): string[] => [
  '--no-defaults',
  `--datadir=${path.join(dir, 'data')}`,
  `--tmpdir=${dir}`,
  `--socket=${path.join(dir, 's')}`,
  `--pid-file=${path.join(dir, 'pid')}`,
  `--port=${port}`,
  '--bind-address=127.0.0.1',
  '--character-set-server=utf8mb4',
  '--innodb-flush-log-at-trx-commit=0',
  '--innodb-buffer-pool-size=32M',
  '--innodb-log-file-size=8M',
  '--skip-name-resolve',
  '--performance-schema=OFF',
  '--max-connections=400',
  ...settings.map((setting) => `--${setting}`),
];

const bootstrap = async (place: Place, sql: string): Promise<void> => {
  const { user, args } = runAs(place);
  const child = spawn(program(), [...argumentsOf(place), ...args, '--bootstrap', '--skip-networking'], {
    ...user,
    env: ENVIRONMENT,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stdin.end(sql);
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`mariadbd did not make its data (${String(code)}): ${said.slice(-2_000)}`);
};

const answers = async (url: string): Promise<boolean> => {
  try {
    const connection = await mysql.createConnection({ uri: url, connectTimeout: 2_000 });
    await connection.end();
    return true;
  } catch {
    return false;
  }
};

const run = async (place: Place, url: string): Promise<number> => {
  const logFile = path.join(place.dir, 'log');
  const { user, args } = runAs(place);
  const plan = { command: program(), args: [...argumentsOf(place), ...args], env: ENVIRONMENT, user, logFile };
  const server = spawnServer(plan);
  await waitUntil(async () => server.exit() !== undefined || (await answers(url)), {
    timeoutMs: TIMEOUT_MS,
    what: 'MariaDB to start',
  });
  if (server.exit() !== undefined) throw new Error(`MariaDB did not start (${server.exit()}): ${logTail(logFile)}`);
  return server.pid;
};

/** Ends what a run left in the folder of a server. Nothing there is fine. */
export const removeMariaDb = async (dir: string): Promise<void> => {
  const file = path.join(dir, 'pid');
  if (!existsSync(path.join(dir, 'data', 'ibdata1')) || !existsSync(file)) return;
  await endProcess(Number(readFileSync(file, 'utf8')), 'SIGKILL');
};

export type MariaDbOptions = {
  /** `name=value`, besides those that it always has. The event scheduler is off, as in a server that comes fresh. */
  settings?: readonly string[];
  /** Of its data, which is made where there is none. */
  kept?: { port: number; password: string };
};

const makeData = async (place: Place, password: string): Promise<void> => {
  const account = `create or replace user 'root'@'%' identified by '${password}';\ngrant all on *.* to 'root'@'%' with grant option;`;
  await bootstrap(
    place,
    `${systemTables()}\nflush privileges;\ndelete from global_priv where user in ('', 'root');\nflush privileges;\n${account}\n`,
  );
};

export const startMariaDb = async (dir: string, { settings = [], kept }: MariaDbOptions = {}): Promise<MariaDb> => {
  const place = { dir, port: kept?.port ?? (await freePort()), settings };
  const isNew = !existsSync(path.join(dir, 'data', 'ibdata1'));
  mkdirSync(path.join(dir, 'data'), { recursive: true });
  const { user } = runAs(place);
  if (user) for (const each of [dir, path.join(dir, 'data')]) chownSync(each, user.uid, user.gid);
  const password = kept?.password ?? newPassword();
  if (isNew) await makeData(place, password);
  const url = `mysql://root:${password}@127.0.0.1:${place.port}/mysql`;
  let pid = await run(place, url);
  return {
    url,
    port: place.port,
    pid: () => pid,
    kill: async () => await endProcess(pid, 'SIGKILL'),
    start: async () => {
      pid = await run(place, url);
    },
    stop: async () => await endProcess(pid, 'SIGTERM', TIMEOUT_MS),
  };
};
