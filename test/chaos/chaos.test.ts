/** The chaos run, short: once as ever, once as never before. A failure prints the seed; `npm run chaos -- --seed N` goes on from there. */
import { mkdtempSync } from 'node:fs';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { testServices } from '../support/services.ts';
import { createRandom } from './random.ts';
import { failure, summary } from './report.ts';
import { runChaos } from './run.ts';

vi.setConfig({ testTimeout: 300_000 });

const FOR_MS = 15_000;

const seeds = [
  ['the seed of every run', 4711],
  ['a seed of this run', Math.floor(Math.random() * 1_000_000_000)],
] as const;

test.each(seeds)('a random mix of steps and faults breaks nothing that must hold, with %s: %i', async (_what, seed) => {
  const { runDir, downloadDir } = testServices();
  const places = { runDir: mkdtempSync(path.join(runDir, 'chaos-')), downloadDir };
  const lines: string[] = [];
  const report = await runChaos({
    seed,
    forMs: FOR_MS,
    places,
    roundMs: FOR_MS,
    isHasty: true,
    say: (line) => lines.push(line),
  });
  expect(report.findings.length > 0 ? failure(report) : '').toBe('');
  expect(summary(report)).toContain(`seed ${seed}`);
  expect(report.looks).toBeGreaterThan(0);
  expect(lines).toHaveLength(report.rounds);
});

test('the same seed makes the same choices', () => {
  const choices = (seed: number): number[] => {
    const random = createRandom(seed);
    return Array.from({ length: 100 }, () => random.int(0, 1_000_000));
  };
  expect(choices(7)).toEqual(choices(7));
  expect(choices(7)).not.toEqual(choices(8));
});
