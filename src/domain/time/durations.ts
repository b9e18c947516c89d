/** Durations as the policy writes them (`30m`, `1h30m`, `2d`) and as they are shown; what people type is read in `time/`. All values are milliseconds. */
import { DomainError } from '../errors.ts';

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
const SHAPE = /^(?:(\d{1,6})w)?(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?$/;

/** `1h30m` -> 5400000; null when the text is no duration, or a duration of nothing. */
const readDuration = (text: string): number | null => {
  const match = SHAPE.exec(text.trim().toLowerCase());
  if (!match) return null;
  const [w, d, h, m, s] = match.slice(1).map((part) => Number(part ?? 0)) as [number, number, number, number, number];
  const totalMs = w * UNIT_MS.w + d * UNIT_MS.d + h * UNIT_MS.h + m * UNIT_MS.m + s * UNIT_MS.s;
  return totalMs > 0 ? totalMs : null;
};

export const parseDuration = (text: string): number => {
  const ms = readDuration(text);
  if (ms === null) throw new DomainError('bad_duration', { text: text.slice(0, 40) });
  return ms;
};

const partsOf = (durationMs: number): string[] => {
  let rest = Math.max(0, Math.round(durationMs / 1000)) * 1000;
  const parts: string[] = [];
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    const amount = Math.floor(rest / UNIT_MS[unit]);
    if (amount > 0) parts.push(`${amount}${unit}`);
    rest -= amount * UNIT_MS[unit];
  }
  return parts;
};

/** 5400000 -> `1h30m`, to the second: what is approved, and what a form sends back, is what was meant. `parseDuration` reads it again. */
export const formatDuration = (durationMs: number): string => partsOf(durationMs).join('') || '0s';

/** The largest two units, for what was measured: how late, how long it lasted. */
export const roughDuration = (durationMs: number): string => partsOf(durationMs).slice(0, 2).join('') || '0s';
