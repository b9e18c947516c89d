import { describe, expect, it } from 'vitest';
import { countdown, dayHeading, formatDate } from '../../../sandbox/src/page/text/dates.ts';

const now = new Date('2026-11-22T15:00:00Z');
const berlin = { now, timeZone: 'Europe/Berlin' };
const inS = (iso: string): number => new Date(iso).getTime() / 1_000;

describe('a date of Slack', () => {
  it.each([
    ['{time}', '16:30'],
    ['{date_num} {time_secs}', '2026-11-22 16:30:00'],
    ['{date}', '22 November 2026'],
    ['{date_short}', '22 Nov 2026'],
    ['{date_long}', 'Sunday, 22 November 2026'],
    ['{date_short_pretty} at {time}', 'Today at 16:30'],
    ['until {date_pretty}', 'until today'],
    ['{ago}', 'in 30 minutes'],
  ])('%s is written in the zone of the reader', (format, expected) => {
    expect(formatDate(inS('2026-11-22T15:30:00Z'), format, berlin)).toBe(expected);
  });

  it('knows that the day changes with the zone', () => {
    const late = inS('2026-11-22T23:30:00Z');
    expect(formatDate(late, '{date_short_pretty}', berlin)).toBe('Tomorrow');
    expect(formatDate(late, '{date_short_pretty}', { now, timeZone: 'America/New_York' })).toBe('Today');
  });

  it('falls back where the format or the moment makes no sense', () => {
    expect(formatDate(inS('2026-11-22T15:30:00Z'), '{nonsense}', berlin)).toBeUndefined();
    expect(formatDate(inS('2026-11-22T15:30:00Z'), 'no token', berlin)).toBeUndefined();
    expect(formatDate(Number.NaN, '{time}', berlin)).toBeUndefined();
  });
});

it('days have names that people use', () => {
  expect(dayHeading(new Date('2026-11-21T15:00:00Z'), berlin)).toBe('Yesterday');
  expect(dayHeading(new Date('2026-11-18T15:00:00Z'), berlin)).toBe('Wednesday 18 November');
});

it('a countdown never goes below zero', () => {
  const at = now.getTime();
  expect(countdown(at + 245_000, at)).toBe('4:05');
  expect(countdown(at + 3_729_000, at)).toBe('1:02:09');
  expect(countdown(at - 5_000, at)).toBe('0:00');
});
