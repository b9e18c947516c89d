/** Calendars that other teams export: read, or refused with a sentence, and never for ever. */
import fc from 'fast-check';
import { describe } from 'vitest';
import { readCalendar } from '../../src/config/calendar-file.ts';
import { claim, saysNothingOfTheInside } from './claims.ts';
import { fuzz } from './door.ts';
import { textsLike } from './texts.ts';

const NOW = new Date('2026-11-29T20:00:00Z');
const eventOf = (...lines: string[]): string =>
  [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'BEGIN:VEVENT',
    'UID:a',
    'SUMMARY:Peak season',
    ...lines,
    'END:VEVENT',
    'END:VCALENDAR',
    '',
  ].join('\r\n');

const SEEDS = [
  eventOf('DTSTART;VALUE=DATE:20261220', 'DTEND;VALUE=DATE:20270104'),
  eventOf(
    'DTSTART;TZID=Europe/Berlin:20261220T180000',
    'DURATION:PT1H',
    'RRULE:FREQ=WEEKLY;BYDAY=FR;COUNT=10',
    'EXDATE;TZID=Europe/Berlin:20261225T180000',
  ),
  eventOf(
    'DTSTART:20261220T180000Z',
    'DTEND:20261220T190000Z',
    'RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH',
    'RDATE:20270101T000000Z',
  ),
  eventOf('DTSTART:20261220T180000Z', 'DTEND:20261220T190000Z', 'STATUS:CANCELLED'),
];
const WORDS = [
  ...[
    'BEGIN:VEVENT',
    'END:VEVENT',
    'RRULE:',
    'FREQ=DAILY',
    'FREQ=MONTHLY',
    'BYMONTHDAY=30',
    'BYMONTH=2',
    'INTERVAL=0',
    'UNTIL=20270101',
  ],
  ...[
    'RECURRENCE-ID:20261220T180000Z',
    'DTSTART:',
    'DURATION:-PT1H',
    'TZID=Mars/Base:',
    'VALUE=DATE:',
    '\r\n',
    '\r\n ',
    '99999999T999999Z',
  ],
];

const rule = fc
  .record(
    {
      FREQ: fc.constantFrom('DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'),
      INTERVAL: fc.constantFrom('0', '1', '2', '13', '-1'),
      COUNT: fc.constantFrom('0', '1', '7', '100000'),
      BYMONTH: fc.constantFrom('1', '2', '2,6', '13'),
      BYMONTHDAY: fc.constantFrom('1', '-1', '30', '31', '29,30'),
      BYDAY: fc.constantFrom('MO', '-1FR', '5MO', 'SA,SU'),
      BYYEARDAY: fc.constantFrom('1', '-1', '366'),
      BYWEEKNO: fc.constantFrom('1', '53'),
      BYSETPOS: fc.constantFrom('1', '-1', '40'),
    },
    { requiredKeys: ['FREQ'] },
  )
  .map((parts) =>
    eventOf(
      'DTSTART:20261220T180000Z',
      'DURATION:PT1H',
      `RRULE:${Object.entries(parts)
        .map(([name, value]) => `${name}=${value}`)
        .join(';')}`,
    ),
  );

const read = (text: string): void => {
  const found = readCalendar(text, { timezone: 'Europe/Berlin', now: NOW });
  if ('problem' in found) {
    saysNothingOfTheInside(found.problem, text);
    return claim(found.problem.length).toBeLessThan(500);
  }
  let before = -Infinity;
  for (const { from, to, why } of found.spans) {
    claim([Number.isNaN(from.getTime()), from.getTime() > before, to > from]).toEqual([false, true, true]);
    claim(why.length).toBeLessThanOrEqual(4_000);
    before = to.getTime();
  }
};

describe('a calendar', () => {
  // The reading of one ends after ten seconds.
  fuzz({
    name: 'calendar file',
    share: 10,
    cpuMaxMs: 12_000,
    inputs: textsLike({ seeds: SEEDS, words: WORDS }),
    run: read,
  });
  fuzz({ name: 'recurrence of a calendar', share: 1, cpuMaxMs: 12_000, inputs: rule, run: read });
});
