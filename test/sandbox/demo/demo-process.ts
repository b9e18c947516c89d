/** `npm run demo` as a process of its own, in a folder of its own. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { isRunning } from '../../../sandbox/src/embedded/process.ts';
import { waitUntil } from '../../../sandbox/src/embedded/wait.ts';

export type DemoProcess = {
  pid: number;
  output(): string;
  /** The URL, once it was printed. */
  url(): Promise<string>;
  says(text: string): Promise<void>;
  signal(name: NodeJS.Signals): void;
  /** Resolves with the exit code, or the signal's name. */
  exit(): Promise<number | string>;
};

const BOOTSTRAP = fileURLToPath(new URL('../../../sandbox/demo.mjs', import.meta.url));
/** Room for a build. */
const URL_WITHIN_MS = 120_000;
const EXIT_WITHIN_MS = 40_000;

const endOf = (child: ChildProcess): number | string | undefined => child.signalCode ?? child.exitCode ?? undefined;

export const runDemo = (dataDir: string, ...args: string[]): DemoProcess => {
  // Other tests run from the same node_modules.
  const child = spawn(process.execPath, [BOOTSTRAP, '--no-install', '--data', dataDir, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // What somebody has set in their shell must not reach the demo's app.
    env: { ...process.env, DATABASE_URL: 'postgres://nobody:wrong@127.0.0.1:1/none', SLACK_BOT_TOKEN: 'xoxb-real' },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
    });
  const urlNow = (): string | undefined => /http:\/\/localhost:\d+\//.exec(output)?.[0];
  const failure = (): Error => new Error(`The demo ended (${endOf(child)}). It said:\n${output}`);
  return {
    pid: child.pid ?? 0,
    output: () => output,
    url: async () => {
      const isSettled = (): boolean => urlNow() !== undefined || endOf(child) !== undefined;
      await waitUntil(isSettled, { timeoutMs: URL_WITHIN_MS, what: 'the demo to print its URL' });
      const url = urlNow();
      if (url === undefined) throw failure();
      return url;
    },
    says: (text) =>
      waitUntil(() => output.includes(text), { timeoutMs: URL_WITHIN_MS, what: `the demo to say "${text}"` }),
    signal: (name) => void child.kill(name),
    exit: async () => {
      await waitUntil(() => endOf(child) !== undefined, { timeoutMs: EXIT_WITHIN_MS, what: 'the demo to end' });
      return endOf(child) ?? '';
    },
  };
};

type WithPid = { pid: number };

const readState = <T>(file: string): T | undefined =>
  existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as T) : undefined;

export type Pids = { app: number; redis: number; postgres: number };

/** The processes that the demo of this folder has written down or that run from it. */
export const pidsIn = (dataDir: string): Pids => {
  const running = readState<{ app: WithPid | null }>(path.join(dataDir, 'running.json'));
  const redis = readState<WithPid>(path.join(dataDir, 'redis', 'state.json'));
  return { app: running?.app?.pid ?? 0, redis: redis?.pid ?? 0, postgres: postgresPid(dataDir) };
};

/** Beside the rest; or where root keeps it when the folder is not open to the user that Postgres runs as. */
const postgresPid = (dataDir: string): number => {
  const name = createHash('sha256').update(path.resolve(dataDir)).digest('hex').slice(0, 12);
  const places = [path.join(dataDir, 'postgres'), path.join('/var/tmp/latchkey-embedded', name)];
  return places.map((dir) => readState<WithPid>(path.join(dir, 'state.json'))).find(Boolean)?.pid ?? 0;
};

/** @throws where the demo never wrote this process down: 0 would be the whole group of the test run. */
export const killHard = (pid: number): void => {
  if (pid <= 0) throw new Error('There is no such process: the demo has not started.');
  process.kill(pid, 'SIGKILL');
};

export const stillRunning = (pids: Pids): string[] =>
  Object.entries(pids).flatMap(([name, pid]) => (isRunning(pid) ? [name] : []));
