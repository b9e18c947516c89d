/** The lines of a campaign as CSV: one row each, the facts in columns of their own. */
import { csvCell } from '../../lib/csv.ts';
import { visibleText } from '../../lib/visible-text.ts';
import type { CampaignLine } from './campaign.ts';

const FIRST = ['Line', 'Subject'] as const;
const LAST = ['Reviewers', 'Decision', 'Decided by', 'Decided (UTC)', 'Note', 'Line id'] as const;

const cell = (text: string): string => csvCell(visibleText(text));

export const linesCsv = (lines: readonly CampaignLine[]): string => {
  const names = [...new Set(lines.flatMap(({ facts }) => facts.map(([name]) => name)))];
  const row = (line: CampaignLine): string[] => [
    String(line.position),
    line.subject,
    ...names.map((name) =>
      line.facts
        .filter(([fact]) => fact === name)
        .map(([, value]) => value)
        .join('; '),
    ),
    line.reviewers.join(', '),
    line.decision ?? '',
    line.decidedBy?.name ?? (line.decision === null ? '' : 'silence'),
    line.decidedAt?.toISOString() ?? '',
    line.note ?? '',
    line.id,
  ];
  return [[...FIRST, ...names, ...LAST], ...lines.map(row)].map((cells) => `${cells.map(cell).join(',')}\r\n`).join('');
};
