/** A day as people type it: `today`, `tomorrow`, `tonight`, `Monday`, `2026-12-01`. Pure. */
import type { Token } from './tokens.ts';

/** `weekday`: 1 is Monday, as in ISO 8601. */
export type Day =
  | { kind: 'today' | 'tomorrow' | 'tonight' }
  | { kind: 'weekday'; weekday: number }
  | { kind: 'date'; year: number; month: number; day: number };

export type DayAt =
  | { outcome: 'none' }
  | { outcome: 'read'; day: Day; next: number }
  /** Meant as a day, and none, or one that may be two: `next Monday`, `24.12.2026`, `2026-02-30`. */
  | { outcome: 'bad' };

const WEEKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];
const SHORT = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const ODD: Record<string, number> = { tues: 2, weds: 3, thur: 4, thurs: 4 };
const MONTH =
  /^(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)$/;
const DATE = /^(\d{4})-(\d{1,2})-(\d{1,2})$/;
const OTHER_DATE = /^\d{1,4}[./-]\d{1,2}(?:[./-]\d{2,4})?$/;
const DAY_NUMBER = /^\d{1,2}(?:st|nd|rd|th)?$/;

const ownOdd = (word: string): number => (Object.hasOwn(ODD, word) ? (ODD[word] ?? 0) : 0);

/** 0 where it names none. */
export const weekdayOf = (word: string): number =>
  WEEKDAYS.indexOf(word) + 1 || SHORT.indexOf(word) + 1 || ownOdd(word);

/** `Monday's`, `mondays`: speaks of a day and names none to begin on. */
export const namesDay = (word: string): boolean =>
  /^(?:today|tonight|tomorrow)(?:'s)?$/.test(word) ||
  WEEKDAYS.some((day) => word === day || word === `${day}s` || word === `${day}'s`);

const dateOf = (match: RegExpExecArray, next: number): DayAt => {
  const [year = 0, month = 0, day = 0] = match.slice(1).map(Number);
  const real = new Date(Date.UTC(year, month - 1, day));
  const isReal = real.getUTCFullYear() === year && real.getUTCMonth() === month - 1 && real.getUTCDate() === day;
  return isReal ? { outcome: 'read', day: { kind: 'date', year, month, day }, next } : { outcome: 'bad' };
};

/** `24 December`, `Dec 24th`. */
const isMonthDay = (word: string, behind: string): boolean =>
  (MONTH.test(word) && DAY_NUMBER.test(behind)) || (DAY_NUMBER.test(word) && MONTH.test(behind));

export const dayAt = (tokens: readonly Token[], at: number): DayAt => {
  const word = tokens[at]?.norm ?? '';
  const behind = tokens[at + 1]?.norm ?? '';
  const next = at + 1;
  if (word === 'today' || word === 'tomorrow' || word === 'tonight')
    return { outcome: 'read', day: { kind: word }, next };
  const weekday = weekdayOf(word);
  if (weekday > 0) return { outcome: 'read', day: { kind: 'weekday', weekday }, next };
  const date = DATE.exec(word);
  if (date) return dateOf(date, next);
  if (word === 'this' && weekdayOf(behind) > 0) return dayAt(tokens, next);
  // Of two people one means the coming Monday by it, and the other the one after.
  if (word === 'next' && /^(?:week|weekend|month|day|year|morning|evening|night)$/.test(behind))
    return { outcome: 'bad' };
  if (word === 'next' && (weekdayOf(behind) > 0 || namesDay(behind))) return { outcome: 'bad' };
  return OTHER_DATE.test(word) || isMonthDay(word, behind) ? { outcome: 'bad' } : { outcome: 'none' };
};
