/** The benchmark with tiny counts: its figures mean nothing here, that it works and cleans up does. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { percentile, spreadOf } from '../../bench/measure.ts';
import { rowOf, tableOf } from '../../bench/rows.ts';
import type { Row } from '../../bench/rows.ts';
import { AREAS, readOptions } from '../../bench/setup/options.ts';
import { isRunning } from '../../sandbox/src/embedded/process.ts';
import { waitUntil } from '../../sandbox/src/embedded/wait.ts';
import { testServices } from '../support/services.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(path.join(testServices().runDir, 'bench-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Ran = { code: number | null; output: string };

const startBench = (args: string[]) => {
  // The suite may run beside a build: what is measured is compiled anew.
  const env = { ...process.env, LATCHKEY_BENCH_APP: 'compiled', NODE_OPTIONS: '' };
  const child = spawn(process.execPath, ['bench/run.mjs', '--smoke', ...args], { cwd: root, env });
  let output = '';
  const take = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  const ended = new Promise<Ran>((resolve) => {
    child.once('close', (code) => resolve({ code, output }));
  });
  return { child, ended, output: () => output };
};

/** The servers and programs of a run say where they belong in their arguments. */
const leftOf = (pid: number | undefined): string[] =>
  (existsSync('/proc') ? readdirSync('/proc') : [])
    .filter((name) => /^\d+$/.test(name) && isRunning(Number(name)))
    .filter((name) => {
      const file = `/proc/${name}/cmdline`;
      return existsSync(file) && readFileSync(file, 'utf8').includes(`/bench/run-${pid}/`);
    });

const runFolder = (pid: number | undefined): string => path.join(root, '.data', 'bench', `run-${pid}`);

test(
  'a tiny run does all of its work, writes its figures, and leaves nothing behind',
  { timeout: 600_000 },
  async () => {
    const out = path.join(folder, 'smoke.json');
    const { child, ended } = startBench(['--out', out]);
    const { code, output } = await ended;
    expect(output).not.toMatch(/FAILED|Could not end/);
    expect(code).toBe(0);
    const results = JSON.parse(readFileSync(out, 'utf8')) as {
      rows: Row[];
      failures: object;
      details: Record<string, unknown>;
      machine: Record<string, unknown>;
    };
    expect(results.failures).toEqual({});
    expect(Object.keys(results.details)).toEqual([...AREAS]);
    expect([...new Set(results.rows.map(({ area }) => area))]).toEqual([...AREAS]);
    for (const row of results.rows) {
      expect(row).toMatchObject({ value: expect.any(Number) as number, what: expect.any(String) as string });
      expect(row.isMet === null).toBe(row.goal === null);
    }
    expect(results.machine).toMatchObject({ cores: expect.any(Number) as number, node: process.version });
    expect(existsSync(runFolder(child.pid))).toBe(false);
    expect(leftOf(child.pid)).toEqual([]);
  },
);

test('Ctrl-C in the middle of a run ends its servers', { timeout: 180_000 }, async () => {
  const { child, ended, output } = startBench(['--only', 'end', '--out', path.join(folder, 'never.json')]);
  await waitUntil(() => output().includes('end …'), { timeoutMs: 120_000, what: 'the first area to begin' });
  child.kill('SIGINT');
  expect(await ended).toEqual({ code: 130, output: expect.any(String) as string });
  expect(existsSync(path.join(folder, 'never.json'))).toBe(false);
  expect(existsSync(runFolder(child.pid))).toBe(false);
  expect(leftOf(child.pid)).toEqual([]);
});

test('a goal is met or not, and what has none is neither', () => {
  const made = { what: 'x', unit: 'ratio', ours: '', limit: '' } as const;
  const isMet = (value: number, goal: Row['goal']): boolean | null => rowOf('a', { ...made, value, goal }).isMet;
  expect(isMet(1.5, { is: 'at most', value: 1.5 })).toBe(true);
  expect(isMet(1.51, { is: 'at most', value: 1.5 })).toBe(false);
  expect(isMet(0.49, { is: 'at least', value: 0.5 })).toBe(false);
  expect(isMet(Number.NaN, { is: 'at least', value: 0.5 })).toBe(false);
  expect(isMet(7, null)).toBeNull();
  expect(tableOf([rowOf('a', { ...made, value: 2, goal: { is: 'at most', value: 1 } })])).toContain('NOT MET');
});

test('percentiles are of the nearest rank', () => {
  expect(percentile([3, 1, 2, 4], 50)).toBe(2);
  expect(percentile([3, 1, 2, 4], 99)).toBe(4);
  expect(spreadOf([5]).p99).toBe(5);
});

test('an unknown area is answered with those there are', () => {
  expect(() => readOptions(['--only', 'speed'])).toThrow(/no area "speed"[\s\S]*acknowledge/);
  expect(() => readOptions(['--quick', '--full'])).toThrow(/only one/);
});
