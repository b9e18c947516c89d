/** The instant that a day, a clock and a zone mean to the person who typed them. By Temporal, for zones and changes of the clocks. Pure. */
import { Temporal } from 'temporal-polyfill';
import { DomainError } from '../errors.ts';
import type { When } from './when.ts';
import type { Zone } from './zone.ts';

export type Reader = {
  now: Date;
  /** IANA names; the first that is known counts, and UTC when none is. */
  timezones: readonly (string | null)[];
  /** Whether a clock without a day is the next such time, or the one of today. */
  rolls: boolean;
};

const nowIn = (now: Date, timezone: string): Temporal.ZonedDateTime =>
  Temporal.Instant.fromEpochMilliseconds(now.getTime()).toZonedDateTimeISO(timezone);

/** Whether times can be reckoned in it. */
export const isKnownTimezone = (timezone: string | null): timezone is string => {
  if (timezone === null) return false;
  try {
    return nowIn(new Date(0), timezone).epochMilliseconds === 0;
  } catch (error) {
    // Slack knows zones that this build of Node may not.
    if (error instanceof RangeError) return false;
    throw error;
  }
};

const two = (value: number): string => String(value).padStart(2, '0');

const idOf = (zone: Zone): string => {
  if (zone.kind === 'region') return zone.id;
  const minutes = Math.abs(zone.minutes);
  return `${zone.minutes < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
};

/** The date on which a day begins; several where a weekday comes again. */
const datesOf = ({ day, clock }: When, today: Temporal.PlainDate, rolls: boolean): Temporal.PlainDate[] => {
  const later = (days: number): Temporal.PlainDate => today.add({ days });
  if (day === null) return rolls || clock?.name === 'midnight' ? [today, later(1)] : [today];
  if (day.kind === 'date') return [Temporal.PlainDate.from({ year: day.year, month: day.month, day: day.day })];
  if (day.kind === 'tomorrow') return [later(1)];
  if (day.kind !== 'weekday') return [clock?.name === 'midnight' ? later(1) : today];
  const ahead = (day.weekday - today.dayOfWeek + 7) % 7;
  return [later(ahead), later(ahead + 7)];
};

/** `22:00 CET` in July: the clocks there show CEST, so one of the two was not meant. */
const checkName = (at: Date, { name, minutes, region }: Extract<Zone, { kind: 'offset' }>): void => {
  if (region !== null && nowIn(at, region).offsetNanoseconds !== minutes * 60_000_000_000)
    throw new DomainError('zone_mismatch', { zone: name, region });
};

/** A time that a change of the clocks leaves out is read as if they had not changed yet; one that comes twice is the earlier. */
export const instantOf = (when: When, { now, timezones, rolls }: Reader): Date => {
  const own = timezones.find(isKnownTimezone) ?? 'UTC';
  const { zone } = when;
  const timezone = zone === null ? own : idOf(zone);
  const { hour = 0, minute = 0 } = when.clock ?? {};
  const today = nowIn(now, timezone).toPlainDate();
  const isRelative = when.day !== null && when.day.kind !== 'date' && when.day.kind !== 'weekday';
  // `today 22:00 UTC`, typed where it is tomorrow already, may mean either.
  if (isRelative && !today.equals(nowIn(now, own).toPlainDate()))
    throw new DomainError('day_unclear', { day: when.day?.kind ?? '' });
  const moments = datesOf(when, today, rolls).map((date) =>
    date.toZonedDateTime({ timeZone: timezone, plainTime: Temporal.PlainTime.from({ hour, minute }) }),
  );
  const moment = moments.find(({ epochMilliseconds }) => epochMilliseconds > now.getTime()) ?? moments.at(-1);
  if (!moment) return now;
  const at = new Date(moment.epochMilliseconds);
  if (zone?.kind === 'offset' && zone.region !== null) checkName(at, zone);
  return at;
};
