/** Reports that are made by themselves once a period is over. */
import { parsePeriod } from './period.ts';
import type { Period } from './period.ts';

export const REPORT_CADENCES = ['month', 'quarter', 'year'] as const;
export type ReportCadence = (typeof REPORT_CADENCES)[number];

/** As the policy has it. `to`: `auditors`, `admins`, groups, people and private channels. `folder`: null where none is written to. */
export type ReportPlan = { name: string; every: ReportCadence; to: string[]; folder: string | null };

const MONTHS: Record<ReportCadence, number> = { month: 1, quarter: 3, year: 12 };
const LABEL: Record<ReportCadence, (year: number, part: number) => string> = {
  month: (year, part) => `${year}-${String(part + 1).padStart(2, '0')}`,
  quarter: (year, part) => `${year}-Q${part + 1}`,
  year: (year) => String(year),
};

/** The last day is closed then, and what was being written at midnight is. */
const OVER_FOR_MS = 15 * 60_000;
/** A policy that has a plan again after years does not begin with all of them. */
const PERIODS_MAX = 12;

/** So many periods before the one that holds this moment. */
const periodBefore = (every: ReportCadence, at: Date, back: number): Period | null => {
  const parts = 12 / MONTHS[every];
  const number = at.getUTCFullYear() * parts + Math.floor(at.getUTCMonth() / MONTHS[every]) - back;
  return parsePeriod(LABEL[every](Math.floor(number / parts), number % parts));
};

/** Periods that were over by `now` and not yet at `since`, the oldest first. */
export const periodsDue = (every: ReportCadence, { since, now }: { since: Date; now: Date }): Period[] =>
  Array.from({ length: PERIODS_MAX }, (_, index) => periodBefore(every, now, PERIODS_MAX - index))
    .filter((period) => period !== null)
    .filter(({ to }) => to > since && to.getTime() + OVER_FOR_MS <= now.getTime());
