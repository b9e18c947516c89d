/** A tagged PDF with a language, a title and its own fonts; headings, paragraphs and tables that go on over pages. */
import { BODY, BOLD, registerFonts, shown } from './fonts.ts';

export type Doc = PDFKit.PDFDocument;
export type Page = { doc: Doc; parent: PDFKit.PDFStructureElement };

export const MARGIN = 48;
const INK = '#1b1f24';
export const QUIET = '#57606a';
const LINE = '#d0d7de';
const HEAD = '#f0f3f6';
const ACCENT = '#0b5cad';
const PADDING = 4;
const TEXT_SIZE = 9;
const TABLE_SIZE = 7.5;
const SIZES = { H1: 24, H2: 14, H3: 10.5 } as const;
/** A cell with more than this goes on in a row of its own below: a row never has to be cut by a page. */
const CELL_CHARS = 900;

type About = { title: string; madeAt: Date; onData: (part: Buffer) => void };

/** The library is loaded with the first file: the app and most commands make none. */
export const openPdf = async ({ title, madeAt, onData }: About): Promise<{ page: Page; finish(): Promise<void> }> => {
  const PdfKit = (await import('pdfkit')).default;
  const info = { Title: title, Creator: 'Latchkey', CreationDate: madeAt };
  const settings = {
    size: 'A4',
    margin: MARGIN,
    pdfVersion: '1.7',
    tagged: true,
    lang: 'en',
    displayTitle: true,
    bufferPages: true,
    info,
  } as const;
  const doc = new PdfKit(settings);
  registerFonts(doc);
  doc.on('data', onData);
  const parent = doc.struct('Document');
  doc.addStructure(parent);
  const ended = new Promise<void>((resolve, reject) => {
    doc.on('end', resolve);
    doc.on('error', reject);
  });
  const finish = (): Promise<void> => {
    parent.end();
    footers(doc, title);
    doc.end();
    return ended;
  };
  return { page: { doc, parent }, finish };
};

/** On each page, below the text: what this file is, and which page of how many. So pages are held until all are there. */
const footers = (doc: Doc, title: string): void => {
  const { start, count } = doc.bufferedPageRange();
  for (let index = 0; index < count; index += 1) {
    doc.switchToPage(start + index);
    doc.markContent('Artifact', { type: 'Pagination' });
    doc.page.margins.bottom = 0;
    const at = { width: doc.page.width - 2 * MARGIN, lineBreak: false } as const;
    const top = doc.page.height - MARGIN * 0.6;
    doc.font(BODY).fontSize(7).fillColor(QUIET).text(shown(title), MARGIN, top, at);
    doc.text(`Page ${index + 1} of ${count}`, MARGIN, top, { ...at, align: 'right' });
    doc.endMarkedContent();
  }
};

const bottom = ({ doc }: Page): number => doc.page.height - MARGIN;
export const widthOf = ({ doc }: Page): number => doc.page.width - 2 * MARGIN;

/** A new page where less than this is left. */
export const keepRoom = (page: Page, height: number): void => {
  if (page.doc.y + height > bottom(page)) page.doc.addPage();
};

export const heading = (page: Page, tag: keyof typeof SIZES, text: string): void => {
  const { doc, parent } = page;
  keepRoom(page, SIZES[tag] * 5);
  if (tag !== 'H1' && doc.y > MARGIN) doc.moveDown(1);
  parent.add(
    doc.struct(tag, {}, () => {
      doc
        .font(BOLD)
        .fontSize(SIZES[tag])
        .fillColor(tag === 'H2' ? ACCENT : INK)
        .text(shown(text), MARGIN, doc.y, { width: widthOf(page) });
    }),
  );
  doc.moveDown(0.4);
};

export const paragraph = (page: Page, text: string, color = INK): void => {
  const { doc, parent } = page;
  parent.add(
    doc.struct('P', {}, () => {
      doc
        .font(BODY)
        .fontSize(TEXT_SIZE)
        .fillColor(color)
        .text(shown(text), MARGIN, doc.y, { width: widthOf(page), lineGap: 1.5 });
    }),
  );
  doc.moveDown(0.5);
};

/** `share`: of the width. `isHead`: each cell of the column names its row. `leastHeight`: of each row. */
export type Column = { title: string; share: number; align?: 'left' | 'right'; isHead?: boolean; leastHeight?: number };
export const number = (title: string, share = 1): Column => ({ title, share, align: 'right' });
export const text = (title: string, share: number): Column => ({ title, share });
export const named = (title: string, share: number): Column => ({ title, share, isHead: true });
type Laid = { column: Column; x: number; width: number };
type Cell = Laid & { text: string; isHead: boolean };

const pieces = (text: string): string[] =>
  text.length <= CELL_CHARS
    ? [text]
    : (text.match(new RegExp(`[^]{1,${CELL_CHARS}}(?=\\s|$)|[^]{1,${CELL_CHARS}}`, 'g')) ?? [text]);

/** One row of cells as rows that each fit on a page. */
const rowPieces = (cells: readonly string[]): string[][] => {
  const split = cells.map((cell) => pieces(shown(cell)));
  const count = Math.max(1, ...split.map(({ length }) => length));
  return Array.from({ length: count }, (_, index) => split.map((parts) => parts[index]?.trim() ?? ''));
};

type Row = { texts: readonly string[]; isHeader: boolean };

const setFont = (doc: Doc, isHead: boolean): Doc => doc.font(isHead ? BOLD : BODY).fontSize(TABLE_SIZE);

/** What the longest word of its title needs: a word that is broken is not read. */
const leastWidth = ({ doc }: Page, { title }: Column): number =>
  Math.max(...title.split(' ').map((word) => setFont(doc, true).widthOfString(shown(word)))) + 2 * PADDING + 1;

/** By their shares; one that is too narrow for its title takes from the others. */
const layOut = (page: Page, columns: readonly Column[]): Laid[] => {
  const least = columns.map((column) => leastWidth(page, column));
  const total = columns.reduce((sum, { share }) => sum + share, 0);
  const wanted = columns.map(({ share }, index) => Math.max((widthOf(page) * share) / total, least[index] ?? 0));
  const spare = wanted.map((width, index) => width - (least[index] ?? 0));
  const over = wanted.reduce((sum, width) => sum + width, 0) - widthOf(page);
  const taken = over <= 0 ? 0 : over / spare.reduce((sum, width) => sum + width, 0);
  let x = MARGIN;
  return columns.map((column, index) => {
    const width = (wanted[index] ?? 0) - taken * (spare[index] ?? 0);
    x += width;
    return { column, x: x - width, width };
  });
};

const place = (laid: readonly Laid[], { texts, isHeader }: Row): Cell[] =>
  laid.map((one, index) => ({
    ...one,
    text: texts[index] ?? '',
    isHead: isHeader || one.column.isHead === true,
  }));

const inner = ({ width }: Cell): number => width - 2 * PADDING;

const heightOf = ({ doc }: Page, cells: readonly Cell[]): number =>
  Math.max(
    ...cells.map((cell) => {
      const height = setFont(doc, cell.isHead).heightOfString(cell.text || ' ', { width: inner(cell) });
      return Math.max(height + 2 * PADDING, cell.column.leastHeight ?? 0);
    }),
  );

type Drawing = { cells: readonly Cell[]; height: number; isHeader: boolean; table: PDFKit.PDFStructureElement };

const scopeOf = (isHeader: boolean) => ({ scope: isHeader ? 'Column' : 'Row' });

const drawRow = (page: Page, { cells, height, isHeader, table }: Drawing): void => {
  const { doc } = page;
  const top = doc.y;
  doc.markContent('Artifact', { type: 'Layout' });
  if (isHeader) doc.rect(MARGIN, top, widthOf(page), height).fill(HEAD);
  doc
    .moveTo(MARGIN, top + height)
    .lineTo(MARGIN + widthOf(page), top + height)
    .lineWidth(0.5)
    .stroke(LINE);
  doc.endMarkedContent();
  const row = doc.struct('TR');
  table.add(row);
  for (const cell of cells) {
    const draw = (): void => {
      const { align = 'left' } = cell.column;
      setFont(doc, cell.isHead)
        .fillColor(INK)
        .text(cell.text || ' ', cell.x + PADDING, top + PADDING, { width: inner(cell), align });
    };
    row.add(cell.isHead ? doc.struct('TH', scopeOf(isHeader) as object, draw) : doc.struct('TD', {}, draw));
  }
  row.end();
  doc.x = MARGIN;
  doc.y = top + height;
};

/** The header stands on each page. */
export const table = (page: Page, columns: readonly Column[], rows: Iterable<readonly string[]>): void => {
  const { doc, parent } = page;
  const element = doc.struct('Table');
  parent.add(element);
  const laid = layOut(page, columns);
  const titles = columns.map(({ title }) => title);
  const hasHeader = titles.some((title) => title !== '');
  const header = (): void => {
    const cells = place(laid, { texts: titles.map(shown), isHeader: true });
    if (hasHeader) drawRow(page, { cells, height: heightOf(page, cells), isHeader: true, table: element });
  };
  header();
  for (const row of rows)
    for (const texts of rowPieces(row)) {
      const cells = place(laid, { texts, isHeader: false });
      const height = heightOf(page, cells);
      if (doc.y + height > bottom(page)) {
        doc.addPage();
        header();
      }
      drawRow(page, { cells, height, isHeader: false, table: element });
    }
  element.end();
  doc.moveDown(0.6);
};

/** Two columns: a name, and what it is. */
export const facts = (page: Page, lines: readonly (readonly [string, string])[], leastHeight = 0): void => {
  const columns = [
    { title: '', share: 1, isHead: true, leastHeight },
    { title: '', share: 3 },
  ];
  table(page, columns, lines);
};
