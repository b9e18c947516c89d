/** Starts as people type them: understood whole, or refused, and nothing of a time is left to the reason. */
import { describe, expect, it } from 'vitest';
import { parseRequestLine } from '../../../src/slack/door/commands/parse-request.ts';
import { resolveStart } from '../../../src/domain/time/start.ts';
import { POLICY, policyOf } from '../../slack/rig.ts';

const policy = policyOf(POLICY);
const line = (text: string) => parseRequestLine(policy, `orders-db read ${text}`);
const NOW = '2026-11-22T14:00:00Z';
type Clock = { now?: string; timezones?: (string | null)[] };
/** The instant of a start, and what is left as the reason. */
const startOf = (text: string, { now = NOW, timezones = ['Europe/Berlin'] }: Clock = {}): [string, string] => {
  const read = line(`30m ${text}`);
  if (!read.isRead) throw new Error(`${text}: ${read.problem.code}`);
  const { start, reason } = read.line;
  return [start ? resolveStart(start, { now: new Date(now), timezones }).toISOString() : 'at once', reason];
};
const codeOf = (text: string): string => {
  const read = line(text);
  return read.isRead ? 'read' : read.problem.code;
};

describe('a start', () => {
  // A Sunday; 15:00 in Berlin.
  it.each([
    ['22:00', '2026-11-22T21:00'],
    ['9:00', '2026-11-23T08:00'],
    ['today 16:00', '2026-11-22T15:00'],
    ['today 9:00', '2026-11-22T08:00'],
    ['tomorrow 9:00', '2026-11-23T08:00'],
    ['tomorrow at 9:00', '2026-11-23T08:00'],
    ['9:00 tomorrow', '2026-11-23T08:00'],
    ['tonight 22:00', '2026-11-22T21:00'],
    ['tonight at 9 pm', '2026-11-22T20:00'],
    ['2026-12-01 22:00', '2026-12-01T21:00'],
    ['2026-12-01 at 22:00', '2026-12-01T21:00'],
    ['22:00 2026-12-01', '2026-12-01T21:00'],
    ['2027-07-01 22:00', '2027-07-01T20:00'],
    ['2h', '2026-11-22T16:00'],
    ['in 1h30m', '2026-11-22T15:30'],
    ['in 1 hour and 30 minutes', '2026-11-22T15:30'],
    ['2pm', '2026-11-23T13:00'],
    ['2:00 pm', '2026-11-23T13:00'],
    ['2 p.m.', '2026-11-23T13:00'],
    ['2:30 P.M.', '2026-11-23T13:30'],
    ['12am', '2026-11-22T23:00'],
    ['12 pm', '2026-11-23T11:00'],
    ['noon', '2026-11-23T11:00'],
    ['midnight', '2026-11-22T23:00'],
    ["9 o'clock", '2026-11-23T08:00'],
    ['14:00:00', '2026-11-23T13:00'],
    ['22:00 UTC', '2026-11-22T22:00'],
    ['22:00 utc', '2026-11-22T22:00'],
    ['22:00 GMT', '2026-11-22T22:00'],
    ['22:00Z', '2026-11-22T22:00'],
    ['22:00 CET', '2026-11-22T21:00'],
    ['22:00 (EST)', '2026-11-23T03:00'],
    ['22:00 pst', '2026-11-23T06:00'],
    ['22:00+02:00', '2026-11-22T20:00'],
    ['22:00 +05:30', '2026-11-22T16:30'],
    ['22:00 UTC+2', '2026-11-22T20:00'],
    ['22:00 UTC-5', '2026-11-23T03:00'],
    ['22:00 America/New_York', '2026-11-23T03:00'],
    ['22:00 asia/kathmandu', '2026-11-22T16:15'],
    ['2pm UTC', '2026-11-23T14:00'],
    ['2 pm EST tomorrow', '2026-11-23T19:00'],
    ['2026-12-01T22:00Z', '2026-12-01T22:00'],
    ['2026-12-01T22:00:00.000-05:00', '2026-12-02T03:00'],
    ['2026-12-01T22:00', '2026-12-01T21:00'],
    ['Monday 9:00', '2026-11-23T08:00'],
    ['9:00 Monday', '2026-11-23T08:00'],
    ['mon 9:00', '2026-11-23T08:00'],
    ['on Friday at 2pm', '2026-11-27T13:00'],
    ['this Friday 14:00', '2026-11-27T13:00'],
    ['Sunday 16:00', '2026-11-22T15:00'],
    ['Sunday 9:00', '2026-11-29T08:00'],
    ['22:00, Thursday', '2026-11-26T21:00'],
    ['22:00 UTC Thursday', '2026-11-26T22:00'],
    ['TOMORROW 9:00 AM', '2026-11-23T08:00'],
    ['２２：００', '2026-11-22T21:00'],
    ['22:00\u00a0UTC', '2026-11-22T22:00'],
    ['2028-02-29 9:00', '2028-02-29T08:00'],
    // The night in which 2:30 does not exist, and the one in which it comes twice: the earlier, unless the offset says which.
    ['2027-03-28 2:30', '2027-03-28T01:30'],
    ['2027-10-31 2:30', '2027-10-31T00:30'],
    ['2027-10-31 2:30 +01:00', '2027-10-31T01:30'],
    ['2027-10-31 2:30 CET', '2027-10-31T01:30'],
  ])('from %s begins at %s', (text, at) => {
    const lead = text.startsWith('on ') ? text.slice(3) : text;
    expect(startOf(`from ${lead} move the *archive*`)).toEqual([`${at}:00.000Z`, 'move the *archive*']);
  });

  it.each<[string, string, Clock]>([
    ['22:00', '2026-11-23T03:00', { timezones: [null, 'America/New_York'] }],
    ['22:00', '2026-11-22T16:30', { timezones: ['No/Such', 'Asia/Kolkata'] }],
    ['22:00', '2026-11-22T22:00', { timezones: [null] }],
    // Already tomorrow where the person is.
    ['tomorrow 9:00', '2026-11-24T08:00', { now: '2026-11-22T23:30:00Z' }],
    ['tomorrow 9:00', '2027-01-01T08:00', { now: '2026-12-31T14:00:00Z' }],
    ['2027-04-04 1:45', '2027-04-03T14:45', { timezones: ['Australia/Lord_Howe'] }],
    ['9:00', '2026-11-23T03:15', { timezones: ['Asia/Kathmandu'] }],
    ['9:00', '2026-11-22T20:00', { timezones: ['Pacific/Apia'] }],
  ])('from %s begins at %s on the clock of %j', (text, at, clock) =>
    expect(startOf(`from ${text} why`, clock)[0]).toBe(`${at}:00.000Z`),
  );

  it.each(['from 22:00 30m', 'from 22:00 for 30m', 'for 30m from 22:00', '30 min from 22:00'])(
    'has its duration before or after it: %s',
    (text) => {
      const read = line(`${text} deploy the fix`);
      expect(read).toMatchObject({ line: { durationMs: 1_800_000, reason: 'deploy the fix' } });
      expect(read.isRead && read.line.start).toMatchObject({ kind: 'local' });
    },
  );

  it.each([
    '25:00',
    '22:60',
    '24:00',
    '22.00',
    '14h30',
    '13:00 pm',
    '0am',
    '13pm',
    '22:00 pm',
    '-2h',
    '0m',
    '9',
    'tomorrow',
    'Monday',
    'tonight',
    'tomorrow morning',
    'Monday 9',
    'next Monday',
    'next Monday 9:00',
    'next week',
    '24.12.2026',
    '24.12.2026 9:00',
    '12/24',
    '12/24/2026 9:00',
    'Dec 24 9:00',
    '24th December',
    '2026-02-30 9:00',
    '2026-12-01',
    '2026-13-01 9:00',
    '2026-12-01T25:00',
    'tonight 2:00',
    'Monday midnight',
    'Monday Tuesday 9:00',
    '9:00 10:00',
    '22:00-23:00',
    '22:00 - 23:00',
    '22:00–23:00',
    '22:00 to 23:00',
    '22:00 until 23:00',
    '22:00 or 23:00',
    '22:00-05:00',
    '22:00 -05:00',
    '22:00 +2',
    '22:00 +25:00',
    '22:00 IST',
    '22:00 CST',
    '22:00 BST',
    '22:00 ist',
    '22:00 UTC CET',
    '22:00 Europe/Nowhere',
    '22:00 Berlin time',
    '22:00 local time',
    '22:00 Monday Tuesday',
    '22:00 from 23:00',
    'now',
    'an hour',
    'two hours',
    'half past 2',
    '1h 2h',
    "Monday's import",
    'the Monday import',
  ])('from %s is refused, with whole lines to type', (text) => {
    const read = line(`30m from ${text} planned migration`);
    expect(read).toMatchObject({ isRead: false, problem: { code: 'bad_start' } });
    expect(!read.isRead && read.problem.suggestions[0]).toBe('orders-db read 30m from 22:00 …');
    expect(!read.isRead && read.problem.word).not.toBe('');
  });

  it.each([
    '22:00 deploy',
    '2pm deploy',
    'at 22:00 deploy',
    'at noon deploy',
    'tomorrow deploy',
    'tomorrow 9:00 deploy',
    'Monday 9:00 deploy',
    'in 2h deploy',
    'starting 9am x',
    'deploy the fix from 22:00',
    'deploy from Monday 9:00',
    'deploy from tomorrow',
    'deploy from in 2h',
    'deploy from 2pm UTC',
    'deploy from next Monday on',
  ])('%s was meant as a start, and never begins at once', (text) => expect(codeOf(`30m ${text}`)).toBe('bad_start'));

  it.each([
    'from the dashboard it looks broken',
    'from 3 customers we hear of errors',
    'from 10.0.0.5 come errors',
    'from 5xx errors it looks broken',
    'from tomorrows list',
    'fromage',
    "check the data from Monday's import",
    'errors from 3 customers',
    'errors from today in checkout',
    'logs from 2h ago are missing',
    'because it failed at 22:00',
    "tomorrow's release needs it",
    'midnight batch failed',
    'Friday batch failed',
    'the second 5.2 release',
  ])('%s is a reason', (text) => expect(startOf(text)).toEqual(['at once', text]));

  it.each([
    ['"from Monday 9:00 on it fails"', 'from Monday 9:00 on it fails'],
    ['“deploy from 22:00”', 'deploy from 22:00'],
    ['«22:00 outage»', '22:00 outage'],
    ['the "from Monday" import', 'the "from Monday" import'],
  ])('%s is a reason, since it is in quotes', (text, reason) => {
    expect(startOf(text)).toEqual(['at once', reason]);
    expect(startOf(`from 22:00 ${text}`)).toEqual(['2026-11-22T21:00:00.000Z', reason]);
  });

  it('keeps the ticket behind a quoted reason', () =>
    expect(line('30m "from Monday on" OPS-12')).toMatchObject({
      line: { reason: 'from Monday on', ticket: 'OPS-12' },
    }));

  it.each<[string, string, string]>([
    ['from 2027-07-01 22:00 CET', 'zone_mismatch', 'Europe/Berlin'],
    ['from 2027-01-15 22:00 PDT', 'zone_mismatch', 'America/Los_Angeles'],
    ['from tomorrow 9:00 Pacific/Auckland', 'day_unclear', 'Europe/Berlin'],
  ])('%s is refused: %s', (text, code, timezone) => {
    expect(() => startOf(`${text} x`, { timezones: [timezone === 'Europe/Berlin' ? timezone : null] })).toThrow(code);
  });

  it('takes no longer for a hostile text', () => {
    const begin = performance.now();
    for (const text of [
      '1'.repeat(100_000),
      `tomorrow ${' '.repeat(100_000)}x`,
      `${'.'.repeat(50_000)}x`,
      '\u201c'.repeat(20_000),
      'from '.repeat(20_000),
      '22:00 at '.repeat(5_000),
      '1h '.repeat(20_000),
    ])
      for (const lead of ['from ', '', '"']) line(`30m ${lead}${text}`);
    expect(performance.now() - begin).toBeLessThan(20_000);
  });
});

describe('a duration', () => {
  it.each([
    ['1h 30m', 90],
    ['1h30m', 90],
    ['1 h 30 min', 90],
    ['1h30', 90],
    ['1.5h', 90],
    ['1,5h', 90],
    ['90 minutes', 90],
    ['90min', 90],
    ['1 hour, 30 minutes', 90],
    ['1 hour and 30 minutes', 90],
    ['1H 30M', 90],
    ['１h ３０m', 90],
    ['1h\u00a030m', 90],
    ['for 90m', 90],
    ['90m,', 90],
    ['45 mins', 45],
    ['1 day', 1440],
    ['2 hrs', 120],
    ['60s', 1],
    ['1d 2h', 1560],
  ])('%s is %d minutes, and nothing of it is left to the reason', (text, minutes) =>
    expect(line(`${text} check order 1185`)).toMatchObject({
      line: { durationMs: minutes * 60_000, reason: 'check order 1185', start: null },
    }),
  );

  it.each([
    '30',
    '0m',
    '-5m',
    '30x',
    '30m 45m',
    '30m 1h',
    '1h 1h',
    '1h 30',
    '30 Minuten',
    '1h30m15',
    'half an hour',
    'an hour',
    'PT30M',
    '~30m',
    '30m-1h',
    '0.0001s',
    'until 18:00',
    '30m until 18:00',
    '30m for 2h',
    'for 0m',
  ])('%s is refused with an example', (text) => {
    const read = line(`${text} check order 1185`);
    expect(read).toMatchObject({ isRead: false, problem: { code: 'bad_duration' } });
    expect(!read.isRead && read.problem.suggestions[0]).toMatch(/^orders-db read 30m \S/);
  });

  it('at the end of a reason is refused where none was given before', () => {
    expect(codeOf('check order 1185 for 30m')).toBe('bad_duration');
    expect(codeOf('10m it hangs for 30m')).toBe('read');
  });

  it.each(['2nd replica is broken', '5xx errors rise', 'a day of orders is missing', 'for a customer'])(
    '%s is a reason',
    (text) => expect(line(text)).toMatchObject({ line: { durationMs: null, reason: text } }),
  );
});
