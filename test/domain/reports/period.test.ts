/** Which texts are a period, and where it begins and ends. */
import { expect, test } from 'vitest';
import { parsePeriod } from '../../../src/domain/reports/period.ts';

const spanOf = (text: string): string[] | null => {
  const period = parsePeriod(text);
  return period && [period.label, period.from.toISOString().slice(0, 10), period.to.toISOString().slice(0, 10)];
};

test.each([
  ['2026-Q3', ['2026-Q3', '2026-07-01', '2026-10-01']],
  ['2026-q4', ['2026-Q4', '2026-10-01', '2027-01-01']],
  [' 2026Q1 ', ['2026-Q1', '2026-01-01', '2026-04-01']],
  ['2026-12', ['2026-12', '2026-12-01', '2027-01-01']],
  ['2024-02', ['2024-02', '2024-02-01', '2024-03-01']],
  ['2026', ['2026', '2026-01-01', '2027-01-01']],
  ['2024-02-29..2024-02-29', ['2024-02-29..2024-02-29', '2024-02-29', '2024-03-01']],
  ['2026-07-01..2026-09-30', ['2026-07-01..2026-09-30', '2026-07-01', '2026-10-01']],
])('%j is a period', (text, span) => {
  expect(spanOf(text)).toEqual(span);
});

test.each([
  ...['banana', '', '2026-Q5', '2026-Q0', '2026-Q', '2026-13', '2026-00', '2026-7', '1999', '26', '20260', '9999'],
  ...['2026-02-30..2026-03-01', '2026-09-30..2026-07-01', '2026-07-01..', '2026-Q3 2026-Q4', '2026-Q3; drop', '-1'],
])('%j is none', (text) => {
  expect(spanOf(text)).toBeNull();
});
