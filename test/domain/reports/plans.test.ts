import { describe, expect, test } from 'vitest';
import { periodsDue } from '../../../src/domain/reports/plans.ts';
import type { ReportCadence } from '../../../src/domain/reports/plans.ts';

const due = (every: ReportCadence, since: string, now: string): string[] =>
  periodsDue(every, { since: new Date(since), now: new Date(now) }).map(({ label }) => label);

describe('which periods a report is due of', () => {
  test.each<[string, ReportCadence, string, string, string[]]>([
    ['a quarter, a quarter of an hour after it is over', 'quarter', '2026-08-01', '2026-10-01T00:15:00Z', ['2026-Q3']],
    ['not a minute before that', 'quarter', '2026-08-01', '2026-10-01T00:14:00Z', []],
    ['a plan that came into the policy after the end waits for the next', 'quarter', '2026-10-02', '2026-10-20', []],
    ['not one that ended in the very moment in which it came', 'month', '2026-10-01T00:00:00Z', '2026-10-09', []],
    ['all that were missed in an outage', 'month', '2026-07-20', '2026-10-09', ['2026-07', '2026-08', '2026-09']],
    ['the year before', 'year', '2026-05-01', '2027-01-01T01:00:00Z', ['2026']],
    ['the last quarter of a year', 'quarter', '2026-12-31', '2027-02-01', ['2026-Q4']],
    ['December in January', 'month', '2026-12-31', '2027-01-02', ['2026-12']],
  ])('%s', (...[, every, since, now, expected]) => expect(due(every, since, now)).toEqual(expected));

  test('a plan that is years old begins with the last twelve periods', () => {
    const found = due('month', '2020-01-01', '2026-10-09');
    expect([found.length, found[0], found.at(-1)]).toEqual([12, '2025-10', '2026-09']);
  });
});
