import { describe, expect, it } from 'vitest';
import { activeFreezes, freezeSentences, openWindows, spanOf } from '../../../src/domain/policy/calendar.ts';
import type { Calendar, Window } from '../../../src/domain/policy/calendar.ts';

const NIGHT: Window = { days: [1, 2, 3, 4], fromMinute: 22 * 60, toMinute: 2 * 60 };
const DAY: Window = { days: [6], fromMinute: 0, toMinute: 24 * 60 };
const calendar: Calendar = {
  timezone: 'Europe/Berlin',
  windows: { night: NIGHT, saturday: DAY },
  freezes: {
    'year-end': [
      { from: new Date('2026-12-19T23:00:00Z'), to: new Date('2027-01-03T23:00:00Z'), why: 'Change freeze' },
    ],
  },
};
const open = (at: string): string[] => openWindows(calendar, new Date(at));

describe('a window', () => {
  // 30 November 2026 is a Monday; Berlin is one hour before UTC.
  it.each([
    ['before it opens', '2026-11-30T20:59:59Z', []],
    ['at the moment it opens', '2026-11-30T21:00:00Z', ['night']],
    ['after midnight', '2026-12-01T00:30:00Z', ['night']],
    ['in its last second', '2026-12-01T00:59:59Z', ['night']],
    ['at its end', '2026-12-01T01:00:00Z', []],
    ['in the night after its last day', '2026-12-04T00:30:00Z', ['night']],
    ['in the night of a day it does not have', '2026-12-04T22:30:00Z', []],
    ['in the night before its first day', '2026-11-30T00:30:00Z', []],
    ['for a whole day, in its first second', '2026-12-04T23:00:00Z', ['saturday']],
    ['for a whole day, in its last second', '2026-12-05T22:59:59Z', ['saturday']],
    ['for a whole day, after it', '2026-12-05T23:00:00Z', []],
  ])('is open or not %s', (_, at, names) => {
    expect(open(at)).toEqual(names);
  });

  it('opens and closes by the clocks of the zone when they change', () => {
    const every: Window = { days: [1, 2, 3, 4, 5, 6, 7], fromMinute: 60, toMinute: 4 * 60 };
    const lengthOn = (day: string): number => {
      const span = spanOf(every, new Date(`${day}T00:00:00Z`), 'Europe/Berlin');
      return span ? (span.to.getTime() - span.from.getTime()) / 3_600_000 : 0;
    };
    expect([lengthOn('2026-03-28'), lengthOn('2026-03-29'), lengthOn('2026-10-25')]).toEqual([3, 2, 4]);
  });

  it('is found next where it is not open, and never where it has no day', () => {
    const next = spanOf(NIGHT, new Date('2026-12-05T12:00:00Z'), 'Europe/Berlin');
    expect(next).toEqual({ from: new Date('2026-12-07T21:00:00Z'), to: new Date('2026-12-08T01:00:00Z') });
    expect(spanOf({ ...NIGHT, days: [] }, new Date(), 'Europe/Berlin')).toBeNull();
  });
});

describe('a freeze', () => {
  it.each([
    ['2026-12-19T22:59:59Z', []],
    ['2026-12-19T23:00:00Z', ['year-end']],
    ['2027-01-03T22:59:59Z', ['year-end']],
    ['2027-01-03T23:00:00Z', []],
  ])('holds from its first moment to the one before its end: %s', (at, names) => {
    expect(activeFreezes(calendar, new Date(at))).toEqual(names);
  });

  it('is said with its reason and its end, while it holds and is meant', () => {
    const now = new Date('2026-12-24T10:00:00Z');
    expect(freezeSentences(calendar, ['year-end'], now)).toEqual([
      'Freeze "year-end" (Change freeze) ends on Monday 4 January 2027, 00:00 (Europe/Berlin).',
    ]);
    expect(freezeSentences(calendar, ['other'], now)).toEqual([]);
    expect(freezeSentences(calendar, ['year-end'], new Date('2027-02-01T00:00:00Z'))).toEqual([]);
  });
});
