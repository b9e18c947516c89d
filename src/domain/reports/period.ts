/** The period of a report, as it is typed: a quarter, a month, a year, or two days. Days are those of UTC, as in the audit log. */

/** `from` is included, `to` is not. */
export type Period = { label: string; from: Date; to: Date };

export const PERIOD_FORMS = '2026-Q3, 2026-09, 2026 or 2026-07-01..2026-09-30';

const QUARTER_MONTHS = 3;
const FIRST_YEAR = 2000;
const LAST_YEAR = 9998;

const utc = (year: number, month: number, day = 1): Date => new Date(Date.UTC(year, month, day));

const isYear = (year: number): boolean => year >= FIRST_YEAR && year <= LAST_YEAR;

const months = (label: string, [year, month, count]: readonly [number, number, number]): Period | null =>
  isYear(year) ? { label, from: utc(year, month), to: utc(year, month + count) } : null;

/** null where there is no such day: 31 April is none. */
const dayOf = (text: string): Date | null => {
  const date = new Date(`${text}T00:00:00Z`);
  const isDay = !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
  return isDay && isYear(date.getUTCFullYear()) ? date : null;
};

const daysOf = (first: string, last: string): Period | null => {
  const [from, until] = [dayOf(first), dayOf(last)];
  if (!from || !until || from > until) return null;
  const to = utc(until.getUTCFullYear(), until.getUTCMonth(), until.getUTCDate() + 1);
  return { label: `${first}..${last}`, from, to };
};

/** null where it is no period. */
export const parsePeriod = (typed: string): Period | null => {
  const text = typed.trim().toUpperCase();
  const [, year = '', quarter] = /^(\d{4})-?Q([1-4])$/.exec(text) ?? [];
  if (quarter !== undefined)
    return months(`${year}-Q${quarter}`, [Number(year), (Number(quarter) - 1) * QUARTER_MONTHS, QUARTER_MONTHS]);
  const [, ofYear, month] = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(text) ?? [];
  if (month !== undefined) return months(text, [Number(ofYear), Number(month) - 1, 1]);
  if (/^\d{4}$/.test(text)) return months(text, [Number(text), 0, 12]);
  const [, first, last] = /^(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})$/.exec(text) ?? [];
  return first !== undefined && last !== undefined ? daysOf(first, last) : null;
};
