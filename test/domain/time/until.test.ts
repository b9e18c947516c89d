import { describe, expect, it } from 'vitest';
import { readUntil } from '../../../src/domain/time/until.ts';

/** A Sunday; 15:00 in Berlin. */
const now = new Date('2026-11-22T14:00:00Z');
const read = (text: string, timezone = 'Europe/Berlin') => {
  const found = readUntil(text, { now, timezone });
  return 'until' in found ? found.until.toISOString() : found.problem;
};

describe('until when', () => {
  it.each([
    ['3d', '2026-11-25T14:00:00.000Z'],
    ['for 2h', '2026-11-22T16:00:00.000Z'],
    ['1d 12h', '2026-11-24T02:00:00.000Z'],
    ['2 weeks', '2026-12-06T14:00:00.000Z'],
    ['until Friday', '2026-11-26T23:00:00.000Z'],
    ['until fri', '2026-11-26T23:00:00.000Z'],
    ['until Friday 18:00', '2026-11-27T17:00:00.000Z'],
    ['until 6pm Friday', '2026-11-27T17:00:00.000Z'],
    // Said on a Sunday, it is the Sunday after.
    ['until Sunday', '2026-11-28T23:00:00.000Z'],
    ['until tomorrow', '2026-11-22T23:00:00.000Z'],
    ['until tomorrow at 14:00', '2026-11-23T13:00:00.000Z'],
    ['until 18:30', '2026-11-22T17:30:00.000Z'],
    ['until 6:30 pm', '2026-11-22T17:30:00.000Z'],
    ['until 18:30 UTC', '2026-11-22T18:30:00.000Z'],
    ['until midnight', '2026-11-22T23:00:00.000Z'],
    ['until 2026-12-24', '2026-12-23T23:00:00.000Z'],
    ['till 2026-12-24 08:00.', '2026-12-24T07:00:00.000Z'],
    // The hour that comes twice is the earlier, as for a start.
    ['until 2027-10-31 2:30', '2027-10-31T00:30:00.000Z'],
    ['until 2027-03-28 2:30', '2027-03-28T01:30:00.000Z'],
  ])('%s is %s in Berlin', (text, iso) => expect(read(text)).toBe(iso));

  it('is read on the clocks of the person, across a change of the clocks', () => {
    expect(read('until Friday', 'America/New_York')).toBe('2026-11-27T05:00:00.000Z');
    expect(read('until Friday', 'Asia/Kathmandu')).toBe('2026-11-26T18:15:00.000Z');
    expect(read('until Friday', 'Pacific/Apia')).toBe('2026-11-26T11:00:00.000Z');
    expect(read('until 2027-04-01', 'Europe/Berlin')).toBe('2027-03-31T22:00:00.000Z');
    expect(read('until Friday', 'Mars/Olympus')).toBe('2026-11-27T00:00:00.000Z');
  });

  it.each([
    ['', 'unreadable'],
    ['until', 'unreadable'],
    ['until when it suits me', 'unreadable'],
    ['until 2026-02-30', 'unreadable'],
    ['until 25:00', 'unreadable'],
    ['until fr', 'unreadable'],
    ['until Friday Friday', 'unreadable'],
    ['until next Friday', 'unreadable'],
    ['until 24.12.2026', 'unreadable'],
    ['until 18:00 IST', 'unreadable'],
    ['3d and a bit', 'unreadable'],
    ['0d', 'unreadable'],
    ['until 9:00', 'past'],
    ['until today', 'past'],
    ['until 2020-01-01', 'past'],
    ['500d', 'too_long'],
    ['until 9999-01-01', 'too_long'],
  ])('%j is %s', (text, problem) => expect(read(text)).toBe(problem));
});
