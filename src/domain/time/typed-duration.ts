/** Durations as people type them: `30m`, `1h 30m`, `1 hour and 30 minutes`, `1.5h`, `1h30`. Pure. */
import { tokensOf } from './tokens.ts';
import type { Token } from './tokens.ts';

const SECOND_MS = 1_000;
const UNITS: readonly { ms: number; words: readonly string[] }[] = [
  { ms: 604_800 * SECOND_MS, words: ['w', 'wk', 'wks', 'week', 'weeks'] },
  { ms: 86_400 * SECOND_MS, words: ['d', 'day', 'days'] },
  { ms: 3_600 * SECOND_MS, words: ['h', 'hr', 'hrs', 'hour', 'hours'] },
  { ms: 60 * SECOND_MS, words: ['m', 'min', 'mins', 'minute', 'minutes'] },
  { ms: SECOND_MS, words: ['s', 'sec', 'secs', 'second', 'seconds'] },
];
const UNIT_MS = new Map(UNITS.flatMap(({ ms, words }) => words.map((word) => [word, ms] as const)));
const HOUR_MS = 3_600 * SECOND_MS;

const PART = /^(\d{1,6}(?:[.,]\d{1,3})?)([a-z]+)/;
/** The minutes of `1h30`. */
const BARE_MINUTES = /^[0-5]\d$/;
const NUMBER = /^\d{1,6}(?:[.,]\d{1,3})?$/;
const JOINS = new Set(['and', '&', '+', ',']);

type Part = { ms: number; unitMs: number };
type Parts = { parts: Part[]; next: number };

const partOf = (amount: string, unitMs: number): Part => ({
  ms: Math.round(Number(amount.replace(',', '.')) * unitMs),
  unitMs,
});

/** All of `1h30m`; null when any of it is something else. */
const compact = (word: string): Part[] | null => {
  const parts: Part[] = [];
  let rest = word;
  while (rest !== '') {
    const [whole = '', amount = '', unit = ''] = PART.exec(rest) ?? [];
    const unitMs = UNIT_MS.get(unit);
    if (unitMs === undefined)
      return parts.at(-1)?.unitMs === HOUR_MS && BARE_MINUTES.test(rest) ? [...parts, partOf(rest, 60_000)] : null;
    parts.push(partOf(amount, unitMs));
    rest = rest.slice(whole.length);
  }
  return parts.length > 0 ? parts : null;
};

/** One word, or a number and its unit. */
const partsAt = (tokens: readonly Token[], at: number): Parts | null => {
  const word = tokens[at]?.norm ?? '';
  const alone = compact(word);
  if (alone) return { parts: alone, next: at + 1 };
  const unitMs = NUMBER.test(word) ? UNIT_MS.get(tokens[at + 1]?.norm ?? '') : undefined;
  return unitMs === undefined ? null : { parts: [partOf(word, unitMs)], next: at + 2 };
};

export type DurationAt =
  | { outcome: 'none' }
  | { outcome: 'read'; ms: number; next: number }
  /** Meant as a duration, and none: zero, or two that do not add up. */
  | { outcome: 'bad' };

const totalOf = (parts: readonly Part[]): number | null => {
  const isDescending = parts.every(({ unitMs }, index) => index === 0 || unitMs < (parts[index - 1]?.unitMs ?? 0));
  const ms = parts.reduce((sum, part) => sum + part.ms, 0);
  return isDescending && ms > 0 && Number.isSafeInteger(ms) && ms % SECOND_MS === 0 ? ms : null;
};

/** Reads a duration at `at`: as many words as belong to it, and no two durations. */
export const durationAt = (tokens: readonly Token[], at: number): DurationAt => {
  const first = partsAt(tokens, at);
  if (!first) return { outcome: 'none' };
  const all = [...first.parts];
  let { next } = first;
  for (;;) {
    const joined = JOINS.has(tokens[next]?.norm ?? '') || tokens[next]?.norm === '' ? next + 1 : next;
    const more = partsAt(tokens, joined);
    if (!more) break;
    all.push(...more.parts);
    next = more.next;
  }
  const ms = totalOf(all);
  return ms === null ? { outcome: 'bad' } : { outcome: 'read', ms, next };
};

const WORDS = new Set('a an one two three four five six seven eight nine ten half'.split(' '));
const ORDINAL = /^\d+(?:st|nd|rd|th|xx)$/;
const NUMERIC = /^[-+~<>=]*\d+(?:[.,:]\d+)*[a-z'"]{0,8}$/;
/** `30m-1h`, `1h30m15`. */
const GLUED = /^\d+(?:[.,]\d+)?(?:w|d|h|hr|m|min|s|sec)s?[-+/]?\d/;
const ISO = /^p(?:\d+[ymwd])*(?:t(?:\d+[hms])+)?$/;

/** Whether a word is meant as a duration though it is none: `30`, `-5m`, `30x`, `PT30M`, `half an hour`. */
export const looksLikeDuration = (tokens: readonly Token[], at: number): boolean => {
  const { norm = '', cased = '' } = tokens[at] ?? {};
  if (NUMERIC.test(norm) || GLUED.test(norm)) return !ORDINAL.test(norm);
  if (cased.startsWith('P') && norm.length > 2 && ISO.test(norm)) return true;
  if (!WORDS.has(norm)) return false;
  const unit = tokens[at + 1]?.norm === 'an' || tokens[at + 1]?.norm === 'a' ? at + 2 : at + 1;
  const name = tokens[unit]?.norm ?? '';
  const isUnit = UNIT_MS.has(name) && name.length > 2;
  return isUnit && !/^(?:of|ago|old|late|behind)$/.test(tokens[unit + 1]?.norm ?? '');
};

/** A text that is one duration and nothing else; null else. */
export const readTypedDuration = (text: string): number | null => {
  const tokens = tokensOf(text);
  const read = durationAt(tokens, 0);
  return read.outcome === 'read' && read.next === tokens.length ? read.ms : null;
};
