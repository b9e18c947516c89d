/** Dates as Slack writes them, in the zone of the reader. Slack: "Date formatting" in formatting-message-text */

export type Reader = { now: Date; timeZone?: string; locale?: string };

type Parts = Intl.DateTimeFormatOptions;

const write = (at: Date, reader: Reader, parts: Parts): string =>
  new Intl.DateTimeFormat(reader.locale ?? 'en-GB', {
    ...parts,
    ...(reader.timeZone === undefined ? {} : { timeZone: reader.timeZone }),
  }).format(at);

/** Days between two moments on the reader's calendar. */
const daysFrom = (at: Date, reader: Reader): number => {
  const dayOf = (moment: Date): number => {
    const [day, month, year] = write(
      moment,
      { ...reader, locale: 'en-GB' },
      {
        day: '2-digit',
        month: '2-digit',
        year: 'numeric',
      },
    ).split('/');
    return Date.UTC(Number(year), Number(month) - 1, Number(day)) / 86_400_000;
  };
  return dayOf(at) - dayOf(reader.now);
};

export const timeOf = (at: Date, reader: Reader): string =>
  write(at, reader, { hour: '2-digit', minute: '2-digit', hour12: false });

const pretty = (at: Date, reader: Reader, otherwise: Parts): string => {
  const days = daysFrom(at, reader);
  if (days === 0) return 'today';
  if (days === 1) return 'tomorrow';
  return days === -1 ? 'yesterday' : write(at, reader, otherwise);
};

const short: Parts = { day: 'numeric', month: 'short', year: 'numeric' };
const normal: Parts = { day: 'numeric', month: 'long', year: 'numeric' };
const long: Parts = { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' };

const ago = (at: Date, reader: Reader): string => {
  const seconds = Math.round((at.getTime() - reader.now.getTime()) / 1_000);
  const format = new Intl.RelativeTimeFormat(reader.locale ?? 'en-GB', { numeric: 'auto' });
  const size = Math.abs(seconds);
  if (size < 60) return format.format(seconds, 'second');
  if (size < 3_600) return format.format(Math.round(seconds / 60), 'minute');
  return size < 86_400
    ? format.format(Math.round(seconds / 3_600), 'hour')
    : format.format(Math.round(seconds / 86_400), 'day');
};

const tokens: Record<string, (at: Date, reader: Reader) => string> = {
  date_num: (at, reader) =>
    write(at, { ...reader, locale: 'sv-SE' }, { year: 'numeric', month: '2-digit', day: '2-digit' }),
  date_slash: (at, reader) =>
    write(at, { ...reader, locale: 'en-GB' }, { year: 'numeric', month: '2-digit', day: '2-digit' }),
  date: (at, reader) => write(at, reader, normal),
  date_short: (at, reader) => write(at, reader, short),
  date_long: (at, reader) => write(at, reader, long),
  date_pretty: (at, reader) => pretty(at, reader, normal),
  date_short_pretty: (at, reader) => pretty(at, reader, short),
  date_long_pretty: (at, reader) => pretty(at, reader, long),
  time: timeOf,
  time_secs: (at, reader) =>
    write(at, reader, { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false }),
  ago,
};

const startUpper = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** `{date_short_pretty} at {time}`; undefined when the format has a token Slack does not know: show the fallback then. */
export const formatDate = (atS: number, format: string, reader: Reader): string | undefined => {
  const at = new Date(atS * 1_000);
  if (Number.isNaN(at.getTime())) return undefined;
  const names = [...format.matchAll(/\{(\w+)\}/g)].map((found) => found[1] ?? '');
  if (names.length === 0 || names.some((name) => tokens[name] === undefined)) return undefined;
  const written = format.replace(/\{(\w+)\}/g, (_all, name: string) => tokens[name]?.(at, reader) ?? '');
  return /^\{date_\w*pretty\}/.test(format) ? startUpper(written) : written;
};

export const dayHeading = (at: Date, reader: Reader): string => {
  const days = daysFrom(at, reader);
  if (days === 0) return 'Today';
  if (days === -1) return 'Yesterday';
  return write(at, reader, { weekday: 'long', day: 'numeric', month: 'long' });
};

export const fullMoment = (at: Date, reader: Reader): string =>
  write(at, reader, {
    ...long,
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hour12: false,
    timeZoneName: 'short',
  });

export const tsDate = (ts: string): Date => new Date(Number(ts) * 1_000);

/** `4:05`, `1:02:09`; never below zero. */
export const countdown = (untilMs: number, nowMs: number): string => {
  const left = Math.max(0, Math.ceil((untilMs - nowMs) / 1_000));
  const hours = Math.floor(left / 3_600);
  const minutes = Math.floor((left % 3_600) / 60);
  const seconds = String(left % 60).padStart(2, '0');
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${seconds}` : `${minutes}:${seconds}`;
};
