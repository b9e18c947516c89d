/** A real Redis on loopback with its data in a folder; for the demo and the tests only. */
import { mkdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { freePort, isPortOpen } from './port.ts';
import { endProcess, isRunning, logTail, spawnServer } from './process.ts';
import { findRedis } from './redis-program.ts';
import { newPassword, readState, writeState, type ServerState } from './state-file.ts';
import { waitUntil } from './wait.ts';

export interface EmbeddedRedis {
  /** With its password. The same again after a stop and a start in the same folder. */
  url: string;
  port: number;
  pid: number;
  /** Does nothing while another living process owns the server. */
  stop(): Promise<void>;
  /** SIGKILL to the server, for tests of what happens then. */
  kill(): Promise<void>;
  /** Stops, then deletes the data. */
  remove(): Promise<void>;
}

interface RedisOptions {
  /** Keeps nothing on disk: after a restart it is empty. */
  isForTests?: boolean;
  /** Insists on this port. */
  port?: number;
  /** Where a downloaded Redis is kept for later starts; `baseDir` unless given. */
  downloadDir?: string;
}

const TIMEOUT_MS = 30_000;

/** Starts Redis with its data in `baseDir`, or takes over the one a killed process left running there. */
export async function startRedis(baseDir: string, options: RedisOptions = {}): Promise<EmbeddedRedis> {
  const dir = path.resolve(baseDir, 'redis');
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const known = readState(path.join(dir, 'state.json'));
  return (
    (known && (await attach(dir, known))) ??
    (await start(dir, { ...options, downloadDir: options.downloadDir ?? baseDir }, known))
  );
}

/** Stops whatever a killed process left running in `baseDir`, and deletes the data. Nothing there is fine. */
export async function removeRedis(baseDir: string): Promise<void> {
  const dir = path.resolve(baseDir, 'redis');
  const known = readState(path.join(dir, 'state.json'));
  const left = known && (await attach(dir, known));
  await left?.stop();
  rmSync(dir, { recursive: true, force: true });
}

async function attach(dir: string, known: ServerState): Promise<EmbeddedRedis | undefined> {
  if (!isRunning(known.pid) || !(await answers(known))) return undefined;
  const hasOtherOwner = known.ownerPid !== process.pid && isRunning(known.ownerPid);
  const state = { ...known, ownerPid: hasOtherOwner ? known.ownerPid : process.pid };
  writeState(path.join(dir, 'state.json'), state);
  return handleOf(dir, state);
}

async function start(
  dir: string,
  options: RedisOptions & { downloadDir: string },
  known?: ServerState,
): Promise<EmbeddedRedis> {
  const program = await findRedis(options.downloadDir);
  const isKnownPortFree = known && !(await isPortOpen(known.port));
  const port = options.port ?? (isKnownPortFree ? known.port : await freePort());
  const state = { port, password: known?.password ?? newPassword(), pid: 0, ownerPid: process.pid };
  const logFile = path.join(dir, 'redis.log');
  const server = spawnServer({
    command: program.command,
    args: ['-'],
    env: { ...process.env, ...program.env },
    logFile,
    stdin: configuration(dir, state, options.isForTests ?? false),
  });
  const hasAnswered = async (): Promise<boolean> => server.exit() !== undefined || answers(state);
  await waitUntil(hasAnswered, { timeoutMs: TIMEOUT_MS, what: `Redis to start (log: ${logFile})` });
  if (server.exit() !== undefined) throw new Error(`Redis did not start (${server.exit()}): ${logTail(logFile)}`);
  const running = { ...state, pid: server.pid };
  writeState(path.join(dir, 'state.json'), running);
  return handleOf(dir, running);
}

/** Given on standard input, since everybody on the machine can read a program's arguments and one of these is the password. */
function configuration(dir: string, state: ServerState, isForTests: boolean): string {
  const lines = [
    `port ${state.port}`,
    'bind 127.0.0.1',
    `requirepass ${state.password}`,
    `dir ${JSON.stringify(dir)}`,
    // BullMQ: with any other policy Redis may drop a job (docs.bullmq.io/guide/going-to-production).
    'maxmemory-policy noeviction',
    'save ""',
    `appendonly ${isForTests ? 'no' : 'yes'}`,
    'daemonize no',
  ];
  return `${lines.join('\n')}\n`;
}

/** True when a Redis with our password serves the port and has loaded its data: then it is the one we started. */
function answers(state: ServerState): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(state.port, '127.0.0.1');
    const settle = (isOurs: boolean): void => {
      socket.destroy();
      resolve(isOurs);
    };
    let reply = '';
    socket.setTimeout(2000, () => settle(false));
    socket.once('error', () => settle(false));
    socket.once('close', () => settle(false));
    socket.on('data', (chunk) => {
      reply += chunk.toString();
      if (reply.includes('-')) settle(false);
      else if (reply.includes('+PONG')) settle(true);
    });
    socket.write(`AUTH ${state.password}\r\nPING\r\n`);
  });
}

function handleOf(dir: string, state: ServerState): EmbeddedRedis {
  const isOwner = state.ownerPid === process.pid;
  const stop = async (): Promise<void> => (isOwner ? endProcess(state.pid, 'SIGTERM', TIMEOUT_MS) : undefined);
  return {
    url: `redis://:${state.password}@127.0.0.1:${state.port}`,
    port: state.port,
    pid: state.pid,
    stop,
    kill: () => endProcess(state.pid, 'SIGKILL'),
    remove: async () => {
      await stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
