/** The report of one grant as a tagged PDF, with a language and a title. */
import PdfKit from 'pdfkit';
import type { About } from '../application/evidence/make-evidence.ts';
import type { GrantFacts } from '../application/evidence/evidence-facts.ts';
import { rowsOf } from './report-rows.ts';

const MARGIN = 56;
const TEXT_SIZE = 10;
const HEADING_SIZE = 16;
const SECTION_SIZE = 12;
const CELL_MAX = 2_000;

const UNKNOWN = /[^\u0020-\u007e\u00a0-\u00ff]/gu;
const LOSSY =
  'Letters that are not Latin are shown as ? in this file. report.html and grant.json have each name and text as it was written.';

/** The built-in fonts know Latin letters only; what they do not know is shown as a question mark, and the report says so. */
const known = (text: string): string => text.slice(0, CELL_MAX).replaceAll(/\s+/g, ' ').replaceAll(UNKNOWN, '?');

const isLossy = (text: string): boolean => text.replaceAll(/\s+/g, ' ').search(UNKNOWN) >= 0;

type Doc = InstanceType<typeof PdfKit>;
type Table = { doc: Doc; parent: PDFKit.PDFStructureElement };

const heading = ({ doc, parent }: Table, tag: 'H1' | 'H2', text: string): void => {
  const size = tag === 'H1' ? HEADING_SIZE : SECTION_SIZE;
  parent.add(
    doc.struct(tag, {}, () => {
      doc.font('Helvetica-Bold').fontSize(size).text(known(text)).moveDown(0.5);
    }),
  );
};

const rows = ({ doc, parent }: Table, lines: readonly (readonly [string, string])[]): void => {
  const table = doc.struct('Table');
  parent.add(table);
  for (const [name, value] of lines) {
    const row = doc.struct('TR');
    table.add(row);
    row.add(
      doc.struct(
        'TH',
        {},
        () =>
          void doc
            .font('Helvetica-Bold')
            .fontSize(TEXT_SIZE)
            .text(known(`${name}: `), { continued: true }),
      ),
    );
    row.add(doc.struct('TD', {}, () => void doc.font('Helvetica').text(known(value) || ' ')));
    row.end();
  }
  table.end();
  doc.moveDown();
};

const paragraph = ({ doc, parent }: Table, text: string): void => {
  parent.add(doc.struct('P', {}, () => void doc.font('Helvetica').fontSize(TEXT_SIZE).text(text).moveDown()));
};

const contents = (doc: Doc, facts: GrantFacts, about: About): void => {
  const parent = doc.struct('Document');
  doc.addStructure(parent);
  const table = { doc, parent };
  heading(table, 'H1', `Evidence of grant ${facts.grant}`);
  const lines = rowsOf(facts, about);
  const events = facts.events.map(
    ({ seq, at, type, by }) => [`${seq}  ${at}`, by ? `${type}, by ${by}` : type] as const,
  );
  if ([...lines, ...events].flat().some(isLossy)) paragraph(table, LOSSY);
  rows(table, lines);
  heading(table, 'H2', 'Events');
  rows(table, events);
  heading(table, 'H2', 'How to check this');
  const how =
    'This report proves nothing by itself. Run python3 verify.py --key <verifier key> in the folder of this bundle.';
  paragraph(table, how);
  parent.end();
};

export const reportPdf = (facts: GrantFacts, about: About): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const info = {
      Title: `Evidence of grant ${facts.grant}`,
      Creator: 'Latchkey',
      CreationDate: new Date(about.madeAt),
    };
    const doc = new PdfKit({
      size: 'A4',
      margin: MARGIN,
      pdfVersion: '1.7',
      tagged: true,
      lang: 'en',
      displayTitle: true,
      info,
    });
    const parts: Buffer[] = [];
    doc.on('data', (part: Buffer) => parts.push(part));
    doc.on('end', () => resolve(Buffer.concat(parts)));
    doc.on('error', reject);
    contents(doc, facts, about);
    doc.end();
  });
