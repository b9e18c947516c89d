/** What the plots of a report are made of: no request of the period is missing in them, and a plot stays readable. */
import { expect, test } from 'vitest';
import { createLateness, createOverTime } from '../../../src/domain/reports/over-time.ts';
import { parsePeriod } from '../../../src/domain/reports/period.ts';

const spanOf = (label: string) => {
  const period = parsePeriod(label);
  if (!period) throw new Error('no period');
  return period;
};

test.each([
  ['2026-02', 'day', 28, '2026-02-28T00:00:00.000Z'],
  ['2026-Q3', 'week', 14, '2026-09-30T00:00:00.000Z'],
  ['2026', 'month', 12, '2026-12-01T00:00:00.000Z'],
  ['2026-01-15..2026-12-31', 'month', 12, '2026-12-01T00:00:00.000Z'],
  ['2026-07-01..2026-07-01', 'day', 1, '2026-07-01T00:00:00.000Z'],
])('%s is shown by the %s', (label, ...shown) => {
  const over = createOverTime(spanOf(label)).all();
  expect([over.unit, over.buckets.length, over.buckets.at(-1)?.from]).toEqual(shown);
  expect(over.buckets[0]?.from).toBe(spanOf(label).from.toISOString());
});

test('each moment of the period is in one bucket, and no other is in any', () => {
  const over = createOverTime(spanOf('2026-Q3'));
  for (const at of ['2026-07-01T00:00:00Z', '2026-07-07T23:59:59Z', '2026-07-08T00:00:00Z', '2026-09-30T23:59:59Z'])
    over.request(at);
  over.grant('2026-06-30T23:59:59Z');
  over.grant('2026-10-01T00:00:00Z');
  over.grant(null);
  over.grant('2026-07-08T00:00:00Z');
  const { buckets } = over.all();
  expect(buckets.map(({ requests }) => requests)).toEqual([2, 1, ...Array.from({ length: 11 }, () => 0), 1]);
  expect(buckets.reduce((sum, { grants }) => sum + grants, 0)).toBe(1);
});

test('a late close is counted once, by how late it was', () => {
  const lateness = createLateness();
  for (const ms of [0, 1_000, 1_001, 60_000, 60_001, 3_600_001]) lateness.see(ms);
  expect(lateness.all().map(({ grants }) => grants)).toEqual([2, 1, 1, 1, 1]);
});
