/** Runs the command as a child with heartbeats, says the time that is left, and ends it when the access or the job ends. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Variables } from '../../config/variable.ts';
import type { HeartbeatAnswer } from './answers.ts';
import { EXITS, JobFailure, say } from './failure.ts';
import { PATIENCE_MS } from './server.ts';
import type { CallOptions, Server } from './server.ts';
import { exitOf } from './signals.ts';
import type { Signals } from './signals.ts';

export type Run = {
  server: Server;
  signals: Signals;
  grant: string;
  expiresAt: string;
  command: readonly string[];
  env: Variables;
};

const BEAT_MS = 15_000;
const BEAT_WITHIN_MS = 10_000;
const KILL_AFTER_MS = 5_000;
const TICK_MS = 1_000;
const WARN_AT_MS = [300_000, 60_000];

type State = {
  expiresAt: number;
  isOver: boolean;
  warned: Set<number>;
  isUnheard: boolean;
  /** Aborted when the child has ended: nothing is to keep the process. */
  done: AbortController;
};

/** What is true from the start is no warning. */
const begunAt = (expiresAt: number, now: number): State => ({
  expiresAt,
  isOver: false,
  warned: new Set(WARN_AT_MS.filter((at) => expiresAt - now <= at)),
  isUnheard: false,
  done: new AbortController(),
});

/** Asks it to end, and then does not ask. */
const end = (child: ChildProcess, name: NodeJS.Signals): void => {
  child.kill(name);
  setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS).unref();
};

const over = (state: State, child: ChildProcess, sentence: string): void => {
  if (state.isOver) return;
  state.isOver = true;
  say(sentence);
  end(child, 'SIGTERM');
};

const tick = ({ server }: Run, state: State, child: ChildProcess): void => {
  const left = state.expiresAt - server.now();
  if (left <= 0) return over(state, child, 'The time is over: the access has ended, and the command is being ended.');
  const due = WARN_AT_MS.filter((at) => left <= at && !state.warned.has(at));
  for (const at of due) state.warned.add(at);
  if (due.length > 0) say(`The access ends in ${Math.max(1, Math.round(left / 1000))} s.`);
};

const beat = async (
  { server, grant }: Run,
  options: Pick<CallOptions, 'patienceMs' | 'signal' | 'doing'>,
): Promise<HeartbeatAnswer> =>
  server.call('POST', `/grants/${grant}/heartbeat`, { timeoutMs: BEAT_WITHIN_MS, ...options });

const beatAgain = async (run: Run, state: State, child: ChildProcess): Promise<void> => {
  try {
    const { expires_at: expiresAt } = await beat(run, { patienceMs: BEAT_WITHIN_MS, signal: state.done.signal });
    state.expiresAt = Date.parse(expiresAt);
    state.isUnheard = false;
  } catch (error) {
    if (state.done.signal.aborted) return;
    if (!(error instanceof JobFailure)) throw error;
    if (error.code === 'not_active' || error.code === 'not_found')
      return over(state, child, 'The access was ended; the command is being ended.');
    if (!state.isUnheard) say(`The heartbeat did not arrive: ${error.message} After a minute the access ends.`);
    state.isUnheard = true;
  }
};

const startFailure = (command: string, error: NodeJS.ErrnoException): JobFailure =>
  error.code === 'ENOENT'
    ? new JobFailure(EXITS.notFound, `${command}: command not found.`)
    : new JobFailure(EXITS.notRunnable, `${command}: the command cannot be run (${error.code ?? 'unknown error'}).`);

const exitCode = (child: ChildProcess, command: string): Promise<number> =>
  new Promise((resolve, reject) => {
    child.once('error', (error) => {
      if (child.pid === undefined) reject(startFailure(command, error));
    });
    child.once('exit', (code, signal) => resolve(code ?? exitOf(signal ?? 'SIGKILL')));
  });

/** The first heartbeat is there before the command is: a restart of the server is waited out, as before any other call. */
export const runChild = async (run: Run): Promise<number> => {
  const { signals, command, env } = run;
  const [file = '', ...args] = command;
  const { expires_at: expiresAt } = await beat(run, {
    doing: 'Before the command starts',
    patienceMs: PATIENCE_MS,
    signal: signals.ended,
  });
  signals.ended.throwIfAborted();
  const state = begunAt(Date.parse(expiresAt), run.server.now());
  const child = spawn(file, args, { stdio: 'inherit', env });
  const ended = exitCode(child, file);
  signals.passTo({ signal: (name) => (name.startsWith('SIGUSR') ? child.kill(name) : end(child, name)) });
  let beating: Promise<void> | null = null;
  const beats = setInterval(() => {
    beating ??= beatAgain(run, state, child).finally(() => {
      beating = null;
    });
  }, BEAT_MS);
  const ticks = setInterval(() => tick(run, state, child), TICK_MS);
  try {
    return await ended;
  } finally {
    clearInterval(beats);
    clearInterval(ticks);
    state.done.abort();
    signals.passTo(null);
  }
};
