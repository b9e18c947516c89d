/** The sections `windows` and `freezes` of `latchkey.yml`. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Temporal } from 'temporal-polyfill';
import { z } from 'zod';
import type { Calendar, Freeze, Window } from '../domain/policy/calendar.ts';
import type { Policy } from '../domain/policy/types.ts';
import { isKnownTimezone } from '../domain/time/instant.ts';
import { readCalendar } from './calendar-file.ts';
import { record } from './record.ts';
import type { Report } from './report.ts';
import { name, reference, someOf, text } from './policy-words.ts';

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
const CLOCK = /^(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/;
const MOMENT = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})?)?$/;

const clock = z.string('must be a time in quotes, as "22:00"').regex(CLOCK, 'must be a time from "00:00" to "24:00"');

const window = z.strictObject(
  {
    days: someOf(z.enum(DAYS, `must be one of ${DAYS.join(', ')}`), 'weekdays').optional(),
    from: clock,
    to: clock,
  },
  'must be a window, as { days: [mon, tue], from: "22:00", to: "02:00" }',
);

const moment = z
  .string('must be a day or a time, as 2026-12-20 or "2026-12-20T18:00"')
  .regex(MOMENT, 'must be a day or a time, as 2026-12-20 or "2026-12-20T18:00"');

const freeze = z.strictObject(
  {
    from: moment.optional(),
    to: moment.optional(),
    why: text(200, 'a few words for people').optional(),
    ics: text(1000, 'the name of a calendar file').optional(),
    override: someOf(reference, 'groups or people').optional(),
  },
  'must be a freeze, as { from: 2026-12-20, to: 2027-01-04, why: Change freeze } or { ics: freezes.ics }',
);

export const windows = z.record(name, window, 'must hold windows by name');
export const freezes = z.record(name, freeze, 'must hold freezes by name');

type Sections = {
  windows?: z.infer<typeof windows> | undefined;
  freezes?: z.infer<typeof freezes> | undefined;
};

const minuteOf = (shown: string): number => {
  const [hour = 0, minute = 0] = shown.split(':').map(Number);
  return hour * 60 + minute;
};

const windowOf = ({ days = [...DAYS], from, to }: z.infer<typeof window>): Window => ({
  days: [...new Set(days.map((day) => DAYS.indexOf(day) + 1))].sort((a, b) => a - b),
  fromMinute: minuteOf(from),
  toMinute: minuteOf(to),
});

/** The instant; null where there is no such day or time. Without an offset it is one of the policy's time zone. */
const instantOf = (shown: string, timezone: string): Date | null => {
  try {
    if (/(?:Z|[+-]\d{2}:\d{2})$/.test(shown) && shown.includes('T'))
      return new Date(Temporal.Instant.from(shown).epochMilliseconds);
    return new Date(Temporal.PlainDateTime.from(shown).toZonedDateTime(timezone).epochMilliseconds);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
};

/** Stands in for one that is refused, so that a rule that names it is no second problem. */
const never = (why: string): Freeze => ({ from: new Date(0), to: new Date(0), why });

type Written = { from: string; to: string; why: string };
type Freezing<Shape> = { shape: Shape; timezone: string; name: string; report: Report };

const freezeOf = ({ shape, timezone, name: called, report }: Freezing<Written>): Freeze => {
  const [from, to] = [instantOf(shape.from, timezone), instantOf(shape.to, timezone)];
  for (const key of ['from', 'to'] as const) {
    if ((key === 'from' ? from : to) === null)
      report.refuse('bad_freeze', ['freezes', called, key], `"${shape[key]}" is no day or time; correct it.`);
  }
  if (from === null || to === null) return never(shape.why);
  if (to > from) return { from, to, why: shape.why };
  const message = `Freeze "${called}" ends at ${shape.to}, and begins at ${shape.from}: it would never hold. "to" is the first day after it.`;
  report.refuse('bad_freeze', ['freezes', called, 'to'], message);
  return never(shape.why);
};

type Built = Pick<Calendar, 'windows' | 'freezes'> & Pick<Policy, 'calendars' | 'overrides'>;

const BYTES_MAX = 1024 * 1024;

const readText = (file: string): { text: string } | { problem: string } => {
  try {
    const bytes = readFileSync(file);
    if (bytes.length > BYTES_MAX) return { problem: `is larger than ${BYTES_MAX / 1024} KiB` };
    return { text: bytes.toString('utf8') };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : null;
    if (code === null) throw error;
    return { problem: code === 'ENOENT' ? 'is not there' : `cannot be read (${code})` };
  }
};

type Reading = Freezing<{ ics: string; why?: string | undefined }> & { file: string; calendars: Built['calendars'] };

/** Beside the policy file, unless its whole path is given. */
const calendarOf = ({ shape, timezone, name: called, report, file, calendars }: Reading): Freeze[] => {
  const where = path.resolve(path.dirname(path.resolve(file)), shape.ics);
  const read = readText(where);
  const found = 'problem' in read ? read : readCalendar(read.text, { timezone, now: new Date() });
  const sha256 = 'problem' in read ? '' : createHash('sha256').update(read.text).digest('hex');
  calendars[called] = { file: where, sha256 };
  const place = ['freezes', called, 'ics'];
  if ('problem' in found) {
    report.refuse(
      'bad_calendar',
      place,
      `The calendar ${where} of the freeze "${called}" ${found.problem}; correct it.`,
    );
    return [];
  }
  if (found.spans.length === 0)
    report.warn(
      'empty_calendar',
      place,
      `The calendar ${where} has no event in the two years ahead or back, so the freeze "${called}" never holds.`,
    );
  const { why } = shape;
  return why === undefined ? found.spans : found.spans.map((span) => ({ ...span, why }));
};

const spansOf = (freezing: Freezing<z.infer<typeof freeze>> & Pick<Reading, 'file' | 'calendars'>): Freeze[] => {
  const { shape, name: called, report } = freezing;
  const { from, to, why, ics } = shape;
  if (ics !== undefined) {
    const useless = (['from', 'to'] as const).filter((key) => shape[key] !== undefined);
    for (const key of useless) {
      const message = `"${key}" means nothing in a freeze by a calendar; remove it.`;
      report.refuse('useless_key', ['freezes', called, key], message);
    }
    if (useless.length > 0) return [];
    return calendarOf({ ...freezing, shape: { ics, why } });
  }
  if (from !== undefined && to !== undefined && why !== undefined)
    return [freezeOf({ ...freezing, shape: { from, to, why } })];
  for (const key of ['from', 'to', 'why'] as const)
    if (shape[key] === undefined)
      report.refuse(
        'bad_freeze',
        ['freezes', called, key],
        `"${key}" is missing; a freeze has from, to and why, or ics with a calendar file.`,
      );
  return [];
};

/** A time zone that is none is refused elsewhere; UTC stands in for it, so that everything else is checked too. */
export const buildCalendar = (
  sections: Sections,
  { timezone, report, file }: { timezone: string; report: Report; file: string },
): Built => {
  const zone = isKnownTimezone(timezone) ? timezone : 'UTC';
  const calendars: Built['calendars'] = record([]);
  for (const [called, { from, to }] of Object.entries(sections.windows ?? {})) {
    if (from !== to && from !== '24:00') continue;
    const message = `Window "${called}" has no length from ${from} to ${to}; write from: "00:00", to: "24:00" for a whole day.`;
    report.refuse('bad_window', ['windows', called, 'to'], message);
  }
  return {
    windows: record(Object.entries(sections.windows ?? {}).map(([called, shape]) => [called, windowOf(shape)])),
    freezes: record(
      Object.entries(sections.freezes ?? {}).map(([called, shape]) => [
        called,
        spansOf({ shape, timezone: zone, name: called, report, file, calendars }),
      ]),
    ),
    calendars,
    overrides: record(
      Object.entries(sections.freezes ?? {}).flatMap(([called, { override }]) =>
        override === undefined ? [] : [[called, override] as const],
      ),
    ),
  };
};
