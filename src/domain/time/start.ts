/** When access should begin, as people type it after `from`. Understood whole, or refused: never at once when a start was meant. Pure. */
import { namesDay, weekdayOf } from './day.ts';
import { instantOf } from './instant.ts';
import type { Reader } from './instant.ts';
import type { Token } from './tokens.ts';
import { durationAt, looksLikeDuration } from './typed-duration.ts';
import { whenAt } from './when.ts';
import type { When } from './when.ts';

/** `local` is read on the clock of the person, unless it names a zone. */
export type StartWish = { kind: 'after'; afterMs: number } | { kind: 'at'; at: Date } | { kind: 'local'; when: When };

export type StartAt =
  /** There is none: the text is about something else. */
  | { outcome: 'none' }
  | { outcome: 'read'; wish: StartWish; next: number }
  /** Meant as a start, and none. */
  | { outcome: 'bad'; word: string };

/** A start further away is a plan, not a request: rules and people change. */
export const START_MAX_MS = 30 * 86_400_000;

const NONE = { outcome: 'none' } as const;
const PAST = /^(?:ago|of|back|earlier|before|old)$/;

/** What was not understood: the word, and the one behind it where the first is clear alone. */
const wordAt = (tokens: readonly Token[], at: number): string => {
  const [first, second] = tokens.slice(at, at + 2);
  const isClear = first !== undefined && whenAt([first], 0).outcome === 'read';
  return [first, isClear ? second : undefined].flatMap((token) => token?.cased ?? []).join(' ');
};

const readAt = (tokens: readonly Token[], at: number): StartAt => {
  const bad = { outcome: 'bad', word: wordAt(tokens, at) } as const;
  const when = whenAt(tokens, at);
  // A clock to some, and a duration to others.
  if (/^\d{1,2}h\d{2}$/.test(tokens[at]?.norm ?? '')) return bad;
  if (when.outcome === 'read')
    return when.when.clock === null
      ? bad
      : { outcome: 'read', wish: { kind: 'local', when: when.when }, next: when.next };
  const duration = durationAt(tokens, at);
  if (when.outcome === 'bad' || duration.outcome === 'bad') return bad;
  return duration.outcome === 'read'
    ? { outcome: 'read', wish: { kind: 'after', afterMs: duration.ms }, next: duration.next }
    : NONE;
};

/** `3 customers`, `5xx errors`: counts something. */
const isCount = (tokens: readonly Token[], at: number): boolean => {
  const [first = '', second = ''] = [tokens[at]?.norm, tokens[at + 1]?.norm];
  const isPlural = /^\p{L}{3,}s$/u.test(second) && durationAt(tokens, at).outcome === 'none';
  return (/^\d+$/.test(first) && isPlural) || /^\dxx$/.test(first) || /^\d{1,3}(?:\.\d{1,3}){3}$/.test(first);
};

const WINDOW = 3;
const LATER = /^(?:noon|midday|midnight|now|next|(?:half|quarter)$)/;

/** Whether what follows `from` at the beginning of a reason speaks of a time, though no start can be read in it. */
const speaksOfTime = (tokens: readonly Token[], at: number): boolean => {
  const first = tokens[at]?.norm ?? '';
  if (/^[-+~]?\d/.test(first)) return !isCount(tokens, at);
  if (LATER.test(first) || weekdayOf(first) > 0 || looksLikeDuration(tokens, at)) return true;
  return tokens
    .slice(at, at + WINDOW)
    .some(({ norm }, index) => namesDay(norm) || LATER.test(norm) || whenAt(tokens, at + index).outcome !== 'none');
};

/** Reads `from …` at `at`. A reason may begin with "from" too: only what speaks of a time is meant as a start. */
export const startAt = (tokens: readonly Token[], at: number): StartAt => {
  if (tokens[at]?.norm !== 'from') return NONE;
  const first = tokens[at + 1]?.norm === 'in' && at + 2 < tokens.length ? at + 2 : at + 1;
  const read = readAt(tokens, first);
  if (read.outcome !== 'none') return read;
  return speaksOfTime(tokens, first) ? { outcome: 'bad', word: tokens[first]?.cased ?? '' } : NONE;
};

const BEFORE = /^(?:at|on|by|in|starting|starts|start|beginning|begin|begins|after)$/;

/** A start without `from` before the reason: `22:00 deploy`, `at 2pm`, `in 2h`, `tomorrow deploy`. */
export const bareStartAt = (tokens: readonly Token[], at: number): string | null => {
  const isLed = BEFORE.test(tokens[at]?.norm ?? '');
  const first = isLed ? at + 1 : at;
  const { norm = '', cased = '' } = tokens[first] ?? {};
  const when = whenAt(tokens, first);
  const isNamed = norm === 'noon' || norm === 'midday' || norm === 'midnight';
  if (when.outcome === 'bad' && /\d|^next$|^to/.test(norm)) return cased;
  if (when.outcome === 'read' && when.when.clock !== null && (isLed || !isNamed || when.next > first + 1)) return cased;
  if (/^(?:tomorrow|tonight)$/.test(norm)) return cased;
  const isAfter = /^(?:in|after)$/.test(tokens[at]?.norm ?? '');
  return isAfter && durationAt(tokens, first).outcome !== 'none' ? cased : null;
};

/** A start in the middle of a reason: `deploy the fix from 22:00`. It would begin at once, so it is refused. */
export const startWithin = (tokens: readonly Token[]): string | null => {
  for (const [index, { norm }] of tokens.entries()) {
    if (norm !== 'from') continue;
    const first = tokens[index + 1]?.norm === 'in' ? index + 2 : index + 1;
    const read = readAt(tokens, first);
    const word = tokens[first]?.cased ?? '';
    const isPast = read.outcome === 'read' && PAST.test(tokens[read.next]?.norm ?? '');
    const isToday =
      tokens[first]?.norm === 'today' && read.outcome === 'bad' && !/\d/.test(tokens[first + 1]?.norm ?? '');
    if (read.outcome !== 'none' && !isPast && !isToday && !isCount(tokens, first)) return word;
  }
  return null;
};

/** The instant a wish means. It may lie in the past; the use case says so. */
export const resolveStart = (wish: StartWish, { now, timezones }: Omit<Reader, 'rolls'>): Date => {
  if (wish.kind === 'at') return wish.at;
  if (wish.kind === 'after') return new Date(now.getTime() + wish.afterMs);
  return instantOf(wish.when, { now, timezones, rolls: true });
};
