/** Reads until when somebody is away, as people say it: `3d`, `until Friday`, `until 2026-12-24 14:00`, `until tomorrow`, in their time zone. */
import { readDuration } from './durations.ts';

export type ReadUntil = { until: Date } | { problem: 'unreadable' | 'past' | 'too_long' };

const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const DAY_MS = 86_400_000;
const LONGEST_MS = 366 * DAY_MS;

/** A day and a time on the wall, nowhere in particular. */
type Wall = { year: number; month: number; day: number; hour: number; minute: number };

const formatter = (timezone: string): Intl.DateTimeFormat => {
  const parts = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' } as const;
  const options = { ...parts, hourCycle: 'h23', calendar: 'iso8601', numberingSystem: 'latn' } as const;
  try {
    return new Intl.DateTimeFormat('en', { ...options, timeZone: timezone });
  } catch (error) {
    // Slack knows zones that this build of Node may not.
    if (!(error instanceof RangeError)) throw error;
    return new Intl.DateTimeFormat('en', { ...options, timeZone: 'UTC' });
  }
};

const wallAt = (at: Date, timezone: string): Wall => {
  const found = new Map(
    formatter(timezone)
      .formatToParts(at)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const part = (name: Intl.DateTimeFormatPartTypes): number => found.get(name) ?? 0;
  return { year: part('year'), month: part('month'), day: part('day'), hour: part('hour'), minute: part('minute') };
};

const asUtcMs = ({ year, month, day, hour, minute }: Wall): number => Date.UTC(year, month - 1, day, hour, minute);

/** The moment when the clocks there show this. Twice, because the offset may differ between the guess and the answer; a time that is skipped in spring becomes the one after. */
const momentOf = (wall: Wall, timezone: string): Date => {
  const wanted = asUtcMs(wall);
  let guess = wanted;
  for (let round = 0; round < 2; round += 1) guess += wanted - asUtcMs(wallAt(new Date(guess), timezone));
  return new Date(guess);
};

const daysLater = (wall: Wall, days: number): Wall => {
  const date = new Date(Date.UTC(wall.year, wall.month - 1, wall.day + days));
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate(), hour: 0, minute: 0 };
};

const ISO_DAY = /^(\d{4})-(\d{1,2})-(\d{1,2})$/;

const isoDay = (word: string): Wall | null => {
  const match = ISO_DAY.exec(word);
  if (!match) return null;
  const [year = 0, month = 0, day = 0] = match.slice(1).map(Number);
  const wall = { year, month, day, hour: 0, minute: 0 };
  const date = new Date(asUtcMs(wall));
  const isReal = date.getUTCMonth() + 1 === month && date.getUTCDate() === day;
  return isReal ? wall : null;
};

/** A weekday is the next one, never today: whoever says it on that day means the week after. */
const dayOf = (word: string, today: Wall): Wall | null => {
  if (word === 'today') return today;
  if (word === 'tomorrow') return daysLater(today, 1);
  const index = word.length < 3 ? -1 : WEEKDAYS.findIndex((name) => name.startsWith(word));
  if (index < 0) return isoDay(word);
  const now = new Date(asUtcMs(today)).getUTCDay();
  return daysLater(today, (index - now + 7) % 7 || 7);
};

const TIME = /^(\d{1,2}):(\d{2})$/;

const timeOf = (word: string): { hour: number; minute: number } | null => {
  const match = TIME.exec(word);
  const [hour, minute] = [Number(match?.[1]), Number(match?.[2])];
  return match && hour <= 23 && minute <= 59 ? { hour, minute } : null;
};

const momentSaid = (words: string[], now: Date, timezone: string): Date | null => {
  const today = { ...wallAt(now, timezone), hour: 0, minute: 0 };
  const [first = '', second] = words;
  if (words.length > 2) return null;
  const alone = timeOf(first);
  if (alone) return second === undefined ? momentOf({ ...today, ...alone }, timezone) : null;
  const day = dayOf(first, today);
  const time = second === undefined ? { hour: 0, minute: 0 } : timeOf(second);
  return day && time ? momentOf({ ...day, ...time }, timezone) : null;
};

/** A day alone is its beginning: `until Friday` is back on Friday. `timezone` is an IANA name; one that nobody knows counts as UTC. */
export const readUntil = (text: string, { now, timezone }: { now: Date; timezone: string }): ReadUntil => {
  const words = text
    .trim()
    .toLowerCase()
    .replace(/[,.]+(?=\s|$)/g, '')
    .split(/\s+/)
    .filter((word) => word !== 'until' && word !== 'till' && word !== 'for' && word !== 'at' && word !== '');
  const durationMs = words.length === 1 ? readDuration(words[0] ?? '') : null;
  const until = durationMs === null ? momentSaid(words, now, timezone) : new Date(now.getTime() + durationMs);
  if (!until || Number.isNaN(until.getTime())) return { problem: 'unreadable' };
  if (until <= now) return { problem: 'past' };
  return until.getTime() - now.getTime() > LONGEST_MS ? { problem: 'too_long' } : { until };
};
