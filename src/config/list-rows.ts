/** Rows of a list as a file writes them: CSV, JSON, JSON lines or YAML. All of it is text of a machine. */
import type { Json } from '../domain/json.ts';
import type { FoundRow } from './found-text.ts';
import { record } from './record.ts';
import { readYaml } from './yaml-source.ts';

export type RawRow = Readonly<Record<string, Json>>;
export type ReadRows = { rows: RawRow[] } | { problem: string };

const isRow = (value: Json): value is Record<string, Json> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** One that is no group of fields spoils the list: what it was meant to be is not known. */
const rowsOf = (value: Json): ReadRows => {
  if (!Array.isArray(value)) return { problem: 'holds no list of targets; write a list, as [{ "name": "orders-1" }]' };
  const at = value.findIndex((item) => !isRow(item));
  if (at >= 0) return { problem: `holds something else than fields with values in entry ${at + 1}` };
  return { rows: value.filter(isRow) };
};

const parsed = (json: string): { value: Json } | null => {
  try {
    return { value: JSON.parse(json) as Json };
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
};

const readJson = (text: string): ReadRows => {
  const read = parsed(text);
  return read ? rowsOf(read.value) : { problem: 'is no JSON' };
};

const readJsonLines = (text: string): ReadRows => {
  const lines = text.split(/\r?\n/).map((line, index) => ({ line: line.trim(), at: index + 1 }));
  const values: Json[] = [];
  for (const { line, at } of lines.filter((each) => each.line !== '')) {
    const read = parsed(line);
    if (!read || !isRow(read.value)) return { problem: `has no JSON object on line ${at}` };
    values.push(read.value);
  }
  return rowsOf(values);
};

const readYamlList = (text: string): ReadRows => {
  const read = readYaml(text);
  if ('problems' in read) return { problem: `is no YAML that can be read: ${read.problems[0]?.message ?? ''}` };
  return rowsOf(read.value);
};

const CSV_CELL = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r\n|\n|$)/y;

/** RFC 4180. Null where a quote stands where none may. */
const csvRecords = (text: string): string[][] | null => {
  const records: string[][] = [];
  let cells: string[] = [];
  CSV_CELL.lastIndex = 0;
  while (CSV_CELL.lastIndex < text.length) {
    const found = CSV_CELL.exec(text);
    if (!found) return null;
    const [, cell = '', end] = found;
    cells.push(cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell.trim());
    if (end === ',' && CSV_CELL.lastIndex < text.length) continue;
    records.push(end === ',' ? [...cells, ''] : cells);
    cells = [];
  }
  return records.filter((one) => one.some((cell) => cell !== ''));
};

/** The first line names the fields. */
const readCsv = (text: string): ReadRows => {
  const records = csvRecords(text.replace(/^\u{feff}/u, ''));
  if (records === null) return { problem: 'is no CSV: a cell with a quote in it must be quoted as a whole' };
  const [head = [], ...rest] = records;
  if (head.length === 0) return { problem: 'is empty: its first line must name the fields' };
  const names = new Set<string>();
  const twice = head.find((field) => names.size === names.add(field).size);
  if (twice !== undefined) return { problem: `names the field "${twice.slice(0, 40)}" twice in its first line` };
  const short = rest.findIndex((cells) => cells.length !== head.length);
  if (short >= 0)
    return {
      problem: `has ${rest[short]?.length ?? 0} cells in entry ${short + 1}, and ${head.length} in its first line`,
    };
  return { rows: rest.map((cells) => record(cells.map((cell, at) => [head[at] ?? '', cell] as const))) };
};

const READERS: Record<string, (text: string) => ReadRows> = {
  csv: readCsv,
  json: readJson,
  jsonl: readJsonLines,
  ndjson: readJsonLines,
  yml: readYamlList,
  yaml: readYamlList,
};

export const LIST_ENDINGS = Object.keys(READERS);

/** By how the name of the file ends. */
export const readRows = (text: string, ending: string): ReadRows =>
  READERS[ending]?.(text) ?? { problem: `has no ending that says what it is; name it .${LIST_ENDINGS.join(', .')}` };

/** More than any field may hold, so that it is refused, and no more than that of it is kept. */
const KEPT_MAX = 400;

const asText = (value: Json | undefined): string | null =>
  typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : null;

/** Only what the template uses: what else changes in a list changes no policy. A field that is missing, or holds no text, is left out. */
export const pickFields = (rows: readonly RawRow[], fields: readonly string[]): FoundRow[] =>
  rows.map((row) =>
    record(
      fields.flatMap((field) => {
        const value = asText(Object.hasOwn(row, field) ? row[field] : undefined);
        return value === null ? [] : [[field, value.slice(0, KEPT_MAX)] as const];
      }),
    ),
  );
