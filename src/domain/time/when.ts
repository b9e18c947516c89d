/**
 * A day, a clock and a zone in the order in which people type them: `Monday 9:00`, `9:00 Monday`, `22:00 UTC`, `2026-12-01T22:00Z`.
 * All words that belong to the time are read, or none is understood. Pure.
 */
import { clockAt } from './clock.ts';
import type { Clock } from './clock.ts';
import { dayAt } from './day.ts';
import type { Day } from './day.ts';
import type { Token } from './tokens.ts';
import { offsetZone, UTC, zoneAt } from './zone.ts';
import type { Zone } from './zone.ts';

export type When = { day: Day | null; clock: Clock | null; zone: Zone | null };

export type WhenAt =
  | { outcome: 'none' }
  | { outcome: 'read'; when: When; next: number }
  /** Meant as a time, and none. */
  | { outcome: 'bad' };

type Found = { when: When; next: number };
type Step = { outcome: 'none' } | { outcome: 'bad' } | ({ outcome: 'read' } & Found);

const NONE: When = { day: null, clock: null, zone: null };
const BAD = { outcome: 'bad' } as const;

const JOINED = /^(\d{4}-\d{1,2}-\d{1,2})t(\d{1,2}:\d{2})(?::\d{2})?(?:\.\d+)?(z|[+-]\d{2}(?::?\d{2})?)?$/;

/** `2026-12-01T22:00Z` in one word. */
const joinedAt = (tokens: readonly Token[], at: number): Step => {
  const token = tokens[at];
  const [, date = '', time = '', zoned] = JOINED.exec(token?.norm ?? '') ?? [];
  if (!token || date === '') return /^\d{4}-\d{1,2}-\d{1,2}t/.test(token?.norm ?? '') ? BAD : { outcome: 'none' };
  const split = [date, time].map((norm) => ({ ...token, norm, cased: norm }));
  const [day, clock] = [dayAt(split, 0), clockAt(split, 1)];
  const zone = zoned === 'z' ? UTC : offsetZone(zoned ?? '');
  if (day.outcome !== 'read' || clock.outcome !== 'read' || (zoned !== undefined && zone === null)) return BAD;
  return { outcome: 'read', when: { day: day.day, clock: clock.clock, zone }, next: at + 1 };
};

/** The next part of a time; a part that is there twice is one too many. */
const stepAt = (tokens: readonly Token[], at: number, when: When): Step => {
  const joined = joinedAt(tokens, at);
  if (joined.outcome !== 'none')
    return joined.outcome === 'read' && (when.day || when.clock || when.zone) ? BAD : joined;
  const day = dayAt(tokens, at);
  if (day.outcome === 'bad' || (day.outcome === 'read' && when.day !== null)) return BAD;
  if (day.outcome === 'read') return { outcome: 'read', when: { ...when, day: day.day }, next: day.next };
  const clock = clockAt(tokens, at);
  if (clock.outcome === 'bad' || (clock.outcome === 'read' && when.clock !== null)) return BAD;
  if (clock.outcome === 'read') {
    if (clock.zone !== null && when.zone !== null) return BAD;
    return { outcome: 'read', when: { ...when, clock: clock.clock, zone: clock.zone ?? when.zone }, next: clock.next };
  }
  if (when.clock === null) return { outcome: 'none' };
  const zone = zoneAt(tokens, at);
  if (zone.outcome === 'bad' || (zone.outcome === 'read' && when.zone !== null)) return BAD;
  return zone.outcome === 'read' ? { outcome: 'read', when: { ...when, zone: zone.zone }, next: zone.next } : zone;
};

const BETWEEN = new Set(['at', 'on', '', '@', '-', ',']);

/** What is left open, though each part is clear: at which end of a day midnight is, and which half of a night `tonight 2:00` means. */
const isClear = ({ day, clock }: When): boolean => {
  if (day?.kind === 'tonight' && clock !== null) return clock.name === 'midnight' || clock.hour >= 17;
  return day === null || clock?.name !== 'midnight';
};

/** What stands behind a time and still belongs to it: a span, a half of the day, a number for an hour. */
const spills = (tokens: readonly Token[], { next, when }: Found): boolean => {
  const word = tokens[next]?.norm ?? '';
  if (/^(?:[ap]\.?m|o'clock|oclock|uhr)$/.test(word) || /^[-+]\d/.test(word)) return true;
  if (when.clock === null && /^\d{1,2}$/.test(word)) return true;
  if (!/^(?:-|to|until|till|through|thru|or|and)$/.test(word)) return false;
  if (zoneAt(tokens, next + 1).outcome !== 'none') return true;
  return /^\d{1,2}$/.test(tokens[next + 1]?.norm ?? '') || stepAt(tokens, next + 1, NONE).outcome !== 'none';
};

export const whenAt = (tokens: readonly Token[], at: number): WhenAt => {
  let found: Found = { when: NONE, next: at };
  for (;;) {
    const { when, next } = found;
    const isBetween = next > at && BETWEEN.has(tokens[next]?.norm ?? 'x') && next + 1 < tokens.length;
    const direct = stepAt(tokens, next, when);
    const step = direct.outcome === 'none' && isBetween ? stepAt(tokens, next + 1, when) : direct;
    if (step.outcome === 'bad') return step;
    if (step.outcome === 'none') break;
    found = { when: step.when, next: step.next };
  }
  if (found.next === at) return { outcome: 'none' };
  return isClear(found.when) && !spills(tokens, found) ? { outcome: 'read', ...found } : BAD;
};
