/** The app as its users run it: a process of its own, which may be killed. */
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

export type Ran = { code: number | null; out: string; err: string };
export type AppProcess = {
  child: ChildProcess;
  port: number;
  out(): string;
  /** Ends it as a crash would, and resolves when it is gone. */
  kill(): Promise<void>;
  /** Resolves when it is gone, with the signal that ended it. */
  gone: Promise<NodeJS.Signals | null>;
  /** Asks it to stop and gives its exit code. */
  stop(): Promise<number | null>;
};

type Program = { file: string; build: [string, ...string[]] };
const BUNDLE: Program = { file: 'dist/bundle/latchkey.js', build: [process.execPath, 'src/bundle.mjs'] };
/** The same with its packages outside, where a module that is loaded first can reach them. */
const COMPILED: Program = { file: 'dist/latchkey.js', build: ['npx', 'tsc', '-p', 'tsconfig.build.json'] };

const built = new Set<Program>();

/** Builds anew when a source is newer, so that a test never runs yesterday's program. */
const ensureBuilt = (program: Program): void => {
  if (built.has(program)) return;
  built.add(program);
  const file = path.join(root, program.file);
  const builtAt = existsSync(file) ? statSync(file).mtimeMs : 0;
  const sources = readdirSync(path.join(root, 'src'), { recursive: true, withFileTypes: true });
  const isStale = sources.some(
    (source) => source.isFile() && statSync(path.join(source.parentPath, source.name)).mtimeMs > builtAt,
  );
  const [command, ...args] = program.build;
  if (isStale) execFileSync(command, args, { cwd: root, stdio: 'inherit' });
};

/** `preloads` are modules that the process loads first, and that the test may send messages to. */
const spawnCli = (args: string[], env: Record<string, string>, preloads: readonly string[] = []): ChildProcess => {
  const program = preloads.length > 0 ? COMPILED : BUNDLE;
  ensureBuilt(program);
  const imports = preloads.map((file) => `--import=${new URL(file, import.meta.url).href}`);
  return spawn(process.execPath, [...imports, program.file, ...args], {
    cwd: root,
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe', ...(preloads.length > 0 ? (['ipc'] as const) : [])],
  });
};

const exited = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve(child.exitCode);
    else child.once('exit', (code) => resolve(code));
  });

/** Runs a command to its end. */
export const runCli = async (args: string[], env: Record<string, string>): Promise<Ran> => {
  const child = spawnCli(args, env);
  let out = '';
  let err = '';
  child.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const code = await exited(child);
  return { code, out, err };
};

/** Resolves when the process says that it is ready. */
export const startProcess = async (
  env: Record<string, string>,
  args: string[] = [],
  preloads: readonly string[] = [],
): Promise<AppProcess> => {
  const child = spawnCli(['serve', ...args], { ...env, LATCHKEY_LOG_LEVEL: 'info' }, preloads);
  let out = '';
  const port = await new Promise<number>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      out += chunk.toString();
      const ready = /"port":(\d+),.*Latchkey is ready/.exec(out);
      if (ready) resolve(Number(ready[1]));
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', (code) => reject(new Error(`the app ended with ${code} before it was ready:\n${out}`)));
  });
  return {
    child,
    port,
    out: () => out,
    gone: exited(child).then(() => child.signalCode),
    kill: async () => {
      child.kill('SIGKILL');
      await exited(child);
    },
    stop: async () => {
      child.kill('SIGTERM');
      return exited(child);
    },
  };
};
