/** The app as its users run it: a process of its own, which may be killed. */
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

export type Ran = { code: number | null; out: string; err: string };
export type AppProcess = {
  child: ChildProcess;
  port: number;
  /** Where metrics and readiness in full are. */
  metricsPort: number;
  out(): string;
  /** Ends it as a crash would, and resolves when it is gone. */
  kill(): Promise<void>;
  /** Resolves when it is gone, with the signal that ended it. */
  gone: Promise<NodeJS.Signals | null>;
  /** Asks it to stop and gives its exit code. */
  stop(): Promise<number | null>;
};

const BUNDLE = 'dist/bundle/latchkey.js';
const DATA = path.join(root, '.data');

const bundle = (...args: string[]): void =>
  void execFileSync(process.execPath, ['src/bundle.mjs', ...args], { cwd: root, stdio: 'inherit' });

const changedAt = (folder: string): number =>
  readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((newest, { parentPath, name }) => Math.max(newest, statSync(path.join(parentPath, name)).mtimeMs), 0);

let isBuilt = false;

/** Builds anew when a source is newer, so that a test never runs yesterday's program. */
const ensureBuilt = (): string => {
  const file = path.join(root, BUNDLE);
  if (!isBuilt && (existsSync(file) ? statSync(file).mtimeMs : 0) < changedAt('src')) bundle();
  isBuilt = true;
  return file;
};

/** Named by the state of its sources, and complete once it is there: several test files ask for it at a time. */
const ensureMortal = (): string => {
  const state = Math.max(changedAt('src'), changedAt('test/support/preload'));
  const name = `mortal-${Math.round(state)}`;
  const folder = path.join(DATA, name);
  if (!existsSync(folder)) {
    const own = `${name}.${process.pid}`;
    bundle(`.data/${own}`, 'test/support/preload/mortal.mjs');
    for (const old of readdirSync(DATA).filter((entry) => /^mortal-\d+$/.test(entry) && entry !== name))
      rmSync(path.join(DATA, old), { recursive: true, force: true });
    if (existsSync(folder)) rmSync(path.join(DATA, own), { recursive: true });
    else renameSync(path.join(DATA, own), folder);
  }
  return path.join(folder, 'latchkey.js');
};

type Started = { program: string; args: string[]; env: Record<string, string>; isSpokenTo?: boolean };

const spawnNode = ({ program, args, env, isSpokenTo = false }: Started): ChildProcess =>
  spawn(process.execPath, [program, ...args], {
    cwd: root,
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe', ...(isSpokenTo ? (['ipc'] as const) : [])],
  });

const exited = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve(child.exitCode);
    else child.once('exit', (code) => resolve(code));
  });

/** Runs a command to its end. */
export const runCli = async (args: string[], env: Record<string, string>): Promise<Ran> => {
  const child = spawnNode({ program: ensureBuilt(), args, env });
  let out = '';
  let err = '';
  child.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const code = await exited(child);
  return { code, out, err };
};

const INFO = { LATCHKEY_LOG_LEVEL: 'info' };

/** Resolves when the process says that it is ready. `nodeOptions` are for Node, such as a module to load first. */
export const startProcess = (env: Record<string, string>, args: string[] = [], nodeOptions = ''): Promise<AppProcess> =>
  untilReady(
    spawnNode({
      program: ensureBuilt(),
      args: ['serve', ...args],
      env: { ...env, ...INFO, ...(nodeOptions ? { NODE_OPTIONS: nodeOptions } : {}) },
    }),
  );

/** For the option `--import`: the clock of the process is wrong by CLOCK_SHIFT_MS. */
export const SHIFTED_CLOCK = `--import=${new URL('preload/shifted-clock.mjs', import.meta.url).href}`;

export type Standby = { begin(): Promise<AppProcess>; kill(): Promise<void> };

/** A process that may be told to die at a point. It has loaded its program, which is most of a start, and begins when told to. */
export const standBy = (env: Record<string, string>): Standby => {
  const child = spawnNode({ program: ensureMortal(), args: ['serve'], env: { ...env, ...INFO }, isSpokenTo: true });
  return {
    begin: () => {
      const ready = untilReady(child);
      child.send({ isToBegin: true });
      return ready;
    },
    kill: () => end(child),
  };
};

const end = async (child: ChildProcess): Promise<void> => {
  child.kill('SIGKILL');
  await exited(child);
};

const exitOf = async (child: ChildProcess): Promise<number | null> => {
  child.kill('SIGTERM');
  return exited(child);
};

/** A command that goes on: resolves when it says something that matches `ready`, with the first group of the match. */
export const startCommand = async (
  args: string[],
  env: Record<string, string>,
  ready: RegExp,
): Promise<{ said: string; stop(): Promise<number | null> }> => {
  const child = spawnNode({ program: ensureBuilt(), args, env });
  let out = '';
  const said = await new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      out += chunk.toString();
      const [, group] = ready.exec(out) ?? [];
      if (group !== undefined) resolve(group);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', (code) => reject(new Error(`the command ended with ${code} before it was ready:\n${out}`)));
  });
  return { said, stop: () => exitOf(child) };
};

const untilReady = async (child: ChildProcess): Promise<AppProcess> => {
  let out = '';
  const [port, metricsPort] = await new Promise<[number, number]>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      out += chunk.toString();
      const ready = /"port":(\d+),(?:"metricsPort":(\d+),)?.*Latchkey is ready/.exec(out);
      if (ready) resolve([Number(ready[1]), Number(ready[2])]);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', (code) => reject(new Error(`the app ended with ${code} before it was ready:\n${out}`)));
  });
  return {
    child,
    port,
    metricsPort,
    out: () => out,
    gone: exited(child).then(() => child.signalCode),
    kill: () => end(child),
    stop: async () => {
      child.kill('SIGTERM');
      return exited(child);
    },
  };
};
