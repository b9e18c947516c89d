/** Whatever is typed in the grammar of times means what Temporal says, leaves nothing to the reason, and never becomes "at once". */
import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { describe, expect, it } from 'vitest';
import { isDomainError } from '../../../src/domain/errors.ts';
import { resolveStart } from '../../../src/domain/time/start.ts';
import { readUntil } from '../../../src/domain/time/until.ts';
import { parseRequestLine } from '../../../src/slack/door/commands/parse-request.ts';
import { readExtendLine } from '../../../src/slack/door/commands/extend.ts';
import { POLICY, policyOf } from '../../slack/rig.ts';

const policy = policyOf(POLICY);
const REASON = 'repair the order by hand';
const RUNS = { numRuns: 1_500 };

const zones = fc.constantFrom(
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
  'Pacific/Apia',
  'America/St_Johns',
  'UTC',
);
const nows = fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2030, 11, 31) }).map((ms) => new Date(ms));
const two = (value: number): string => String(value).padStart(2, '0');
/** As it may be typed: any case, full-width digits, other blanks. */
const dressed = (text: string) =>
  fc
    .record({ upper: fc.boolean(), wide: fc.boolean(), blank: fc.constantFrom(' ', '\u00a0', '  ', '\u3000') })
    .map(({ upper, wide, blank }) => {
      const cased = upper ? text.toUpperCase() : text;
      const digits = wide ? cased.replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit))) : cased;
      return digits.replace(/ /g, blank);
    });

type Clock = { hour: number; minute: number; text: string };
const clocks: fc.Arbitrary<Clock> = fc
  .record({
    hour: fc.integer({ min: 0, max: 23 }),
    minute: fc.integer({ min: 0, max: 59 }),
    form: fc.integer({ min: 0, max: 4 }),
  })
  .map(({ hour, minute, form }) => {
    const half = hour < 12 ? 'am' : 'pm';
    const short = `${hour % 12 || 12}:${two(minute)}`;
    const texts = [
      `${hour}:${two(minute)}`,
      `${two(hour)}:${two(minute)}`,
      `${short}${half}`,
      `${short} ${half}`,
      `${short} ${half[0] ?? ''}.m.`,
    ];
    return { hour, minute, text: texts[form] ?? '' };
  });
/** Each with the id by which Temporal knows it. */
const typedZones = fc.constantFrom(
  { text: '', id: null },
  { text: 'UTC', id: 'UTC' },
  { text: 'Z', id: 'UTC' },
  { text: '+05:45', id: '+05:45' },
  { text: 'UTC-3', id: '-03:00' },
  { text: 'Europe/Berlin', id: 'Europe/Berlin' },
  { text: 'America/New_York', id: 'America/New_York' },
);
const NAMES = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];
const days = fc.oneof(
  fc.constant({ text: '', kind: 'none' as const }),
  fc.record({ weekday: fc.integer({ min: 1, max: 7 }), isShort: fc.boolean() }).map(({ weekday, isShort }) => ({
    text: (NAMES[weekday - 1] ?? '').slice(0, isShort ? 3 : undefined),
    kind: 'weekday' as const,
    weekday,
  })),
  fc
    .record({ year: fc.integer({ min: 2026, max: 2032 }), day: fc.integer({ min: 0, max: 364 }) })
    .map(({ year, day }) => {
      const date = Temporal.PlainDate.from({ year, month: 1, day: 1 }).add({ days: day });
      return { text: date.toString(), kind: 'date' as const, date };
    }),
);
type Day = typeof days extends fc.Arbitrary<infer T> ? T : never;

/** The first such time after now, by Temporal alone; one that comes twice is the earlier, one that is left out is moved on. */
const model = (day: Day, clock: Clock, { zone, now }: { zone: string; now: Date }): number => {
  const today = Temporal.Instant.fromEpochMilliseconds(now.getTime()).toZonedDateTimeISO(zone).toPlainDate();
  const at = (date: Temporal.PlainDate): number =>
    date
      .toPlainDateTime({ hour: clock.hour, minute: clock.minute })
      .toZonedDateTime(zone, { disambiguation: 'compatible' }).epochMilliseconds;
  if (day.kind === 'date') return at(day.date);
  for (let more = 0; more < 9; more += 1) {
    const date = today.add({ days: more });
    if ((day.kind === 'none' || date.dayOfWeek === day.weekday) && at(date) > now.getTime()) return at(date);
  }
  throw new Error('there is no such day');
};

const line = (text: string) => parseRequestLine(policy, `orders-db read ${text}`);

describe('times in the grammar', () => {
  it('a start is the instant that Temporal gives, and the reason stays as it was', () => {
    const cases = fc
      .record({
        day: days,
        clock: clocks,
        zone: typedZones,
        own: zones,
        now: nows,
        isAfter: fc.boolean(),
        hasAt: fc.boolean(),
      })
      .chain((one) => {
        const { day, clock, zone, isAfter, hasAt } = one;
        const timed = `${clock.text} ${zone.text}`.trim();
        const parts = isAfter ? [timed, day.text] : [day.text, hasAt && day.text !== '' ? 'at' : '', timed];
        return dressed(`from ${parts.filter(Boolean).join(' ')}`).map((text) => ({ ...one, text }));
      });
    fc.assert(
      fc.property(cases, ({ text, day, clock, zone, own, now }) => {
        const read = line(`30m ${text} ${REASON}`);
        if (!read.isRead || !read.line.start) throw new Error(`${text}: not read`);
        expect(read.line.reason).toBe(REASON);
        const at = resolveStart(read.line.start, { now, timezones: [own] });
        expect(at.getTime()).toBe(model(day, clock, { zone: zone.id ?? own, now }));
      }),
      RUNS,
    );
  });

  it('until is the same instant, where it lies ahead', () => {
    fc.assert(
      fc.property(days, clocks, fc.record({ own: zones, now: nows }), (day, clock, { own, now }) => {
        fc.pre(day.kind !== 'none');
        const at = model(day, clock, { zone: own, now });
        const read = readUntil(`until ${day.text} ${clock.text}`, { now, timezone: own });
        const problem = at <= now.getTime() ? 'past' : 'too_long';
        expect('until' in read ? read.until.getTime() : read.problem).toBe('until' in read ? at : problem);
      }),
      RUNS,
    );
  });

  const UNITS = [
    ['w', 'week', 'weeks'],
    ['d', 'day', 'days'],
    ['h', 'hr', 'hours'],
    ['m', 'min', 'minutes'],
    ['s', 'sec', 'seconds'],
  ] as const;
  const MS = [604_800_000, 86_400_000, 3_600_000, 60_000, 1_000];
  const durations = fc
    .record({
      amounts: fc.array(fc.integer({ min: 0, max: 99 }), { minLength: 5, maxLength: 5 }),
      kept: fc.subarray([0, 1, 2, 3, 4], { minLength: 1, maxLength: 3 }),
      form: fc.integer({ min: 0, max: 2 }),
      join: fc.constantFrom('', ' ', ', ', ' and '),
      gap: fc.constantFrom('', ' '),
    })
    .filter(({ amounts, kept }) => kept.every((unit) => (amounts[unit] ?? 0) > 0))
    .map(({ amounts, kept, form, join, gap }) => ({
      ms: kept.reduce((sum, unit) => sum + (amounts[unit] ?? 0) * (MS[unit] ?? 0), 0),
      // Words that touch are read only where they are single letters.
      text: kept
        .map((unit) => `${amounts[unit] ?? 0}${gap}${UNITS[unit]?.[form] ?? ''}`)
        .join(gap === ' ' && join === '' ? ' ' : join),
    }));

  it('a duration is the sum of its parts, and the reason stays as it was', () => {
    const cases = durations.chain(({ ms, text }) => dressed(text).map((typed) => ({ ms, typed })));
    fc.assert(
      fc.property(cases, ({ ms, typed }) => {
        expect(line(`${typed} ${REASON}`)).toMatchObject({ isRead: true, line: { durationMs: ms, reason: REASON } });
        expect(readExtendLine(`${typed} ${REASON}`)).toEqual({ id: null, byMs: ms, reason: REASON });
        const now = new Date('2026-11-22T14:00:00Z');
        const read = readUntil(typed, { now, timezone: 'UTC' });
        expect('until' in read ? read.until.getTime() - now.getTime() : read.problem).toBe(
          'until' in read ? ms : 'too_long',
        );
      }),
      RUNS,
    );
  });
});

const TIME_WORDS = [
  '2:00',
  '22:00',
  '9am',
  'pm',
  '2 p.m.',
  'UTC',
  'CET',
  'IST',
  '+02:00',
  'Monday',
  'fri',
  'tomorrow',
  'tonight',
  'noon',
  'midnight',
  'next',
  '2026-12-01',
  '24.12.2026',
  '12/24',
  '30m',
  '1h',
  '2 hours',
  'at',
  'on',
  'in',
  'to',
  'until',
  '-',
  'Europe/Berlin',
  '25:00',
  '9',
];
const LEFT =
  /(?:^|\s)(?:\d{1,2}:\d{2}|\d+[ap]m|pm|monday|fri|tomorrow|tonight|noon|midnight|utc|cet|ist|europe\/berlin|\+02:00|30m|1h)(?=\s|$)/i;

it('any words of a time behind "from" are understood whole or refused: never at once, never left to the reason', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...TIME_WORDS), { minLength: 1, maxLength: 5 }), (words) => {
      const said = words.join(' ');
      fc.pre(/\d|day|fri|to(?:morrow|night)|noon|midnight|next/i.test(words[0] ?? ''));
      const read = line(`30m from ${said} ${REASON}`);
      expect(read.isRead ? read.line.start : read.problem.suggestions[0]).toBeTruthy();
      const left = read.isRead ? read.line.reason : '';
      expect(left.split(' ').slice(0, 2).join(' ')).not.toMatch(LEFT);
    }),
    { numRuns: 5_000 },
  );
});

const KNOWN = /^(?:answered|zone_mismatch|day_unclear)$/;
const codeOf = (read: () => unknown): string => {
  try {
    read();
    return 'answered';
  } catch (error) {
    return isDomainError(error) ? error.code : String(error);
  }
};

it('whatever is typed is answered', () => {
  const word = fc.oneof(
    fc.constantFrom(...TIME_WORDS, 'from', 'for', '"', 'and', REASON),
    fc.string({ unit: 'grapheme', maxLength: 12 }),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 9 }), nows, (words, now) => {
      const text = words.join(' ');
      const read = line(text);
      expect(read.isRead ? typeof read.line.reason : read.problem.code).toMatch(/^(?:string|bad_\w+)$/);
      expect(readExtendLine(text)).toBeTypeOf('object');
      const start = read.isRead ? read.line.start : null;
      expect(codeOf(() => readUntil(text, { now, timezone: 'Europe/Berlin' }))).toMatch(KNOWN);
      expect(codeOf(() => start && resolveStart(start, { now, timezones: ['Europe/Berlin'] }))).toMatch(KNOWN);
    }),
    { numRuns: 3_000 },
  );
});
