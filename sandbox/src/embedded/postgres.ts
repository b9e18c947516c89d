/** A real Postgres from npm binaries, on loopback, with its data in a folder; for the demo and the tests only. */
import { execFile } from 'node:child_process';
import { chownSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { freePort, isPortOpen } from './port.ts';
import { placesOf, postgresFiles, type PostgresFiles } from './postgres-files.ts';
import { endProcess, isRunning, logTail, readLog, spawnServer } from './process.ts';
import { newPassword, readState, writeState, type ServerState } from './state-file.ts';
import { unprivilegedUser, type RunAs } from './unprivileged.ts';
import { waitUntil } from './wait.ts';

export interface EmbeddedPostgres {
  /** Superuser, database "postgres". The same again after a stop and a start in the same folder. */
  url: string;
  port: number;
  pid: number;
  /** Ends sessions and shuts down cleanly. Does nothing while another living process owns the server. */
  stop(): Promise<void>;
  /** SIGKILL to the server, for tests of what happens then. */
  kill(): Promise<void>;
  /** Stops, then deletes the data. */
  remove(): Promise<void>;
}

interface Options {
  isForTests?: boolean;
  /** The folder `native` of another platform package, for another version than the installed one. */
  binaries?: string;
  /** The server belongs to whichever process stops it, and may outlive the one that starts it. */
  isShared?: boolean;
  /** `name=value`, besides those that it always has. */
  settings?: readonly string[];
}

interface Cluster {
  files: PostgresFiles;
  user: RunAs | undefined;
  data: string;
  stateFile: string;
  logFile: string;
  isForTests: boolean;
  settings: readonly string[];
  /** 0 where it belongs to none. */
  ownerPid: number;
}

const TIMEOUT_MS = 60_000;
const ENVIRONMENT = { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' };
const SETTINGS = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'timezone=UTC'];
const FOR_THE_DEMO = ['max_connections=200'];
/** The data is thrown away after the run, so nothing is paid for surviving a power cut. */
const FOR_TESTS = [
  'max_connections=400',
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
  'wal_level=minimal',
  'max_wal_senders=0',
  'autovacuum=off',
];

/** Starts Postgres with its data in `baseDir`, or takes over the one a killed process left running there. */
export async function startPostgres(baseDir: string, options: Options = {}): Promise<EmbeddedPostgres> {
  const cluster = await clusterIn(baseDir, options);
  const state = await initialise(cluster);
  return (await attach(cluster, state)) ?? (await start(cluster, state));
}

/** Stops whatever a killed process left running in `baseDir`, and deletes the data. Nothing there is fine. */
export async function removePostgres(baseDir: string): Promise<void> {
  const cluster = await clusterIn(baseDir, {});
  // Which of the places it is in depended on the binaries that it was started with.
  for (const dir of placesOf(baseDir)) {
    const there = { ...cluster, ...pathsIn(dir), files: { ...cluster.files, dir } };
    const state = readState(there.stateFile);
    const left = state && (await attach(there, state));
    await left?.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

const pathsIn = (dir: string): Pick<Cluster, 'data' | 'stateFile' | 'logFile'> => ({
  data: path.join(dir, 'data'),
  stateFile: path.join(dir, 'state.json'),
  logFile: path.join(dir, 'postgres.log'),
});

async function clusterIn(
  baseDir: string,
  { isForTests = false, isShared = false, binaries, settings = [] }: Options,
): Promise<Cluster> {
  const user = unprivilegedUser();
  const files = await postgresFiles(baseDir, user, binaries);
  return {
    files,
    user,
    ...pathsIn(files.dir),
    isForTests,
    settings,
    ownerPid: isShared ? 0 : process.pid,
  };
}

/** Makes the data folder on the first start. The state comes first and the data by rename: data always has its password. */
async function initialise(cluster: Cluster): Promise<ServerState> {
  const known = readState(cluster.stateFile);
  if (known && existsSync(cluster.data)) return known;
  if (existsSync(cluster.data))
    throw new Error(`${cluster.stateFile} with the password is missing. Delete ${cluster.files.dir} to start over.`);
  const state = { port: await freePort(), password: newPassword(), pid: 0, ownerPid: 0 };
  writeState(cluster.stateFile, state);
  const half = `${cluster.data}.new`;
  rmSync(half, { recursive: true, force: true });
  const passwordFile = path.join(cluster.files.dir, 'password');
  writeFileSync(passwordFile, `${state.password}\n`, { mode: 0o600 });
  if (cluster.user) chownSync(passwordFile, cluster.user.uid, cluster.user.gid);
  const args = [
    '-D',
    half,
    '-U',
    'postgres',
    '-A',
    'scram-sha-256',
    '--pwfile',
    passwordFile,
    '-E',
    'UTF8',
    '--locale=C',
  ];
  if (cluster.isForTests) args.push('--no-sync');
  await promisify(execFile)(cluster.files.initdb, args, { ...cluster.user, env: ENVIRONMENT, cwd: '/' });
  rmSync(passwordFile);
  renameSync(half, cluster.data);
  return state;
}

interface LockFile {
  file: string;
  pid: number;
  port: number;
  /** starting, ready, stopping. */
  status: string;
}

/** postmaster.pid: line 1 is the process, line 4 the port, line 8 the status (postgresql.org/docs/current/storage-file-layout.html). */
function readLockFile(cluster: Cluster): LockFile | undefined {
  const file = path.join(cluster.data, 'postmaster.pid');
  if (!existsSync(file)) return undefined;
  const lines = readFileSync(file, 'utf8').split('\n');
  return { file, pid: Number(lines[0]), port: Number(lines[3]), status: lines[7]?.trim() ?? '' };
}

async function attach(cluster: Cluster, state: ServerState): Promise<EmbeddedPostgres | undefined> {
  const lock = await settledLockFile(cluster);
  if (!lock) return undefined;
  if (isRunning(lock.pid) && (await letsUsIn({ ...state, port: lock.port }, cluster.data))) {
    const hasOtherOwner = state.ownerPid !== process.pid && isRunning(state.ownerPid);
    const current = {
      ...state,
      port: lock.port,
      pid: lock.pid,
      ownerPid: hasOtherOwner ? state.ownerPid : process.pid,
    };
    writeState(cluster.stateFile, current);
    return handleOf(cluster, current);
  }
  // Left by a kill -9. Postgres itself would refuse to start if another program has that process number by now.
  rmSync(lock.file, { force: true });
  return undefined;
}

/** The lock file once its server neither starts nor stops any more. */
async function settledLockFile(cluster: Cluster): Promise<LockFile | undefined> {
  let lock = readLockFile(cluster);
  const isSettled = (): boolean => {
    lock = readLockFile(cluster);
    return !lock || lock.status === 'ready' || !isRunning(lock.pid);
  };
  await waitUntil(isSettled, {
    timeoutMs: TIMEOUT_MS,
    what: `the Postgres left in ${cluster.data} to be ready or gone`,
  });
  return lock;
}

/** True when the server takes our password and serves our data: then it is the one we left. */
async function letsUsIn(state: ServerState, data: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: urlOf(state), connectionTimeoutMillis: 5000 });
  try {
    await client.connect();
    const { rows } = await client.query<{ data_directory: string }>('show data_directory');
    return rows[0]?.data_directory === data;
  } catch {
    return false;
  } finally {
    await client.end();
  }
}

async function start(cluster: Cluster, known: ServerState): Promise<EmbeddedPostgres> {
  const port = (await isPortOpen(known.port)) ? await freePort() : known.port;
  const all = [...SETTINGS, ...(cluster.isForTests ? FOR_TESTS : FOR_THE_DEMO), ...cluster.settings];
  const settings = all.flatMap((setting) => ['-c', setting]);
  const args = ['-D', cluster.data, '-p', String(port), ...settings];
  const deadline = Date.now() + TIMEOUT_MS;
  for (;;) {
    const server = spawnServer({
      command: cluster.files.postgres,
      args,
      env: ENVIRONMENT,
      user: cluster.user,
      logFile: cluster.logFile,
    });
    const hasAnswered = (): boolean => {
      const lock = readLockFile(cluster);
      return server.exit() !== undefined || (lock?.pid === server.pid && lock.status === 'ready');
    };
    await waitUntil(hasAnswered, { timeoutMs: TIMEOUT_MS, what: `Postgres to start (log: ${cluster.logFile})` });
    if (server.exit() === undefined) {
      const state = { ...known, port, pid: server.pid, ownerPid: cluster.ownerPid };
      writeState(cluster.stateFile, state);
      return handleOf(cluster, state);
    }
    // The sessions of a killed server notice only after a moment that it is gone, and hold its shared memory until then.
    // In the whole log: those sessions write their last words after it.
    if (!readLog(cluster.logFile).includes('shared memory') || Date.now() > deadline)
      throw new Error(`Postgres did not start (${server.exit()}): ${logTail(cluster.logFile)}`);
  }
}

function handleOf(cluster: Cluster, state: ServerState): EmbeddedPostgres {
  const isOwner = state.ownerPid === process.pid;
  // SIGINT is the "fast" shutdown: it ends sessions instead of waiting for them.
  const stop = async (): Promise<void> => (isOwner ? endProcess(state.pid, 'SIGINT', TIMEOUT_MS) : undefined);
  return {
    url: urlOf(state),
    port: state.port,
    pid: state.pid,
    stop,
    kill: () => endProcess(state.pid, 'SIGKILL'),
    remove: async () => {
      await stop();
      rmSync(cluster.files.dir, { recursive: true, force: true });
    },
  };
}

function urlOf(state: ServerState): string {
  return `postgres://postgres:${state.password}@127.0.0.1:${state.port}/postgres`;
}
