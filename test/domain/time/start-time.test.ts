import { describe, expect, it } from 'vitest';
import { readStart, resolveStart } from '../../../src/domain/time/start-time.ts';
import type { StartWish } from '../../../src/domain/time/start-time.ts';

const BERLIN = 'Europe/Berlin';
const iso = (text: string, now: string, timezones: (string | null)[] = [BERLIN]): string => {
  const read = readStart(text);
  if (read.outcome !== 'read') throw new Error(`${text} was not read`);
  return resolveStart(read.wish, { now: new Date(now), timezones }).toISOString();
};

describe('a start as people write it', () => {
  it.each([
    ['from 22:00', '2026-11-22T14:00:00Z', '2026-11-22T21:00:00.000Z'],
    ['from 9:00', '2026-11-22T14:00:00Z', '2026-11-23T08:00:00.000Z'],
    ['from tomorrow 9:00', '2026-11-22T14:00:00Z', '2026-11-23T08:00:00.000Z'],
    ['from tomorrow at 9:00', '2026-12-31T14:00:00Z', '2027-01-01T08:00:00.000Z'],
    // Already tomorrow where the person is.
    ['from tomorrow 9:00', '2026-11-22T23:30:00Z', '2026-11-24T08:00:00.000Z'],
    ['from today 9:00', '2026-11-22T14:00:00Z', '2026-11-22T08:00:00.000Z'],
    ['from 2026-12-01 22:00', '2026-11-22T14:00:00Z', '2026-12-01T21:00:00.000Z'],
    ['from 2027-07-01 22:00', '2026-11-22T14:00:00Z', '2027-07-01T20:00:00.000Z'],
    ['from 2h', '2026-11-22T14:00:00Z', '2026-11-22T16:00:00.000Z'],
    ['from in 1h30m', '2026-11-22T14:00:00Z', '2026-11-22T15:30:00.000Z'],
    // The night in which 2:30 does not exist, and the one in which it comes twice.
    ['from 2027-03-28 2:30', '2026-11-22T14:00:00Z', '2027-03-28T01:30:00.000Z'],
    ['from 2027-10-31 2:30', '2026-11-22T14:00:00Z', '2027-10-31T00:30:00.000Z'],
  ])('%s, written at %s in Berlin, is %s', (text, now, at) => expect(iso(text, now)).toBe(at));

  it.each([
    [[null, 'America/New_York'], '2026-11-23T03:00:00.000Z'],
    [['No/Such', 'Asia/Kolkata'], '2026-11-22T16:30:00.000Z'],
    [[null], '2026-11-22T22:00:00.000Z'],
  ])('22:00 is read on the first clock that is known: %j', (timezones, at) =>
    expect(iso('from 22:00', '2026-11-22T14:00:00Z', timezones)).toBe(at),
  );

  it('leaves the reason behind it as it was written', () => {
    const read = readStart('from tomorrow 9:00  move the *archive*');
    expect(read).toEqual({
      outcome: 'read',
      wish: { kind: 'local', day: 'tomorrow', hour: 9, minute: 0 } satisfies StartWish,
      rest: 'move the *archive*',
    });
  });

  it.each(['from the dashboard it looks broken', 'fromage', 'from', 'because 22:00', 'from tomorrows list'])(
    '"%s" is a reason and no start',
    (text) => expect(readStart(text)).toEqual({ outcome: 'none' }),
  );

  it.each([
    'from 25:00 x',
    'from 22:60 x',
    'from 10pm x',
    'from tomorrow x',
    'from 2026-02-30 9:00 x',
    'from 2026-12-01 x',
    'from -2h x',
    'from 0m x',
  ])('"%s" is meant as a start and is none', (text) => expect(readStart(text).outcome).toBe('bad'));

  it('takes no longer for a hostile text', () => {
    const begin = performance.now();
    readStart(`from ${'1'.repeat(100_000)}`);
    readStart(`from tomorrow ${' '.repeat(100_000)}x`);
    expect(performance.now() - begin).toBeLessThan(200);
  });
});
