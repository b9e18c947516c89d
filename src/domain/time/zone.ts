/** Time zones as people type them behind a clock: `UTC`, `CET`, `+02:00`, `UTC+2`, `Europe/Berlin`. Pure. */
import type { Token } from './tokens.ts';

/** `region`: where clocks show this name, for the part of the year in which they do. */
export type Zone =
  | { kind: 'offset'; minutes: number; name: string; region: string | null }
  | { kind: 'region'; id: string };

type Known = readonly [hours: number, region: string];
/** Names that mean one offset, with a place that uses them. */
const NAMES = new Map<string, Known>([
  ['wet', [0, 'Europe/Lisbon']],
  ['west', [1, 'Europe/Lisbon']],
  ['cet', [1, 'Europe/Berlin']],
  ['cest', [2, 'Europe/Berlin']],
  ['eet', [2, 'Europe/Helsinki']],
  ['eest', [3, 'Europe/Helsinki']],
  ['msk', [3, 'Europe/Moscow']],
  ['est', [-5, 'America/New_York']],
  ['edt', [-4, 'America/New_York']],
  ['mst', [-7, 'America/Denver']],
  ['mdt', [-6, 'America/Denver']],
  ['pst', [-8, 'America/Los_Angeles']],
  ['pdt', [-7, 'America/Los_Angeles']],
  ['akst', [-9, 'America/Anchorage']],
  ['akdt', [-8, 'America/Anchorage']],
  ['hst', [-10, 'Pacific/Honolulu']],
  ['jst', [9, 'Asia/Tokyo']],
  ['kst', [9, 'Asia/Seoul']],
  ['hkt', [8, 'Asia/Hong_Kong']],
  ['sgt', [8, 'Asia/Singapore']],
  ['sast', [2, 'Africa/Johannesburg']],
  ['aest', [10, 'Australia/Sydney']],
  ['aedt', [11, 'Australia/Sydney']],
  ['awst', [8, 'Australia/Perth']],
  ['nzst', [12, 'Pacific/Auckland']],
  ['nzdt', [13, 'Pacific/Auckland']],
]);

/** Names that mean several offsets, or that are kept nowhere in one way. */
const UNCLEAR = new Set(
  `ist cst cdt bst ast adt amt gst sst ect act acst acdt acwst nst ndt pkt npt ict pht brt brst clt clst cot pet uyt vet wat cat eat
   wit wita wib trt irst uzt almt myt mmt met mest pt et mt ct aet art azt btt fjt get gft idt irkt krat lhst lhdt mart mvt nct
   omst orat pyt ret sakt samt sct srt tjt tlt tmt tot ulat vlat yakt yekt`.split(/\s+/),
);
/** These are words too: only in capitals do they name a zone. */
const ALSO_WORDS = new Set([
  'west',
  'wet',
  'cat',
  'eat',
  'act',
  'art',
  'pet',
  'vet',
  'wit',
  'met',
  'get',
  'ret',
  'mart',
  'et',
  'ct',
  'pt',
  'mt',
  'tot',
]);

const OFFSET = /^(?:utc|gmt)?([+-])(\d{1,2})(?::?(\d{2}))?$/;
const FURTHEST_MINUTES = 14 * 60;
const AREA =
  /^(?:africa|america|antarctica|arctic|asia|atlantic|australia|brazil|canada|chile|etc|europe|indian|mexico|pacific|us)\/[a-z0-9_+/-]+$/;

export const offsetZone = (text: string): Zone | null => {
  const [, sign, hours, minutes = '0'] = OFFSET.exec(text) ?? [];
  if (hours === undefined) return null;
  const total = Number(hours) * 60 + Number(minutes);
  if (Number(minutes) > 59 || total > FURTHEST_MINUTES) return null;
  return { kind: 'offset', minutes: sign === '-' ? -total : total, name: text, region: null };
};

export const UTC: Zone = { kind: 'offset', minutes: 0, name: 'UTC', region: null };

/** Whether it is the name of a time zone, such as `Europe/Berlin`. */
export const isTimezone = (id: string): boolean => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: id }).resolvedOptions().timeZone !== '';
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
};

export type ZoneAt = { outcome: 'none' } | { outcome: 'read'; zone: Zone; next: number } | { outcome: 'bad' };

const NONE: ZoneAt = { outcome: 'none' };
const BAD: ZoneAt = { outcome: 'bad' };

const offsetAt = (word: string, next: number): ZoneAt => {
  // `22:00 -02:00` may be a span of time, and `+2` a count.
  if (/^[+-]/.test(word) && !/^\+\d{2}:?\d{2}$/.test(word)) return BAD;
  const zone = offsetZone(word);
  return zone ? { outcome: 'read', zone, next } : BAD;
};

/** What names a zone, and what is meant as one and is not clear: never a word of the reason. */
export const zoneAt = (tokens: readonly Token[], at: number): ZoneAt => {
  const { norm = '', cased = '' } = tokens[at] ?? {};
  const next = at + 1;
  if (norm === 'utc' || norm === 'gmt' || norm === 'z') return { outcome: 'read', zone: UTC, next };
  if (/^(?:utc|gmt)?[+-]\d/.test(norm)) return offsetAt(norm, next);
  if (/^(?:local|my|our|your|server)$/.test(norm) && tokens[next]?.norm === 'time') return BAD;
  if (AREA.test(norm)) return isTimezone(norm) ? { outcome: 'read', zone: { kind: 'region', id: norm }, next } : BAD;
  if (ALSO_WORDS.has(norm) && cased !== cased.toUpperCase()) return NONE;
  const [hours, region] = NAMES.get(norm) ?? [];
  if (hours !== undefined && region !== undefined)
    return { outcome: 'read', zone: { kind: 'offset', minutes: hours * 60, name: cased.toUpperCase(), region }, next };
  if (UNCLEAR.has(norm)) return BAD;
  // `Berlin time`, `server time`.
  return tokens[next]?.norm === 'time' && /^[\p{Lu}]/u.test(cased) ? BAD : NONE;
};
