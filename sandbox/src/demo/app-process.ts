/** The app, unmodified, as a child process: given everything in its environment, probed for readiness, started again when it dies. */
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, existsSync, fstatSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { isPortOpen } from '../embedded/port.ts';
import { endProcess } from '../embedded/process.ts';
import { waitUntil } from '../embedded/wait.ts';
import { ROOT } from './options.ts';

export type AppProcess = {
  /** Resolves when the app is ready. Rejects, with the end of its log, when it does not start. */
  isReady(): Promise<void>;
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
  /** Ends the wait for readiness. */
  signal: AbortSignal;
};

/** What is built. */
export const APP = path.join(ROOT, 'dist', 'bundle', 'latchkey.js');

const READY_WITHIN_MS = 60_000;
const ASK_EVERY_MS = 100;
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
  // Node 22 and later keep compiled code there, which makes later starts quicker; others ignore it.
  NODE_COMPILE_CACHE: path.join(ROOT, '.data', 'compile-cache'),
  ...env,
});

/** Of what was written from byte `from` on. */
const lastLines = (file: string, from: number): string => {
  const written = existsSync(file) ? readFileSync(file).subarray(from).toString('utf8') : '';
  return written
    .trimEnd()
    .split('\n')
    .slice(-SHOWN_LINES)
    .map((line) => `    ${line.slice(0, 400)}`)
    .join('\n');
};

const openLog = (file: string): number => {
  if (existsSync(file) && statSync(file).size > LOG_BYTES_MAX) renameSync(file, `${file}.old`);
  return openSync(file, 'a', 0o600);
};

/** Runs `latchkey migrate`. Rejects with its output. */
export const migrate = async (env: Record<string, string>): Promise<void> => {
  const running = promisify(execFile)(process.execPath, [APP, 'migrate'], { cwd: ROOT, env: fullEnv(env) });
  await running.catch((cause: unknown) => {
    const { stdout = '', stderr = '' } = cause as { stdout?: string; stderr?: string };
    throw new Error(`latchkey migrate failed:\n${stdout}${stderr}`, { cause });
  });
};

type ToPrepare = { env: Record<string, string>; target: string; policyFile: string };

/** What `latchkey doctor --sql` prints for a target. Rejects with its output. */
export const printPreparation = async ({ env, target, policyFile }: ToPrepare): Promise<string> => {
  const args = [APP, 'doctor', '--sql', target, '--policy', policyFile];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT, env: fullEnv(env) });
  return stdout;
};

/** One life of the app. `logFrom`: where in the log it begins. */
type Run = { child: ChildProcess; logFrom: number };

/** In a session of its own: Ctrl-C in the terminal reaches the demo, which then ends the app in its turn. */
const launch = ({ env, logFile, say, onStarted }: AppOptions): Run => {
  const log = openLog(logFile);
  const logFrom = fstatSync(log).size;
  const child = spawn(process.execPath, [APP, 'serve'], {
    cwd: ROOT,
    env: fullEnv(env),
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.once('error', (error) => say(`The app could not be started: ${error.message}`));
  if (child.pid !== undefined) onStarted(child.pid);
  return { child, logFrom };
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

const endOf = (child: ChildProcess): string => child.signalCode ?? `exit ${child.exitCode}`;

/** Asked seldom and only once the port is open: the answer costs the app some work while it has enough of that. */
const waitForReady = async ({ child, logFrom }: Run, { port, logFile, signal }: AppOptions): Promise<void> => {
  let state = 'its port is not open';
  let askedAt = 0;
  const isSettled = async (): Promise<boolean> => {
    if (hasEnded(child) || signal.aborted) return true;
    if (Date.now() - askedAt < ASK_EVERY_MS || !(await isPortOpen(port))) return false;
    askedAt = Date.now();
    state = await readiness(port);
    return state === 'ready';
  };
  const log = (): string => `Its log: ${logFile}\n${lastLines(logFile, logFrom)}`;
  await waitUntil(isSettled, { timeoutMs: READY_WITHIN_MS, what: 'the app to be ready' }).catch((cause: unknown) => {
    child.kill('SIGKILL');
    throw new Error(`The app did not become ready: ${state}. ${log()}`, { cause });
  });
  signal.throwIfAborted();
  if (hasEnded(child)) throw new Error(`The app ended at its start (${endOf(child)}). ${log()}`);
};

const stopRun = async ({ child }: Run): Promise<void> => {
  if (child.pid === undefined || hasEnded(child)) return;
  const { pid } = child;
  await endProcess(pid, 'SIGTERM', STOP_WITHIN_MS).catch(() => endProcess(pid, 'SIGKILL'));
};

/** Starts it at once, and again whenever it ends by itself after it was ready. */
export const startApp = (options: AppOptions): AppProcess => {
  const { logFile, say } = options;
  let isStopping = false;
  let restarts: number[] = [];
  let run = launch(options);
  const again = (): void => {
    if (isStopping) return;
    say(`The app ended (${endOf(run.child)}). The last lines of ${logFile}:\n${lastLines(logFile, run.logFrom)}`);
    restarts = [...restarts.filter((at) => Date.now() - at < RESTARTS_WITHIN_MS), Date.now()];
    if (restarts.length > RESTARTS_MAX) {
      say(`It ended ${restarts.length} times in a minute, so it stays down. Ctrl-C, fix it, start again.`);
      return;
    }
    run = launch(options);
    run.child.once('exit', again);
    waitForReady(run, options).then(
      () => say('The app is back.'),
      // Its end is reported by `again`, with the same log.
      (error: unknown) => hasEnded(run.child) || say(error instanceof Error ? error.message : String(error)),
    );
  };
  return {
    isReady: async () => {
      await waitForReady(run, options);
      run.child.once('exit', again);
    },
    stop: async () => {
      isStopping = true;
      await stopRun(run);
    },
    kill: () => {
      isStopping = true;
      run.child.kill('SIGKILL');
    },
  };
};
