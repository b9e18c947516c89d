/** Freezes from iCalendar files: which times they are, and what is refused. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readCalendar } from '../../src/config/calendar-file.ts';
import { createPolicySource } from '../../src/config/policy-source.ts';
import type { LoadedPolicy } from '../../src/config/policy-file.ts';
import { activeFreezes, freezeSentences } from '../../src/domain/policy/calendar.ts';
import { changed, load } from './made.ts';

const PLACE = { timezone: 'Europe/Berlin', now: new Date('2026-11-30T00:00:00Z') };

const calendar = (...events: string[]): string =>
  [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//acme//test',
    ...events.flatMap((event) => event.split('\n')),
    'END:VCALENDAR',
    '',
  ].join('\r\n');

const event = (lines: string, uid = 'a'): string =>
  `BEGIN:VEVENT\nUID:${uid}\nDTSTAMP:20260101T000000Z\nSUMMARY:Peak season\n${lines}\nEND:VEVENT`;

const spansIn = (text: string): string[] => {
  const read = readCalendar(text, PLACE);
  if ('problem' in read) return [read.problem];
  return read.spans.map(({ from, to }) => `${from.toISOString().slice(0, 16)} ${to.toISOString().slice(0, 16)}`);
};

describe('the times of a calendar', () => {
  it.each([
    [
      'whole days are of the time zone of the policy',
      'DTSTART;VALUE=DATE:20261220\nDTEND;VALUE=DATE:20270104',
      ['2026-12-19T23:00 2027-01-03T23:00'],
    ],
    ['a day without an end is that day', 'DTSTART;VALUE=DATE:20260701', ['2026-06-30T22:00 2026-07-01T22:00']],
    ['a time in UTC', 'DTSTART:20261220T180000Z\nDTEND:20261220T200000Z', ['2026-12-20T18:00 2026-12-20T20:00']],
    ['a time without a zone', 'DTSTART:20261220T180000\nDTEND:20261220T200000', ['2026-12-20T17:00 2026-12-20T19:00']],
    [
      'a time in a zone of another country',
      'DTSTART;TZID=America/New_York:20261220T180000\nDURATION:PT2H',
      ['2026-12-20T23:00 2026-12-21T01:00'],
    ],
    [
      'one that comes again, by the clocks of its zone when they change',
      'DTSTART;TZID=Europe/Berlin:20270326T180000\nDTEND;TZID=Europe/Berlin:20270326T200000\nRRULE:FREQ=DAILY;COUNT=3',
      ['2027-03-26T17:00 2027-03-26T19:00', '2027-03-27T17:00 2027-03-27T19:00', '2027-03-28T16:00 2027-03-28T18:00'],
    ],
    [
      'one that is left out and one that is added',
      'DTSTART:20261201T100000Z\nDTEND:20261201T110000Z\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE:20261202T100000Z\nRDATE:20261205T100000Z',
      ['2026-12-01T10:00 2026-12-01T11:00', '2026-12-03T10:00 2026-12-03T11:00', '2026-12-05T10:00 2026-12-05T11:00'],
    ],
    ['one that is cancelled is none', 'DTSTART;VALUE=DATE:20261220\nSTATUS:CANCELLED', []],
  ])('%s', (_, lines, spans) => expect(spansIn(calendar(event(lines)))).toEqual(spans));

  it('an occurrence that was moved or cancelled is where it is now', () => {
    const series = event('DTSTART:20261201T100000Z\nDTEND:20261201T110000Z\nRRULE:FREQ=DAILY;COUNT=3');
    const moved = event('RECURRENCE-ID:20261202T100000Z\nDTSTART:20261202T150000Z\nDTEND:20261202T180000Z');
    const gone = event(
      'RECURRENCE-ID:20261203T100000Z\nDTSTART:20261203T100000Z\nDTEND:20261203T110000Z\nSTATUS:CANCELLED',
    );
    expect(spansIn(calendar(series, moved, gone))).toEqual([
      '2026-12-01T10:00 2026-12-01T11:00',
      '2026-12-02T15:00 2026-12-02T18:00',
    ]);
  });

  it('an occurrence without its series is an event', () => {
    const alone = event('RECURRENCE-ID:20261202T100000Z\nDTSTART:20261202T150000Z\nDTEND:20261202T180000Z');
    expect(spansIn(calendar(alone))).toEqual(['2026-12-02T15:00 2026-12-02T18:00']);
  });

  it('times that touch are one, so that the end that is said is the end', () => {
    const [one, two] = [
      event('DTSTART;VALUE=DATE:20261220\nDTEND;VALUE=DATE:20261224'),
      event('DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261227', 'b'),
    ];
    expect(spansIn(calendar(two, one))).toEqual(['2026-12-19T23:00 2026-12-26T23:00']);
  });

  it('a zone that the file defines itself', () => {
    const zone =
      'BEGIN:VTIMEZONE\nTZID:Office Time\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0300\nTZOFFSETTO:+0300\nEND:STANDARD\nEND:VTIMEZONE';
    expect(spansIn(calendar(zone, event('DTSTART;TZID=Office Time:20261220T180000\nDURATION:PT1H')))).toEqual([
      '2026-12-20T15:00 2026-12-20T16:00',
    ]);
  });
});

describe('an event without a name or an id', () => {
  const at = 'DTSTART:20261220T180000Z\nDTEND:20261220T200000Z';
  const namesIn = (text: string): unknown => {
    const read = readCalendar(text, PLACE);
    return 'problem' in read ? read.problem : read.spans.map(({ why }) => why);
  };

  it('has words all the same', () => {
    expect(namesIn(calendar(`BEGIN:VEVENT\n${at}\nEND:VEVENT`))).toEqual(['an event without a name']);
    expect(namesIn(calendar(`BEGIN:VEVENT\nSUMMARY: \nUID:e7\n${at}\nEND:VEVENT`))).toEqual(['e7']);
  });

  it('is not changed by the exception of another one without an id', () => {
    const weekly = `BEGIN:VEVENT\nSUMMARY:Freeze\n${at}\nRRULE:FREQ=WEEKLY;COUNT=2\nEND:VEVENT`;
    const other = `BEGIN:VEVENT\nSUMMARY:Other\nSTATUS:CANCELLED\nRECURRENCE-ID:20261220T180000Z\n${at}\nEND:VEVENT`;
    expect(namesIn(calendar(weekly, other))).toEqual(['Freeze', 'Freeze']);
  });

  it('nor is one that has an id, by what is cancelled of another', () => {
    const series = (uid: string, lines: string): string =>
      `BEGIN:VEVENT\nUID:${uid}\nSUMMARY:${uid}\n${at}\n${lines}\nEND:VEVENT`;
    const cancelled = series('standup', 'STATUS:CANCELLED\nRECURRENCE-ID:20261220T180000Z');
    const rule = 'RRULE:FREQ=WEEKLY;COUNT=2';
    expect(namesIn(calendar(series('freeze', rule), cancelled))).toEqual(['freeze', 'freeze']);
    expect(namesIn(calendar(series('standup', rule), cancelled))).toEqual(['standup']);
  });
});

describe('what is refused', () => {
  it.each([
    ['what is no calendar', 'freeze: yes\n', /cannot be read as a calendar|is no calendar/],
    ['an empty file', '', /cannot be read as a calendar|is no calendar/],
    [
      'a zone that no one knows',
      calendar(event('DTSTART;TZID=Mars/Base:20261220T180000\nDURATION:PT1H')),
      /time zone "Mars\/Base"/,
    ],
    ['an event without length', calendar(event('DTSTART:20261220T180000Z')), /without length: "Peak season"/],
    ['an event without a beginning', calendar(event('DURATION:PT1H')), /without DTSTART/],
    [
      'an event that comes every second',
      calendar(event('DTSTART:20261220T180000Z\nDURATION:PT1S\nRRULE:FREQ=SECONDLY')),
      /recurs too often/,
    ],
    [
      'an event of each day that never comes, for which the library looks without an end',
      calendar(event('DTSTART:20261220T180000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30')),
      /takes too long to read: does an event recur on a day that never comes/,
    ],
  ])('%s', (_, text, why) => expect(spansIn(text)[0]).toMatch(why));
});

const folder = mkdtempSync(path.join(tmpdir(), 'calendars-'));
afterAll(() => rmSync(folder, { recursive: true }));

const POLICY = changed(
  '  - name: Rest\n',
  `  - name: Frozen\n    when: '"peak" in freezes'\n    deny: Not now.\n  - name: Rest\n`,
);
const file = path.join(folder, 'latchkey.yml');
const frozen = (text: string): LoadedPolicy => load(text, { path: file });

it('a freeze follows its calendar, and one that is broken leaves what holds and says so', async () => {
  const text = `${POLICY}freezes: { peak: { ics: peak.ics } }\n`;
  const ics = path.join(folder, 'peak.ics');
  const days = (from: string, to: string): void =>
    writeFileSync(ics, calendar(event(`DTSTART;VALUE=DATE:${from}\nDTEND;VALUE=DATE:${to}`)));
  expect(frozen(text)).toMatchObject({ problems: [{ code: 'bad_calendar', path: 'freezes.peak.ics' }] });
  days('20261220', '20270104');
  writeFileSync(file, text);
  const first = frozen(text);
  if ('problems' in first) throw new Error(JSON.stringify(first.problems));
  const told: string[] = [];
  const source = createPolicySource(first.policy, {
    path: file,
    complete: (read) => Promise.resolve({ text: read }),
    load: (read) => frozen(read),
    onAdopted: () => Promise.resolve(void told.push('adopted')),
    onRejected: ([problem]) => Promise.resolve(void told.push(problem?.message ?? '')),
    onRestored: () => Promise.resolve(void told.push('restored')),
    onError: (error) => void told.push(String(error)),
  });
  const holds = (at: string): string[] => activeFreezes(source.current(), new Date(at));
  expect(holds('2026-12-24T12:00:00Z')).toEqual(['peak']);
  expect(freezeSentences(source.current(), ['peak'], new Date('2026-12-24T12:00:00Z'))).toEqual([
    'Freeze "peak" (Peak season) ends on Monday 4 January 2027, 00:00 (UTC).',
  ]);
  source.watch(20);
  // The first look of a watch is what changes are seen against.
  await source.reload();
  days('20261201', '20261202');
  await source.reload();
  expect(told).toEqual(['adopted']);
  expect(holds('2026-12-24T12:00:00Z')).toEqual([]);
  writeFileSync(ics, 'broken');
  await expect.poll(() => told.length, { timeout: 60_000 }).toBe(2);
  expect(told[1]).toContain('The calendar');
  expect(holds('2026-12-01T12:00:00Z')).toEqual(['peak']);
  days('20261201', '20261202');
  await expect.poll(() => told.length, { timeout: 60_000 }).toBe(3);
  expect(told[2]).toBe('restored');
  source.stop();
});
