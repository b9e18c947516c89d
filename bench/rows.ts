/** One line of the table: what was measured, against what, and whether the goal was met. */

export type Goal = { is: 'at most' | 'at least'; value: number };

export type Row = {
  area: string;
  what: string;
  /** `ratio`: ours / limit. Anything else is an absolute goal of its own, in that unit. */
  unit: 'ratio' | 'ms' | 's' | 'MB';
  value: number;
  /** Null: for orientation only. */
  goal: Goal | null;
  isMet: boolean | null;
  /** In words, with absolute figures. */
  ours: string;
  limit: string;
};

export type Made = Omit<Row, 'isMet' | 'area'>;

const isMet = (value: number, goal: Goal | null): boolean | null => {
  if (!goal) return null;
  return goal.is === 'at most' ? value <= goal.value : value >= goal.value;
};

export const rowOf = (area: string, made: Made): Row => ({ area, ...made, isMet: isMet(made.value, made.goal) });

export const shown = (value: number): string => {
  if (!Number.isFinite(value)) return '?';
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toFixed(size >= 10 ? 1 : size >= 1 ? 2 : 3);
};

export const ms = (value: number): string => `${shown(value)} ms`;
export const perSecond = (value: number): string => `${shown(value)}/s`;

const cellsOf = (row: Row): string[] => {
  const unit = row.unit === 'ratio' ? '' : ` ${row.unit}`;
  const goal = row.goal ? `${row.goal.is === 'at most' ? '≤' : '≥'} ${shown(row.goal.value)}${unit}` : '';
  const met = row.isMet === null ? '' : row.isMet ? 'met' : 'NOT MET';
  return [row.area, row.what, `${shown(row.value)}${unit}`, goal, met, row.ours, row.limit];
};

const HEAD = ['area', 'what', 'measured', 'goal', '', 'Latchkey', 'limit'];

export const tableOf = (rows: readonly Row[]): string => {
  const lines = [HEAD, ...rows.map(cellsOf)];
  const widths = HEAD.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const rule = widths.map((width) => '-'.repeat(width));
  return [lines[0] ?? [], rule, ...lines.slice(1)]
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
};
