/**
 * `npm run bench`: compiles the benchmark into a folder of its own, runs it, and leaves nothing behind but its results.
 * Compiled, because running TypeScript through a loader wraps every function and would slow down what is measured.
 */
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const runDir = path.join(root, '.data', 'bench', `run-${process.pid}`);
const entryPoints = {
  main: 'bench/main.ts',
  'load-program': 'bench/load/program.ts',
  'audit-program': 'bench/areas/audit-program.ts',
  'report-program': 'bench/areas/report-program.ts',
  'policy-program': 'bench/areas/policy-program.ts',
  'growth-program': 'bench/areas/growth-program.ts',
  'bolt-program': 'bench/limits/bolt-program.ts',
  'drizzle-program': 'bench/limits/drizzle-program.ts',
  'vault-program': 'bench/limits/vault-program.ts',
  latchkey: 'src/main.ts',
};

const compile = async () => {
  mkdirSync(runDir, { recursive: true });
  await build({
    absWorkingDir: root,
    entryPoints,
    // Two folders deep, so that migrations and evidence are found where the package has them: two folders up.
    outdir: path.join(runDir, 'build', 'code'),
    bundle: true,
    splitting: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
  });
  for (const folder of ['migrations', 'evidence'])
    cpSync(path.join(root, folder), path.join(runDir, folder), { recursive: true });
};

/** Signals go to the benchmark, which ends its servers first. */
const run = () =>
  new Promise((resolve) => {
    const main = path.join(runDir, 'build', 'code', 'main.js');
    const child = spawn(process.execPath, ['--expose-gc', main, ...process.argv.slice(2)], {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, LATCHKEY_BENCH_RUN: runDir },
    });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
    child.once('exit', (code, signal) => resolve(code ?? 128 + (constants.signals[signal ?? 'SIGTERM'] ?? 15)));
  });

try {
  await compile();
  process.exitCode = await run();
} finally {
  rmSync(runDir, { recursive: true, force: true });
}
