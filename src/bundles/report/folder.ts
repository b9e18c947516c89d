/** The folder of a report. Its files are written beside it and moved in when all of them are whole. */
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ReportFolder, ReportWriter } from '../../application/reports/report-ports.ts';
import { csvCell } from '../../lib/csv.ts';
import { visibleText } from '../../lib/visible-text.ts';
import { REGISTER_COLUMNS } from './columns.ts';
import { openFile } from './file-sink.ts';
import type { FileSink } from './file-sink.ts';
import { writePdf } from './pdf.ts';
import { writeSheets } from './sheets.ts';
import { openWorkbook } from './xlsx.ts';
import type { XlsxCell } from './xlsx.ts';

const REGISTER = 'register.csv';
const JSON_FILE = 'report.json';
const WORKBOOK = 'report.xlsx';
const PDF = 'report.pdf';
export const MANIFEST = 'manifest.json';
const NOTE = 'manifest.note';
export const REPORT_FILES = [REGISTER, WORKBOOK, PDF, JSON_FILE, MANIFEST, NOTE] as const;

const csvValue = (cell: XlsxCell): string => {
  if (cell instanceof Date) return csvCell(cell.toISOString());
  return csvCell(typeof cell === 'string' ? visibleText(cell) : cell);
};
const csvLine = (cells: readonly XlsxCell[]): string => `${cells.map(csvValue).join(',')}\r\n`;

/** Letters that turn other text around are written as escapes, which mean the same. */
const HIDDEN = /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;
const jsonText = (value: unknown): string =>
  JSON.stringify(value).replaceAll(
    HIDDEN,
    (letter) => `\\u${letter.codePointAt(0)?.toString(16).padStart(4, '0') ?? ''}`,
  );

type Sinks = { csv: FileSink; json: FileSink; xlsx: FileSink; pdf: FileSink };

const openSinks = async (folder: string): Promise<Sinks> => ({
  csv: await openFile(folder, REGISTER),
  json: await openFile(folder, JSON_FILE),
  xlsx: await openFile(folder, WORKBOOK),
  pdf: await openFile(folder, PDF),
});

const writerOf = ({ csv, json, xlsx, pdf }: Sinks): ReportWriter => {
  const filled = [csv, json, xlsx];
  const workbook = openWorkbook(xlsx);
  const register = workbook.sheet('Register', REGISTER_COLUMNS);
  csv.write(csvLine(REGISTER_COLUMNS.map(({ title }) => title)));
  json.write('{"version":1,"register":[');
  let between = '\n';
  return {
    row: async (row) => {
      const cells = REGISTER_COLUMNS.map(({ value }) => value(row));
      csv.write(csvLine(cells));
      register.row(cells);
      json.write(`${between}${jsonText(row)}`);
      between = ',\n';
      for (const sink of filled) if (sink.isFull()) await sink.drained();
    },
    finish: async (report, exceptions) => {
      register.end();
      writeSheets(workbook, report, exceptions);
      workbook.end('Cover');
      json.write(`\n],"exceptions":[\n${exceptions.map(jsonText).join(',\n')}\n],${jsonText(report).slice(1)}\n`);
      await writePdf(report, exceptions, pdf.write);
      return [await csv.end(), await xlsx.end(), await pdf.end(), await json.end()];
    },
  };
};

/** `target` is made where it is not there; files of an older report in it are replaced. */
export const reportFolder = (target: string): ReportFolder => {
  let beside: string | null = null;
  const mustBeOpen = (): string => {
    if (beside === null) throw new Error('The folder of the report is not open.');
    return beside;
  };
  const discard = async (): Promise<void> => {
    if (beside !== null) await rm(beside, { recursive: true, force: true });
  };
  return {
    open: async () => {
      await mkdir(target, { recursive: true });
      beside = await mkdtemp(path.join(target, '.report-'));
      return writerOf(await openSinks(beside));
    },
    publish: async (manifest, note) => {
      const from = mustBeOpen();
      await writeFile(path.join(from, MANIFEST), manifest);
      await writeFile(path.join(from, NOTE), note);
      for (const name of REPORT_FILES) await rename(path.join(from, name), path.join(target, name));
      await discard();
    },
    discard,
  };
};
