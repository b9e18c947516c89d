/** Programs of the benchmark that run beside it, and calls to them. What is measured must not share a process with what loads it. */
import { fork } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { demandGoingOn, onEnd } from './setup/cleanup.ts';

type Call = { id: number; method: string; input: unknown };
type Answer = { id: number; result?: unknown; error?: string };

/** All of the compiled benchmark lies in one folder. */
export const programPath = (name: string): string =>
  path.join(path.dirname(fileURLToPath(import.meta.url)), `${name}.js`);

/** `LATCHKEY_BENCH_PROFILE=<folder>`: every measured process leaves a CPU profile there, for Chrome's DevTools. */
export const profileArguments = (): string[] => {
  const folder = process.env['LATCHKEY_BENCH_PROFILE'];
  return folder ? ['--cpu-prof', `--cpu-prof-dir=${path.resolve(folder)}`] : [];
};

export type Child = { pid: number; call<T>(method: string, input?: unknown): Promise<T>; stop(): Promise<void> };

export const startChild = (name: string, env: Record<string, string> = {}): Child => {
  demandGoingOn();
  const child = fork(programPath(name), [], {
    env: { ...process.env, ...env },
    execArgv: ['--expose-gc', ...profileArguments()],
  });
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  let lastId = 0;
  const exited = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      for (const { reject } of waiting.values())
        reject(new Error(`${name} ended (${signal ?? code}) before it answered.`));
      waiting.clear();
      resolve();
    });
  });
  child.on('message', (message) => {
    const { id, result, error } = message as Answer;
    const caller = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) caller?.resolve(result);
    else caller?.reject(new Error(`${name}: ${error}`));
  });
  const stop = onEnd(name, async () => {
    // A profile is written at an orderly exit only.
    if (process.env['LATCHKEY_BENCH_PROFILE']) child.disconnect();
    else child.kill('SIGKILL');
    await exited;
  });
  return {
    pid: child.pid ?? 0,
    call: <T>(method: string, input?: unknown) =>
      new Promise<T>((resolve, reject) => {
        lastId += 1;
        waiting.set(lastId, { resolve: resolve as (value: unknown) => void, reject });
        child.send({ id: lastId, method, input } satisfies Call);
      }),
    stop,
  };
};

export type Methods = Record<string, (input: never) => Promise<unknown>>;

/** The other side. The program ends when the benchmark is gone, also when that was killed. */
export const answerCalls = (methods: Methods): void => {
  const answer = async ({ id, method, input }: Call): Promise<void> => {
    try {
      const run = methods[method];
      if (!run) throw new Error(`There is no method ${method}.`);
      process.send?.({ id, result: await run(input as never) } satisfies Answer);
    } catch (error) {
      process.send?.({
        id,
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      } satisfies Answer);
    }
  };
  process.on('message', (message) => void answer(message as Call));
  process.on('disconnect', () => process.exit(0));
  // Ctrl-C in a terminal reaches every process of the group; the benchmark itself ends us.
  process.on('SIGINT', () => undefined);
};
