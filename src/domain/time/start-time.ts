/** When access should begin: as people write it (`22:00`, `tomorrow 9:00`, `2026-12-01 22:00`, `2h`), and the instant it means. Pure. */
import { readDuration } from './durations.ts';

type Day = 'next' | 'today' | 'tomorrow' | { year: number; month: number; day: number };

/** `local` is a time on the clock of whoever wrote it; `next` is the next such time, today or tomorrow. */
export type StartWish =
  | { kind: 'after'; afterMs: number }
  | { kind: 'at'; at: Date }
  | { kind: 'local'; day: Day; hour: number; minute: number };

export type ReadStart =
  /** There is none: the text is about something else. */
  | { outcome: 'none' }
  | { outcome: 'read'; wish: StartWish; rest: string }
  /** Meant as a start, and none. */
  | { outcome: 'bad'; word: string };

/** A start further away is a plan, not an ask: rules and people change. */
export const START_MAX_MS = 30 * 86_400_000;

const CLOCK = /^(?:(today|tomorrow|\d{4}-\d{1,2}-\d{1,2})(?:\s+at)?[\sT]+)?(\d{1,2}):(\d{2})(?=\s|$)/i;
const MEANT = /^(?:(?:today|tomorrow)(?:\s|$)|[-+]?\d\S*)/i;

const dayOf = (word: string | undefined): Day | null => {
  if (word === undefined) return 'next';
  const lower = word.toLowerCase();
  if (lower === 'today' || lower === 'tomorrow') return lower;
  const [year = 0, month = 0, day = 0] = word.split('-').map(Number);
  const real = new Date(Date.UTC(year, month - 1, day));
  const isReal = real.getUTCMonth() === month - 1 && real.getUTCDate() === day;
  return isReal ? { year, month, day } : null;
};

const readClock = (text: string): { wish: StartWish; rest: string } | null => {
  const match = CLOCK.exec(text);
  if (!match) return null;
  const day = dayOf(match[1]);
  const [hour, minute] = [Number(match[2]), Number(match[3])];
  if (day === null || hour > 23 || minute > 59) return null;
  return { wish: { kind: 'local', day, hour, minute }, rest: text.slice(match[0].length).trim() };
};

/** Reads `from …` at the beginning of `text`. A reason may begin with "from" too: only what looks like a time is one. */
export const readStart = (text: string): ReadStart => {
  const from = /^from\s+(?:in\s+)?(?=\S)/i.exec(text);
  if (!from) return { outcome: 'none' };
  const after = text.slice(from[0].length);
  const clock = readClock(after);
  if (clock) return { outcome: 'read', ...clock };
  const [first = ''] = after.split(/\s/, 1);
  const afterMs = readDuration(first);
  if (afterMs !== null)
    return { outcome: 'read', wish: { kind: 'after', afterMs }, rest: after.slice(first.length).trim() };
  return MEANT.test(after) ? { outcome: 'bad', word: first } : { outcome: 'none' };
};

type Wall = { year: number; month: number; day: number; hour: number; minute: number };

const formats = new Map<string, Intl.DateTimeFormat>();

const formatOf = (timezone: string): Intl.DateTimeFormat => {
  const known = formats.get(timezone);
  if (known) return known;
  const options = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' } as const;
  const made = new Intl.DateTimeFormat('en-US', { ...options, timeZone: timezone, hourCycle: 'h23' });
  formats.set(timezone, made);
  return made;
};

const wallAt = (at: Date, timezone: string): Wall => {
  const parts = Object.fromEntries(
    formatOf(timezone)
      .formatToParts(at)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const { year = 0, month = 0, day = 0, hour = 0, minute = 0 } = parts;
  return { year, month, day, hour, minute };
};

const utcMs = ({ year, month, day, hour, minute }: Wall): number => Date.UTC(year, month - 1, day, hour, minute);

const offsetMs = (atMs: number, timezone: string): number =>
  utcMs(wallAt(new Date(atMs), timezone)) - Math.floor(atMs / 60_000) * 60_000;

/** A wall time that a change of the clocks leaves out is read as if the clocks had not changed yet; one that comes twice is the first. */
const instantAt = (wall: Wall, timezone: string): Date => {
  const guess = utcMs(wall);
  const before = guess - offsetMs(guess - 86_400_000, timezone);
  const after = guess - offsetMs(guess + 86_400_000, timezone);
  const isAt = (ms: number): boolean => utcMs(wallAt(new Date(ms), timezone)) === guess;
  if (isAt(before)) return new Date(before);
  return new Date(isAt(after) ? after : before);
};

const isZone = (timezone: string): boolean => {
  try {
    return formatOf(timezone) !== undefined;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
};

type Clock = {
  now: Date;
  /** IANA names, the first known one counts; UTC when none is. */ timezones: (string | null)[];
};

/** The instant a wish means. It may lie in the past; whoever asks says so. */
export const resolveStart = (wish: StartWish, { now, timezones }: Clock): Date => {
  if (wish.kind === 'at') return wish.at;
  if (wish.kind === 'after') return new Date(now.getTime() + wish.afterMs);
  const timezone = timezones.find((one): one is string => one !== null && isZone(one)) ?? 'UTC';
  const { day, hour, minute } = wish;
  if (typeof day === 'object') return instantAt({ ...day, hour, minute }, timezone);
  const today = wallAt(now, timezone);
  const onDay = (more: number): Date => {
    const { year, month, day: date } = today;
    const shifted = new Date(Date.UTC(year, month - 1, date + more));
    const wall = { year: shifted.getUTCFullYear(), month: shifted.getUTCMonth() + 1, day: shifted.getUTCDate() };
    return instantAt({ ...wall, hour, minute }, timezone);
  };
  if (day === 'tomorrow') return onDay(1);
  const first = onDay(0);
  return day === 'next' && first <= now ? onDay(1) : first;
};
