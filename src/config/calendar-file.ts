/** Reads an iCalendar file (RFC 5545) into the spans of its events, recurrences written out around the moment of reading. */
import { runInNewContext } from 'node:vm';
import { Temporal } from 'temporal-polyfill';
import ICAL from 'ical.js';
import type { Component, Event, Time } from 'ical.js';
import type { Freeze } from '../domain/policy/calendar.ts';
import { isKnownTimezone } from '../domain/time/instant.ts';

const DAY_MS = 86_400_000;
/** Past requests are judged again by `replay`; what lies further ahead is found when the file is read next. */
const BACK_MS = 2 * 366 * DAY_MS;
const AHEAD_MS = 2 * 366 * DAY_MS;
const SPANS_MAX = 5_000;
const STEPS_MAX = 50_000;
const WHY_MAX = 200;
/** Of the whole file. The library looks for ever for a day that never comes, such as the 30th of February of each day. */
const READ_MS = 10_000;
/** Whose year is further back than this lies before `BACK_MS`, in every zone. */
const YEARS_BACK = 3;

/** A sentence for operators, without the name of the file. */
class CalendarError extends Error {
  override name = 'CalendarError';
}

type Place = { timezone: string; now: Date };

const tzidOf = ({ component }: Event, property: string): string | null => {
  const found = component.getFirstProperty(property)?.getParameter('tzid');
  return typeof found === 'string' ? found : null;
};

const plain = (time: Time): Temporal.PlainDateTime => {
  const { year, month, day, hour, minute, second } = time;
  return Temporal.PlainDateTime.from({ year, month, day, hour, minute, second });
};

/** Days and times without a zone are of the policy's. A zone by its usual name is the one that everybody means; else the file must define it. */
const instantOf = (time: Time, tzid: string | null, { timezone }: Place): Date => {
  const inZone = (zone: string): Date => new Date(plain(time).toZonedDateTime(zone).epochMilliseconds);
  if (time.isDate) return inZone(timezone);
  if (tzid === null) return inZone(time.zone?.tzid === 'UTC' ? 'UTC' : timezone);
  const isKnown: boolean = isKnownTimezone(tzid);
  if (isKnown) return inZone(tzid);
  if (time.zone?.tzid === tzid) return new Date(time.toUnixTime() * 1000);
  throw new CalendarError(`names the time zone "${tzid.slice(0, 60)}", which is not known and not defined in it`);
};

/** RFC 5545 demands a UID, and files without one are read all the same. */
const nameOf = ({ summary, uid }: Event): string =>
  [summary, uid].map((text) => (text ?? '').replaceAll(/\s+/g, ' ').trim().slice(0, WHY_MAX)).find(Boolean) ??
  'an event without a name';

const spanOf = (event: Event, times: { startDate: Time; endDate: Time }, place: Place): Freeze => {
  const from = instantOf(times.startDate, tzidOf(event, 'dtstart'), place);
  const to = instantOf(times.endDate, tzidOf(event, 'dtend') ?? tzidOf(event, 'dtstart'), place);
  if (to <= from) throw new CalendarError(`has an event without length: "${nameOf(event)}"`);
  return { from, to, why: nameOf(event) };
};

const isCancelled = ({ component }: Event): boolean =>
  /^cancelled$/i.test(component.getFirstPropertyValue('status') ?? '');

const isNear = ({ from, to }: Freeze, { now }: Place): boolean =>
  to.getTime() > now.getTime() - BACK_MS && from.getTime() < now.getTime() + AHEAD_MS;

const isTooOften = ({ component }: Event): boolean =>
  component.getAllProperties('rrule').some((rule) => /FREQ=(?:SECOND|MINUTE|HOUR)LY/i.test(rule.toICALString()));

const occurrencesOf = (event: Event, place: Place): Freeze[] => {
  if (!event.isRecurring()) return isCancelled(event) ? [] : [spanOf(event, event, place)];
  const spans: Freeze[] = [];
  if (isTooOften(event)) throw new CalendarError(`has an event that recurs too often: "${nameOf(event)}"`);
  const times = event.iterator();
  for (let step = 0; ; step += 1) {
    const at = times.next();
    if (!at) return spans;
    if (step >= STEPS_MAX || spans.length >= SPANS_MAX)
      throw new CalendarError(`has an event that recurs too often: "${nameOf(event)}"`);
    const details = event.getOccurrenceDetails(at);
    if (details.item === event && at.year < place.now.getUTCFullYear() - YEARS_BACK) continue;
    const span = spanOf(details.item, details, place);
    if (instantOf(at, tzidOf(event, 'dtstart'), place).getTime() > place.now.getTime() + AHEAD_MS) return spans;
    if (!isCancelled(details.item) && isNear(span, place)) spans.push(span);
  }
};

const eventsIn = (calendar: Component): Event[] => {
  const all = calendar.getAllSubcomponents('vevent').map((component) => {
    if (!component.getFirstProperty('dtstart')) throw new CalendarError('has an event without DTSTART');
    // Unless it is given the exceptions, it takes those of all events of the file.
    return new ICAL.Event(component, { exceptions: [] });
  });
  const masters = all.filter((event) => !event.isRecurrenceException());
  const alone: Event[] = [];
  for (const exception of all.filter((event) => event.isRecurrenceException())) {
    const master = masters.find(({ uid }) => uid !== null && uid === exception.uid);
    // An export may hold one occurrence without its series, as of who was invited to that one only.
    if (master) master.relateException(exception);
    else alone.push(exception);
  }
  return [...masters, ...alone].filter((event) => event.isRecurring() || !isCancelled(event));
};

/** Those that touch are one, with the words of the first: what is said to end does end. */
const merged = (spans: Freeze[]): Freeze[] => {
  const found: Freeze[] = [];
  for (const span of spans.toSorted((a, b) => a.from.getTime() - b.from.getTime())) {
    const last = found.at(-1);
    if (last && span.from <= last.to) last.to = span.to > last.to ? span.to : last.to;
    else found.push({ ...span });
  }
  return found;
};

const calendarsIn = (text: string): Component[] => {
  const parsed = ICAL.parse(text);
  const roots = Array.isArray(parsed) && Array.isArray(parsed[0]) ? (parsed as unknown[]) : [parsed];
  const found = roots.map((root) => new ICAL.Component(root)).filter(({ name }) => name === 'vcalendar');
  if (found.length === 0) throw new CalendarError('is no calendar: it does not begin with BEGIN:VCALENDAR');
  return found;
};

/** Thrown in the other context, whose `Error` is not ours. */
const isTimeout = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';

/** `problem` continues a sentence that begins with the name of the file. */
export const readCalendar = (text: string, place: Place): { spans: Freeze[] } | { problem: string } => {
  try {
    const read = (): Freeze[] =>
      merged(
        calendarsIn(text)
          .flatMap(eventsIn)
          .flatMap((event) => occurrencesOf(event, place)),
      );
    return { spans: runInNewContext('read()', { read }, { timeout: READ_MS }) as Freeze[] };
  } catch (error) {
    if (error instanceof CalendarError) return { problem: error.message };
    if (isTimeout(error)) return { problem: 'takes too long to read: does an event recur on a day that never comes?' };
    // The library throws errors of many kinds at what is no calendar.
    if (error instanceof Error) return { problem: `cannot be read as a calendar (${error.message.slice(0, 100)})` };
    throw error;
  }
};
