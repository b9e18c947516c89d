/** Starting, finding again and ending a server process that may outlive the process that started it. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { waitUntil } from './wait.ts';

export interface Server {
  readonly pid: number;
  /** The exit code or signal name, once it has ended; undefined while it runs. */
  exit(): string | undefined;
}

interface SpawnPlan {
  command: string;
  args: readonly string[];
  env: NodeJS.ProcessEnv;
  user?: { uid: number; gid: number } | undefined;
  logFile: string;
  stdin?: string;
}

/**
 * Starts a server in its own session, with its output in a file: Ctrl-C in the terminal must not reach the database
 * before the application has finished with it, and a server whose parent was killed must not write into a closed pipe.
 */
export function spawnServer(plan: SpawnPlan): Server {
  writeFileSync(plan.logFile, '', { mode: 0o600 });
  // Appended to: what is left of a killed server still writes at its own place, and would leave a hole before it.
  const log = openSync(plan.logFile, 'a');
  const stdin = plan.stdin === undefined ? 'ignore' : 'pipe';
  const child = spawn(plan.command, plan.args, {
    ...plan.user,
    env: plan.env,
    cwd: '/',
    detached: true,
    stdio: [stdin, log, log],
  });
  closeSync(log);
  let exit: string | undefined;
  child.once('error', (error) => (exit = error.message));
  child.once('exit', (code, signal) => (exit = `exit ${signal ?? code}`));
  child.stdin?.end(plan.stdin);
  child.unref();
  return { pid: child.pid ?? 0, exit: () => exit };
}

/** What a server has written since it was last started. */
export function readLog(logFile: string): string {
  return readFileSync(logFile, 'utf8').trim();
}

/** The end of a server's log, for the sentence that says why it did not start. */
export function logTail(logFile: string): string {
  return readLog(logFile).slice(-2000);
}

/** True when the process runs. A zombie does not: in a container nobody may ever reap it. */
export function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return process.platform !== 'linux' || !isZombie(pid);
}

function isZombie(pid: number): boolean {
  try {
    // proc(5): the fields follow the command name, which stands in brackets and may itself hold brackets.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    const [state, threadCount] = [fields[0], Number(fields[17])];
    // While other threads still end, they hold the port and the files.
    return state === 'Z' && threadCount <= 1;
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return true;
    throw error;
  }
}

/** Sends the signal and waits until the process is gone. Already gone is fine. */
export async function endProcess(pid: number, signal: NodeJS.Signals, timeoutMs = 30_000): Promise<void> {
  if (!isRunning(pid)) return;
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
  await waitUntil(() => !isRunning(pid), { timeoutMs, what: `process ${pid} to end after ${signal}` });
}
