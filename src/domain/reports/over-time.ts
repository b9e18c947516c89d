/** Requests and grants of a period, day by day, week by week or month by month: so many that a plot can be read. Pure. */
import type { Period } from './period.ts';

export type TimeUnit = 'day' | 'week' | 'month';
export type Bucket = { from: string; requests: number; grants: number };
export type OverTime = { unit: TimeUnit; buckets: Bucket[] };

const DAY_MS = 86_400_000;
const WEEK_DAYS = 7;
/** A month by days, up to two quarters by weeks, more by months. */
const DAYS_MAX = 31;
const WEEKS_MAX_DAYS = 186;

type Span = Pick<Period, 'from' | 'to'>;

const unitOf = ({ from, to }: Span): TimeUnit => {
  const days = (to.getTime() - from.getTime()) / DAY_MS;
  if (days <= DAYS_MAX) return 'day';
  return days <= WEEKS_MAX_DAYS ? 'week' : 'month';
};

const monthsOf = (date: Date): number => date.getUTCFullYear() * 12 + date.getUTCMonth();

/** Weeks are counted from the first day of the period. */
const indexIn = (unit: TimeUnit, from: Date, at: Date): number => {
  if (unit === 'month') return monthsOf(at) - monthsOf(from);
  return Math.floor((at.getTime() - from.getTime()) / (unit === 'day' ? DAY_MS : WEEK_DAYS * DAY_MS));
};

const startOf = (unit: TimeUnit, from: Date, index: number): Date => {
  if (unit !== 'month') return new Date(from.getTime() + index * (unit === 'day' ? DAY_MS : WEEK_DAYS * DAY_MS));
  return index === 0 ? from : new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + index, 1));
};

export const createOverTime = (span: Span) => {
  const { from, to } = span;
  const unit = unitOf(span);
  const count = indexIn(unit, from, new Date(to.getTime() - 1)) + 1;
  const buckets = Array.from({ length: count }, (_, index): Bucket => {
    return { from: startOf(unit, from, index).toISOString(), requests: 0, grants: 0 };
  });
  const see = (what: 'requests' | 'grants', at: string | null): void => {
    const date = at === null ? null : new Date(at);
    const bucket = date && date >= from && date < to ? buckets[indexIn(unit, from, date)] : undefined;
    if (bucket) bucket[what] += 1;
  };
  return {
    request: (at: string) => see('requests', at),
    grant: (at: string | null) => see('grants', at),
    all: (): OverTime => ({ unit, buckets }),
  };
};

export type Lateness = { upTo: string; grants: number };

/** The first is what Latchkey promises of one, the third what is an exception. */
const LATE: readonly (readonly [upTo: string, ms: number])[] = [
  ['at most 1 s', 1_000],
  ['at most 10 s', 10_000],
  ['at most 1 min', 60_000],
  ['at most 1 h', 3_600_000],
  ['more than 1 h', Number.POSITIVE_INFINITY],
];

export const createLateness = () => {
  const counts = LATE.map(([upTo]): Lateness => ({ upTo, grants: 0 }));
  return {
    see: (lateMs: number): void => {
      const found = counts[LATE.findIndex(([, ms]) => lateMs <= ms)];
      if (found) found.grants += 1;
    },
    all: (): Lateness[] => counts,
  };
};
