/** A Postgres with a real hot standby: a copy of its data that streams what the primary writes. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { freePort } from '../../sandbox/src/embedded/port.ts';
import { postgresFiles } from '../../sandbox/src/embedded/postgres-files.ts';
import { startPostgres } from '../../sandbox/src/embedded/postgres.ts';
import { endProcess, logTail, spawnServer } from '../../sandbox/src/embedded/process.ts';
import { unprivilegedUser } from '../../sandbox/src/embedded/unprivileged.ts';
import { waitUntil } from '../../sandbox/src/embedded/wait.ts';
import { testServices } from './services.ts';

export type WithStandby = {
  /** Of superusers. */
  primaryUrl: string;
  standbyPort: number;
  stopStandby: () => Promise<void>;
  startStandby: () => Promise<void>;
  stop: () => Promise<void>;
};

const REPLICATION = ['wal_level=replica', 'max_wal_senders=5'];
const STOP_MS = 30_000;

const ask = async <Row extends object>(url: string, text: string): Promise<Row[]> => {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
};

const answers = async (url: string): Promise<boolean> => {
  const [answer] = await Promise.allSettled([ask(url, 'select 1')]);
  return answer.status === 'fulfilled';
};

/** `binaries`: as `startPostgres` takes them. */
export const startWithStandby = async (binaries: { binaries?: string }): Promise<WithStandby> => {
  const { runDir } = testServices();
  mkdirSync(runDir, { recursive: true });
  const folder = mkdtempSync(path.join(runDir, 'standby-'));
  const options = { isForTests: true, settings: REPLICATION, ...binaries };
  const first = await startPostgres(folder, options);
  const [row] = await ask<{ data: string }>(first.url, `select current_setting('data_directory') as data`);
  const data = row?.data ?? '';
  const copy = `${data}-standby`;
  await first.stop();
  execFileSync('cp', ['-a', data, copy]);
  writeFileSync(path.join(copy, 'standby.signal'), '');
  const primary = await startPostgres(folder, options);
  const { hostname, port, username, password } = new URL(primary.url);
  const standbyPort = await freePort();
  const user = unprivilegedUser();
  const files = await postgresFiles(folder, user, binaries.binaries);
  const logFile = path.join(folder, 'standby.log');
  const settings = [
    ...['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'hot_standby=on', 'max_connections=400', 'fsync=off'],
    `primary_conninfo=host=${hostname} port=${port} user=${username} password=${password}`,
  ].flatMap((setting) => ['-c', setting]);
  const standbyUrl = primary.url.replace(`:${port}/`, `:${standbyPort}/`);
  let pid = 0;
  const startStandby = async (): Promise<void> => {
    const args = ['-D', copy, '-p', String(standbyPort), ...settings];
    const env = { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' };
    const server = spawnServer({ command: files.postgres, args, env, logFile, ...(user && { user }) });
    const isUp = async (): Promise<boolean> => server.exit() !== undefined || (await answers(standbyUrl));
    await waitUntil(isUp, { timeoutMs: 60_000, what: 'the standby to start' });
    if (server.exit() !== undefined) throw new Error(`The standby did not start: ${logTail(logFile)}`);
    ({ pid } = server);
  };
  const stopStandby = async (): Promise<void> => await endProcess(pid, 'SIGINT', STOP_MS);
  await startStandby();
  return {
    primaryUrl: primary.url,
    standbyPort,
    startStandby,
    stopStandby,
    stop: async () => {
      await stopStandby();
      rmSync(copy, { recursive: true, force: true });
      await primary.remove();
    },
  };
};
