/** Windows and freezes: spans of time that the policy names and that conditions look at. Pure; a policy's own time zone decides. */
import { Temporal } from 'temporal-polyfill';

/** `days` are ISO weekdays, 1 is Monday. Minutes are of the day, 1440 is its end. `to` at or before `from` is of the next day. */
export type Window = { days: number[]; fromMinute: number; toMinute: number };

/** `from` counts, `to` does not. */
export type Freeze = { from: Date; to: Date; why: string };

export type Calendar = {
  timezone: string;
  windows: Record<string, Window>;
  /** One freeze may hold several times, when a calendar says so. In order, and none touches another. */
  freezes: Record<string, readonly Freeze[]>;
};

/** `to` is the first moment outside. */
export type Span = { from: Date; to: Date };

const HOUR_MINUTES = 60;
const DAY_MINUTES = 24 * HOUR_MINUTES;
const WEEK_DAYS = 7;

/** A time that a change of the clocks leaves out is read as if they had not changed yet; one that comes twice is the earlier. */
const momentOf = (date: Temporal.PlainDate, minute: number, timezone: string): Date => {
  const days = Math.floor(minute / DAY_MINUTES);
  const rest = minute % DAY_MINUTES;
  const plainTime = Temporal.PlainTime.from({ hour: Math.floor(rest / HOUR_MINUTES), minute: rest % HOUR_MINUTES });
  return new Date(date.add({ days }).toZonedDateTime({ timeZone: timezone, plainTime }).epochMilliseconds);
};

const spanOn = (date: Temporal.PlainDate, { fromMinute, toMinute }: Window, timezone: string): Span => ({
  from: momentOf(date, fromMinute, timezone),
  to: momentOf(date, toMinute > fromMinute ? toMinute : toMinute + DAY_MINUTES, timezone),
});

/** The span of this window that `now` lies in, or else the next one. Null where the window has no day. */
export const spanOf = (window: Window, now: Date, timezone: string): Span | null => {
  const today = Temporal.Instant.fromEpochMilliseconds(now.getTime()).toZonedDateTimeISO(timezone).toPlainDate();
  // One that began yesterday may still be open.
  for (let ahead = -1; ahead <= WEEK_DAYS; ahead += 1) {
    const date = today.add({ days: ahead });
    if (!window.days.includes(date.dayOfWeek)) continue;
    const span = spanOn(date, window, timezone);
    if (span.to > now) return span;
  }
  return null;
};

const isIn = (span: Span | null, now: Date): boolean => span !== null && span.from <= now && now < span.to;

/** Names of the windows that are open at `now`. */
export const openWindows = ({ windows, timezone }: Calendar, now: Date): string[] =>
  Object.entries(windows).flatMap(([name, window]) => (isIn(spanOf(window, now, timezone), now) ? [name] : []));

/** Names of the freezes that hold at `now`. */
export const activeFreezes = ({ freezes }: Calendar, now: Date): string[] =>
  Object.entries(freezes).flatMap(([name, spans]) => (spans.some((span) => isIn(span, now)) ? [name] : []));

/** The one that holds, or else the next; null where none lies ahead. */
export const nextSpan = (spans: readonly Freeze[], now: Date): Freeze | null =>
  spans.find(({ to }) => to > now) ?? null;

/** As `Monday 4 January 2027, 00:00 (Europe/Berlin)`. */
export const dayAndClock = (at: Date, timezone: string): string => {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: timezone,
    dateStyle: 'full',
    timeStyle: 'short',
  }).formatToParts(at);
  const part = (type: string): string => parts.find((found) => found.type === type)?.value ?? '';
  const day = `${part('weekday')} ${part('day')} ${part('month')} ${part('year')}`;
  return `${day}, ${part('hour')}:${part('minute')} (${timezone})`;
};

/** When the freezes of these names that hold now end, and why they are: the sentences for who was denied by them. Empty where none holds. */
export const freezeSentences = (calendar: Calendar, names: readonly string[], now: Date): string[] =>
  activeFreezes(calendar, now)
    .filter((name) => names.includes(name))
    .flatMap((name) => {
      const freeze = calendar.freezes[name]?.find((span) => isIn(span, now));
      return freeze ? [`Freeze "${name}" (${freeze.why}) ends on ${dayAndClock(freeze.to, calendar.timezone)}.`] : [];
    });
