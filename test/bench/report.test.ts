/** Plots and table are of the figures, whole, and the page shows the run that is kept. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { figuresOf, withFigures } from '../../bench/report/table.ts';
import { plotsOf } from '../../bench/report/plots.ts';
import { barChart, lineChart } from '../../bench/report/svg.ts';
import { newestKept } from '../../bench/results.ts';
import type { Results } from '../../bench/results.ts';
import { noiseOf, ticksOf } from '../../bench/setup/quiet.ts';
import { rowOf } from '../../bench/rows.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(path.join(root, 'docs', 'performance.md'), 'utf8');
const kept = newestKept(path.join(root, 'bench', 'results'));

const results: Results = {
  date: '2026-11-22T12:00:00.000Z',
  extent: 'usual',
  program: 'dist/bundle/latchkey.js',
  isQuiet: true,
  machine: {
    platform: 'linux',
    cpu: 'a | b',
    cores: 2,
    memoryGb: 8,
    node: 'v20',
    postgres: '18',
    syncMs: 0.5,
    commit: 'abc',
    hasUncommittedChanges: false,
    loadBefore: 0.1,
    idleBefore: 0.99,
    othersDuring: 0.01,
    stealDuring: 0,
  },
  sizes: {} as Results['sizes'],
  seconds: 600,
  rows: [
    rowOf('flow', {
      what: 'fast',
      unit: 'ratio',
      value: 0.1,
      goal: { is: 'at least', value: 0.05 },
      ours: 'x | y',
      limit: '',
    }),
    rowOf('process', { what: 'slow', unit: 's', value: 3, goal: { is: 'at most', value: 1.5 }, ours: '', limit: '' }),
    rowOf('process', { what: 'seen', unit: 'MB', value: 7, goal: null, ours: '', limit: '' }),
  ],
  failures: {},
  details: {
    flow: { single: { credentialMs: { p50: 10, p99: 20 } } },
    end: { due1: [{ late: { p50: 3, p99: 4 } }], due100: [{ late: { p50: 30, p99: 40 } }] },
    incident: {
      coldMs: 90,
      transactionMs: 1,
      rounds: [
        {
          limit: { p50: 3, p99: 5 },
          prompt: { p50: 20, p99: 40 },
          alertmanager: { p50: 15, p99: 25 },
          pagerduty: { p50: 14, p99: 24 },
        },
      ],
      closes: [{ late: { max: 99 }, cut: { p99: 78 }, timelineMs: 300, filesMs: 310 }],
      slackCalls: {},
    },
    growth: {
      audit: [{ size: 10, appendMs: 1, sealMsPerEvent: 0.1 }],
      grants: [{ size: 10, deadlineMs: 1, dueMs: 1, stalledMs: 1, viewMs: 1 }],
      targets: [{ size: 10, decisionMs: 0.01, loadMs: 1, memoryMb: 1 }],
      logins: [{ size: 10, makeMs: 1, dropMs: 1 }],
    },
  },
};

test('the table says of each row what was measured, its goal, and whether it is met', () => {
  const lines = figuresOf(results).split('\n');
  expect(lines).toContain('| flow | fast | 0.100 | ≥ 0.050 | met | x \\| y |  |');
  expect(lines).toContain('| process | slow | 3.00 s | ≤ 1.50 s | **missed** |  |  |');
  expect(lines).toContain('| process | seen | 7.00 MB |  |  |  |  |');
  expect(figuresOf({ ...results, isQuiet: false })).toContain('Do not quote');
  expect(figuresOf({ ...results, failures: { end: 'no logins' } })).toContain('**end failed: no logins**');
});

test('the figures replace those of the run before, and nothing else of the page', () => {
  const once = withFigures(page, results);
  expect(withFigures(once, results)).toBe(once);
  expect(once.replace(figuresOf(results), '')).not.toContain('a | b');
  expect(once.split('\n')[0]).toBe(page.split('\n')[0]);
  expect(() => withFigures('no marks', results)).toThrow('no place for the figures');
});

test('each area has its plot, and one that was not measured has none', () => {
  expect(Object.keys(plotsOf(results))).toEqual([
    'performance-goals.svg',
    'performance-flow.svg',
    'performance-end.svg',
    'performance-incident.svg',
    'performance-growth.svg',
  ]);
  expect(Object.keys(plotsOf({ ...results, details: { flow: null } }))).toEqual(['performance-goals.svg']);
  for (const svg of Object.values(plotsOf(results))) expect(svg).not.toMatch(/NaN|Infinity|undefined/);
});

test('the plot of incidents shows the medians of the rounds, and the last of the ends', () => {
  const svg = plotsOf(results)['performance-incident.svg'] ?? '';
  expect(svg).toContain('channel made to prompt posted');
  expect(svg).toContain('>20.0 ms, p99 40.0 ms<');
  expect(svg).toContain('>99.0 ms<');
});

test('a longer bar is of a larger value, and text cannot leave its element', () => {
  const bar = (label: string, value: number) => ({ label, value, note: '', isMet: true });
  const svg = barChart({ title: '<b>', bars: [bar('a & "b"', 1), bar('c', 2)], limit: null });
  const widths = [...svg.matchAll(/<rect x="\d+" y="\d+" width="([\d.]+)"/g)].map(([, width]) => Number(width));
  expect(widths).toHaveLength(2);
  expect(widths[1]).toBeCloseTo((widths[0] ?? 0) * 2, 0);
  expect(svg).toContain('a &amp; &quot;b&quot;');
  expect(svg).not.toContain('<b>');
});

test('ten times as much is one step on an axis', () => {
  const points = [1, 10, 100].map((x) => ({ x, y: x }));
  const svg = lineChart({ title: 't', xLabel: 'x', yLabel: 'y', lines: [{ name: 'l', points }] });
  const xs = [...svg.matchAll(/<circle cx="([\d.]+)"/g)].map(([, x]) => Number(x));
  expect((xs[1] ?? 0) - (xs[0] ?? 0)).toBeCloseTo((xs[2] ?? 0) - (xs[1] ?? 0), 0);
});

test('the plots that the page shows are there', () => {
  const shown = [...page.matchAll(/\]\((images\/[^)]+\.svg)\)/g)].map(([, file = '']) => file);
  expect(shown).toEqual(Object.keys(plotsOf(results)).map((name) => `images/${name}`));
  if (!kept) return;
  expect(shown.filter((file) => !existsSync(path.join(root, 'docs', file)))).toEqual([]);
});

test.runIf(kept !== null)('the page shows the newest run that is kept', () => {
  expect(page).toBe(withFigures(page, kept?.results ?? results));
});

test('of several kept runs the newest is the one that ran last, whatever it is called', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'latchkey-kept-'));
  try {
    expect(newestKept(folder)).toBeNull();
    const keep = (name: string, date: string): void =>
      writeFileSync(path.join(folder, name), JSON.stringify({ ...results, date }));
    keep('2026-11-27.json', '2026-11-27T09:00:00.000Z');
    keep('2026-11-27-full.json', '2026-11-27T12:00:00.000Z');
    expect(newestKept(folder)?.file).toBe(path.join(folder, '2026-11-27-full.json'));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a machine is quiet when it was idle before and others left it alone meanwhile', () => {
  const quiet = { loadBefore: 3, idleBefore: 0.99, othersDuring: 0.01, stealDuring: 0 };
  expect(noiseOf(quiet)).toEqual([]);
  expect(noiseOf({ ...quiet, idleBefore: 0.5 })).toEqual(['only 50 % idle before']);
  expect(noiseOf({ ...quiet, othersDuring: 0.2 }).join()).toMatch(/^others used 20 % of \d+ processors/);
  expect(noiseOf({ ...quiet, stealDuring: 0.1 }).join()).toContain('10 % were taken');
  const elsewhere = { idleBefore: null, othersDuring: null, stealDuring: null };
  expect(noiseOf({ ...elsewhere, loadBefore: 0.1 })).toEqual([]);
  expect(noiseOf({ ...elsewhere, loadBefore: 1.6 })).toEqual(['the load before was 1.6']);
});

test("interrupts and steal are nobody's work, and waiting for the disk is idle", () => {
  const stat = 'cpu  100 1 20 300 4 5 6 7 50 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n';
  expect(ticksOf(stat)).toEqual({ work: 121, idle: 304, steal: 7, total: 443 });
});
