/** The figures of one run as Markdown, between two marks of a page. */
import type { Results } from '../results.ts';
import { shown } from '../rows.ts';
import type { Row } from '../rows.ts';
import { noiseOf } from '../setup/quiet.ts';

const BEGIN = '<!-- figures: written by `npm run bench:plots` -->';
const END = '<!-- end of figures -->';

const cell = (text: string): string => text.replaceAll('|', '\\|');

const rowText = (row: Row): string => {
  const unit = row.unit === 'ratio' ? '' : ` ${row.unit}`;
  const goal = row.goal ? `${row.goal.is === 'at most' ? '≤' : '≥'} ${shown(row.goal.value)}${unit}` : '';
  const met = row.isMet === null ? '' : row.isMet ? 'met' : '**missed**';
  const cells = [row.area, row.what, `${shown(row.value)}${unit}`, goal, met, row.ours, row.limit];
  return `| ${cells.map(cell).join(' | ')} |`;
};

export const figuresOf = ({ date, extent, isQuiet, machine, rows, seconds, failures }: Results): string =>
  [
    `Run of ${date.slice(0, 10)} (${extent}, ${seconds} s), commit \`${machine.commit}\`: ${machine.cores} × ${machine.cpu}, ` +
      `${machine.memoryGb} GB, Node ${machine.node}, Postgres ${machine.postgres}, one sync to disk ${machine.syncMs.toFixed(2)} ms.`,
    ...(isQuiet
      ? []
      : [
          '',
          `**Do not quote these figures: ${noiseOf(machine).join('; ') || 'the run was not on a quiet machine'}.**`,
        ]),
    ...Object.entries(failures).map(([area, why]) => `\n**${area} failed: ${why}**`),
    '',
    '| area | what | measured | goal | | Latchkey | limit |',
    '|---|---|---|---|---|---|---|',
    ...rows.map(rowText),
  ].join('\n');

/** The page with what stands between the marks replaced. Throws a sentence when it has no marks. */
export const withFigures = (page: string, results: Results): string => {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`The page has no place for the figures: it needs ${BEGIN} and ${END}.`);
  return `${page.slice(0, from + BEGIN.length)}\n${figuresOf(results)}\n${page.slice(to)}`;
};
