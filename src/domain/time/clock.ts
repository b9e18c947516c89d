/** A time of day as people type it: `14:00`, `2pm`, `2:00 p.m.`, `9 o'clock`, `noon`. Pure. */
import { offsetZone, UTC } from './zone.ts';
import type { Zone } from './zone.ts';
import type { Token } from './tokens.ts';

export type Clock = { hour: number; minute: number; name: 'noon' | 'midnight' | null };

/** `zone`: what stood right at the clock, as in `22:00Z`. */
export type ClockAt =
  | { outcome: 'none' }
  | { outcome: 'read'; clock: Clock; zone: Zone | null; next: number }
  /** Meant as a clock, and none. */
  | { outcome: 'bad' };

const SHAPE = /^(\d{1,2})(?::(\d{2}))?(?::00)?(a\.?m|p\.?m)?(z|\+\d{2}(?::?\d{2})?)?$/;
/** The beginning of a clock, whatever follows: `22:00-23:00`, `25:61`. */
const BEGINS = /^\d{1,2}(?::\d|(?:[ap]\.?m\b))/;
const HALF = /^[ap]\.?m$/;
const AFTER = /^(?:o'clock|oclock|uhr|h|hrs|hours)$/;

const hourOf = (hour: number, half: string | undefined): number | null => {
  if (half === undefined) return hour <= 23 ? hour : null;
  if (hour < 1 || hour > 12) return null;
  return (hour % 12) + (half.startsWith('p') ? 12 : 0);
};

/** Hour and minute, or null where the day has no such time. */
const timeOf = (hour: string, minute: string | undefined, half: string | undefined): Clock | null => {
  const found = hourOf(Number(hour), half);
  const minutes = Number(minute ?? 0);
  return found === null || minutes > 59 ? null : { hour: found, minute: minutes, name: null };
};

const numberAt = (tokens: readonly Token[], at: number): ClockAt => {
  const word = tokens[at]?.norm ?? '';
  const [, hour, minute, joined, zoned] = SHAPE.exec(word) ?? [];
  if (hour === undefined) return BEGINS.test(word) ? { outcome: 'bad' } : { outcome: 'none' };
  let next = at + 1;
  const behind = tokens[next]?.norm ?? '';
  const half = joined ?? (zoned === undefined && HALF.test(behind) ? behind : undefined);
  if (half !== undefined && joined === undefined) next += 1;
  const isNamed = half === undefined && AFTER.test(behind) && (minute !== undefined || !behind.startsWith('h'));
  if (isNamed) next += 1;
  // A number alone counts something, as far as is known.
  if (minute === undefined && half === undefined && !isNamed) return { outcome: 'none' };
  const clock = timeOf(hour, minute, half);
  const zone = zoned === 'z' ? UTC : offsetZone(zoned ?? '');
  if (clock === null || (zoned !== undefined && zone === null)) return { outcome: 'bad' };
  return { outcome: 'read', clock, zone, next };
};

export const clockAt = (tokens: readonly Token[], at: number): ClockAt => {
  const word = tokens[at]?.norm ?? '';
  const named = (hour: number, name: 'noon' | 'midnight'): ClockAt => ({
    outcome: 'read',
    clock: { hour, minute: 0, name },
    zone: null,
    next: at + 1,
  });
  if (word === 'noon' || word === 'midday') return named(12, 'noon');
  return word === 'midnight' ? named(0, 'midnight') : numberAt(tokens, at);
};
