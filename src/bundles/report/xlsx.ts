/**
 * A workbook that is written row by row, since packages that write workbooks hold all rows in memory. It has texts, numbers and moments, and no
 * formula: ECMA-376, part 1, section 18.3.
 */
import { constants, crc32, deflateRawSync } from 'node:zlib';
import { Zip } from 'fflate';
import type { ZipInputFile } from 'fflate';
import { harmless } from '../../lib/csv.ts';
import { visibleText } from '../../lib/visible-text.ts';
import type { FileSink } from './file-sink.ts';

export type XlsxCell = string | number | Date | null;
export type XlsxColumn = { title: string; width: number };
export type Sheet = { row(cells: readonly XlsxCell[]): void; end(): void };
export type Workbook = { sheet(name: string, columns: readonly XlsxColumn[]): Sheet; end(first: string): void };

/** APPNOTE.TXT of PKWARE, section 4.4.5. */
const DEFLATE = 8;
const LEVEL = 3;
const CHUNK_CHARS = 262_144;
/** What a cell holds at most, and a sheet. */
const CELL_CHARS = 32_767;
const SHEET_ROWS = 1_048_576;
const CUT = ' [this cell is full: register.csv and report.json have the whole text]';
const DAY_MS = 86_400_000;
/** Days from 1899-12-30 to 1970-01-01. */
const EPOCH_DAYS = 25_569;
const STYLE = { plain: 0, head: 1, moment: 2 } as const;

const XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const RELATIONS = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006';

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escapeXml = (text: string): string => text.replace(/[&<>"]/g, (letter) => ESCAPES[letter] ?? '');

/** `_x0041_` in a text would be read as A. */
const literal = (text: string): string => text.replaceAll(/_(?=x[0-9A-Fa-f]{4}_)/g, '_x005F_');

const HAS_SIGNS = /[&<>"_]/;
const cellText = (text: string): string => (HAS_SIGNS.test(text) ? escapeXml(literal(text)) : text);

const fitting = (text: string): string =>
  text.length <= CELL_CHARS ? text : `${text.slice(0, CELL_CHARS - CUT.length)}${CUT}`;

const columnName = (index: number): string =>
  index < 26 ? String.fromCodePoint(65 + index) : `${columnName(Math.floor(index / 26) - 1)}${columnName(index % 26)}`;

/** Visible text has no space at its ends, so none has to be preserved. */
const cellXml = (ref: string, value: XlsxCell, style: number): string => {
  if (value === null || value === '') return '';
  if (typeof value === 'number') return `<c r="${ref}"><v>${value}</v></c>`;
  if (value instanceof Date)
    return `<c r="${ref}" s="${STYLE.moment}"><v>${value.getTime() / DAY_MS + EPOCH_DAYS}</v></c>`;
  const text = cellText(fitting(harmless(visibleText(value))));
  const styled = style === STYLE.plain ? '' : ` s="${style}"`;
  return `<c r="${ref}"${styled} t="inlineStr"><is><t>${text}</t></is></c>`;
};

const columnNames: string[] = [];
const nameOf = (index: number): string => (columnNames[index] ??= columnName(index));

const rowXml = (number: number, cells: readonly XlsxCell[], style: number): string => {
  let xml = `<row r="${number}">`;
  for (const [index, cell] of cells.entries()) xml += cellXml(`${nameOf(index)}${number}`, cell, style);
  return `${xml}</row>`;
};

const sheetHead = (columns: readonly XlsxColumn[]): string =>
  `${XML}<worksheet xmlns="${MAIN}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols>${columns
    .map(({ width }, index) => `<col min="${index + 1}" max="${index + 1}" width="${width}" customWidth="1"/>`)
    .join('')}</cols><sheetData>`;

const STYLES = `${XML}<styleSheet xmlns="${MAIN}"><numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="3"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill><fill><patternFill patternType="solid"><fgColor rgb="FFE6EDF5"/></patternFill></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="3"><xf numFmtId="49" applyNumberFormat="0"><alignment vertical="top"/></xf><xf fontId="1" fillId="2" applyFont="1" applyFill="1"><alignment vertical="top"/></xf><xf numFmtId="164" applyNumberFormat="1"><alignment vertical="top"/></xf></cellXfs></styleSheet>`;

/** Compressed by Node itself, chunk by chunk: each is a part of one stream that needs nothing of those before it. */
const deflated = (zip: Zip, name: string) => {
  const file: ZipInputFile = { filename: name, compression: DEFLATE, size: 0, crc: 0 };
  zip.add(file);
  let waiting = '';
  const flush = (isLast: boolean): void => {
    const bytes = Buffer.from(waiting);
    waiting = '';
    file.size += bytes.length;
    file.crc = crc32(bytes, file.crc);
    const finishFlush = isLast ? constants.Z_FINISH : constants.Z_SYNC_FLUSH;
    file.ondata?.(null, deflateRawSync(bytes, { level: LEVEL, finishFlush }), isLast);
  };
  return {
    write: (text: string): void => {
      waiting += text;
      if (waiting.length >= CHUNK_CHARS) flush(false);
    },
    end: (): void => flush(true),
  };
};

type Part = ReturnType<typeof deflated>;

const whole = (zip: Zip, name: string, text: string): void => {
  const part = deflated(zip, name);
  part.write(text);
  part.end();
};

/** `first`: the sheet that is shown first, wherever it was written. */
const workbookXml = (names: readonly string[], first: string): string => {
  const sheets = names.map((name, index) => ({ name, id: index + 1 }));
  const inOrder = [...sheets.filter(({ name }) => name === first), ...sheets.filter(({ name }) => name !== first)];
  return `${XML}<workbook xmlns="${MAIN}" xmlns:r="${RELATIONS}"><sheets>${inOrder
    .map(({ name, id }) => `<sheet name="${escapeXml(name)}" sheetId="${id}" r:id="rId${id}"/>`)
    .join('')}</sheets></workbook>`;
};

const relationsXml = (targets: readonly (readonly [type: string, target: string])[]): string =>
  `${XML}<Relationships xmlns="${PACKAGE}/relationships">${targets
    .map(
      ([type, target], index) => `<Relationship Id="rId${index + 1}" Type="${RELATIONS}/${type}" Target="${target}"/>`,
    )
    .join('')}</Relationships>`;

const SHEET_TYPE = 'application/vnd.openxmlformats-officedocument.spreadsheetml';

const typesXml = (count: number): string => {
  const sheets = Array.from(
    { length: count },
    (_, index) =>
      `<Override PartName="/xl/worksheets/sheet${index + 1}.xml" ContentType="${SHEET_TYPE}.worksheet+xml"/>`,
  );
  return `${XML}<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${SHEET_TYPE}.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="${SHEET_TYPE}.styles+xml"/>${sheets.join('')}</Types>`;
};

const finishWorkbook = (zip: Zip, names: readonly string[], first: string): void => {
  const sheets = names.map((_, index) => ['worksheet', `worksheets/sheet${index + 1}.xml`] as const);
  whole(zip, 'xl/workbook.xml', workbookXml(names, first));
  whole(zip, 'xl/_rels/workbook.xml.rels', relationsXml([...sheets, ['styles', 'styles.xml']]));
  whole(zip, 'xl/styles.xml', STYLES);
  whole(zip, '_rels/.rels', relationsXml([['officeDocument', 'xl/workbook.xml']]));
  whole(zip, '[Content_Types].xml', typesXml(names.length));
  zip.end();
};

const startPart = (zip: Zip, index: number, columns: readonly XlsxColumn[]): Part => {
  const part = deflated(zip, `xl/worksheets/sheet${index}.xml`);
  const titles = columns.map(({ title }) => title);
  part.write(`${sheetHead(columns)}${rowXml(1, titles, STYLE.head)}`);
  return part;
};

const endPart = (part: Part, columns: readonly XlsxColumn[], rows: number): void => {
  part.write(`</sheetData><autoFilter ref="A1:${columnName(columns.length - 1)}${rows}"/></worksheet>`);
  part.end();
};

/** Sheets are written one after the other. One that is full goes on in a second one. */
export const openWorkbook = (sink: Pick<FileSink, 'write'>): Workbook => {
  const names: string[] = [];
  const zip = new Zip((error, data) => {
    if (error) throw error;
    sink.write(data);
  });
  const start = (name: string, columns: readonly XlsxColumn[]): Part => {
    names.push(name);
    return startPart(zip, names.length, columns);
  };
  return {
    sheet: (name, columns) => {
      let part = start(name, columns);
      let rows = 1;
      let continued = 1;
      return {
        row: (cells) => {
          if (rows === SHEET_ROWS) {
            endPart(part, columns, rows);
            continued += 1;
            part = start(`${name} ${continued}`, columns);
            rows = 1;
          }
          rows += 1;
          part.write(rowXml(rows, cells, STYLE.plain));
        },
        end: () => endPart(part, columns, rows),
      };
    },
    end: (first) => finishWorkbook(zip, names, first),
  };
};
