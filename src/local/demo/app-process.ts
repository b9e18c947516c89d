/** The app, unmodified, as a child process: told everything by its environment, asked for readiness, started again when it dies. */
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';
import { endProcess } from '../embedded/process.ts';
import { waitUntil } from '../embedded/wait.ts';
import { ROOT } from './options.ts';

export type AppProcess = {
  /** SIGTERM, and SIGKILL where that does not help in time. */
  stop(): Promise<void>;
  kill(): void;
};

export type AppOptions = {
  env: Record<string, string>;
  port: number;
  logFile: string;
  say(sentence: string): void;
  onStarted(pid: number): void;
};

const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 15_000;
const RESTARTS_MAX = 5;
const RESTARTS_WITHIN_MS = 60_000;
const LOG_BYTES_MAX = 5_000_000;
const SHOWN_LINES = 12;

/** Nothing of the shell's own settings reaches the app, so that a real DATABASE_URL or token there cannot end up in the demo. */
const PASSED_ON = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TMPDIR'];

const fullEnv = (env: Record<string, string>): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(PASSED_ON.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : []))),
  NODE_ENV: 'production',
  ...env,
});

const lastLines = (file: string): string => {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
  return lines
    .slice(-SHOWN_LINES)
    .map((line) => `    ${line.slice(0, 400)}`)
    .join('\n');
};

const openLog = (file: string): number => {
  if (existsSync(file) && statSync(file).size > LOG_BYTES_MAX) renameSync(file, `${file}.old`);
  return openSync(file, 'a', 0o600);
};

/** Runs `latchkey migrate`. Throws with its output. */
export const migrate = (env: Record<string, string>): void => {
  const run = spawnSync(process.execPath, [path.join(ROOT, 'dist', 'cli.js'), 'migrate'], {
    cwd: ROOT,
    env: fullEnv(env),
    encoding: 'utf8',
  });
  if (run.status !== 0) throw new Error(`latchkey migrate failed:\n${run.stdout}${run.stderr}`);
};

/** In a session of its own: Ctrl-C in the terminal reaches the demo, which then ends the app in its turn. */
const launch = ({ env, logFile }: AppOptions): ChildProcess => {
  const log = openLog(logFile);
  const child = spawn(process.execPath, [path.join(ROOT, 'dist', 'main.js')], {
    cwd: ROOT,
    env: fullEnv(env),
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  return child;
};

const readiness = async (port: number): Promise<string> => {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(5_000) });
    return answer.ok ? 'ready' : `it answers ${answer.status}: ${(await answer.text()).slice(0, 500)}`;
  } catch (error) {
    return `it does not answer yet (${error instanceof Error ? error.message : String(error)})`;
  }
};

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

const waitForReady = async (child: ChildProcess, { port, logFile }: AppOptions): Promise<void> => {
  let state = '';
  const isSettled = async (): Promise<boolean> => {
    if (hasEnded(child)) return true;
    state = await readiness(port);
    return state === 'ready' || hasEnded(child);
  };
  await waitUntil(isSettled, { timeoutMs: READY_WITHIN_MS, what: 'the app to be ready' }).catch((cause: unknown) => {
    child.kill('SIGKILL');
    throw new Error(`The app did not become ready: ${state}. Its log: ${logFile}\n${lastLines(logFile)}`, { cause });
  });
  if (hasEnded(child))
    throw new Error(`The app ended at its start (${endOf(child)}). Its log: ${logFile}\n${lastLines(logFile)}`);
};

const endOf = (child: ChildProcess): string => child.signalCode ?? `exit ${child.exitCode}`;

/** Resolves when the app is ready. Throws, with the end of its log, when it does not start. */
export const startApp = async (options: AppOptions): Promise<AppProcess> => {
  const { logFile, say } = options;
  let isStopping = false;
  let restarts: number[] = [];
  const begin = (): ChildProcess => {
    const started = launch(options);
    started.once('error', (error) => say(`The app could not be started: ${error.message}`));
    if (started.pid !== undefined) options.onStarted(started.pid);
    return started;
  };
  let child = begin();
  await waitForReady(child, options);
  const again = (): void => {
    if (isStopping) return;
    say(`The app ended (${endOf(child)}). The last lines of ${logFile}:\n${lastLines(logFile)}`);
    restarts = [...restarts.filter((at) => Date.now() - at < RESTARTS_WITHIN_MS), Date.now()];
    if (restarts.length > RESTARTS_MAX) {
      say(`It ended ${restarts.length} times in a minute, so it stays down. Ctrl-C, mend it, start again.`);
      return;
    }
    child = begin();
    child.once('exit', again);
    waitForReady(child, options).then(
      () => say('The app is back.'),
      (error: unknown) => say(error instanceof Error ? error.message : String(error)),
    );
  };
  child.once('exit', again);
  return {
    stop: async () => {
      isStopping = true;
      const { pid } = child;
      if (pid === undefined || hasEnded(child)) return;
      await endProcess(pid, 'SIGTERM', STOP_WITHIN_MS).catch(() => endProcess(pid, 'SIGKILL'));
    },
    kill: () => {
      isStopping = true;
      child.kill('SIGKILL');
    },
  };
};
