/** The report of one grant as a tagged PDF, with a language and a title. */
import type { About } from '../application/evidence/make-evidence.ts';
import type { GrantFacts } from '../application/evidence/evidence-facts.ts';
import { isLossy } from './pdf/fonts.ts';
import { facts as factTable, heading, openPdf, paragraph, table } from './pdf/document.ts';
import type { Page } from './pdf/document.ts';
import { rowsOf } from './report-rows.ts';

const LOSSY =
  'The fonts of this file do not have every letter: what they miss is shown as ?. report.html and grant.json have each name and text as it was written.';
const HOW =
  'This report proves nothing by itself. Run python3 verify.py --key <verifier key> in the folder of this bundle.';

const EVENT_COLUMNS = [
  { title: 'Number', share: 1, align: 'right' },
  { title: 'Time (UTC)', share: 3 },
  { title: 'Event', share: 3 },
  { title: 'By', share: 4 },
] as const;

const contents = (page: Page, facts: GrantFacts, about: About): void => {
  heading(page, 'H1', `Evidence of grant ${facts.grant}`);
  const lines = rowsOf(facts, about);
  const events = facts.events.map(({ seq, at, type, by }) => [String(seq), at, type, by]);
  if ([...lines, ...events].flat().some(isLossy)) paragraph(page, LOSSY);
  factTable(page, lines);
  heading(page, 'H2', 'Events');
  table(page, EVENT_COLUMNS, events);
  heading(page, 'H2', 'How to check this');
  paragraph(page, HOW);
};

export const reportPdf = async (facts: GrantFacts, about: About): Promise<Buffer> => {
  const parts: Buffer[] = [];
  const title = `Evidence of grant ${facts.grant}`;
  const { page, finish } = await openPdf({ title, madeAt: new Date(about.madeAt), onData: (part) => parts.push(part) });
  contents(page, facts, about);
  await finish();
  return Buffer.concat(parts);
};
