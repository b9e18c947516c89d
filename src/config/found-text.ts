/**
 * The policy as text, with what its lists gave: `latchkey.yml`, a line, and the rows as JSON with a row on each line. What is decided under is
 * this text, so that its digest speaks of every target, and it can be loaded again when the lists are gone.
 */
import type { Json } from '../domain/json.ts';
import { record } from './record.ts';

/** One entry of a list, as far as its template uses it. */
export type FoundRow = Readonly<Record<string, string>>;
/** By the name of the list. */
export type FoundRows = Record<string, readonly FoundRow[]>;

/** A document of its own in YAML, so that no part of a policy file can be mistaken for it. */
const FOUND_LINE = '--- # found by targets_from: what is above is latchkey.yml';

export type SplitText = { typed: string; found: FoundRows | null };

/** The JSON of a list, or null where it is no list of rows. */
const rowsIn = (value: Json | undefined): FoundRow[] | null => {
  if (!Array.isArray(value)) return null;
  return value.map((item) =>
    record(Object.entries(item ?? {}).flatMap(([key, text]) => (typeof text === 'string' ? [[key, text]] : []))),
  );
};

const foundIn = (json: string): FoundRows | null => {
  try {
    const value = JSON.parse(json) as Json;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
    return record(Object.entries(value).flatMap(([list, rows]) => [[list, rowsIn(rows) ?? []] as const]));
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
};

/** `found` is null where the text holds none: the lists were not read. */
export const splitFound = (text: string): SplitText => {
  const at = text.indexOf(`\n${FOUND_LINE}\n`);
  if (at < 0) return { typed: text, found: null };
  return { typed: text.slice(0, at + 1), found: foundIn(text.slice(at + FOUND_LINE.length + 2)) };
};

export const hasFound = (text: string): boolean => text.includes(`\n${FOUND_LINE}\n`);

const keysInOrder = (row: FoundRow): FoundRow =>
  Object.fromEntries(
    Object.keys(row)
      .toSorted()
      .map((key) => [key, row[key] ?? '']),
  );

/** The same rows give the same text, however the list ordered them and their fields, and how often it has one. */
export const rowsText = (rows: readonly FoundRow[]): string =>
  [...new Set(rows.map((row) => JSON.stringify(keysInOrder(row))))].toSorted().join(',\n');

/** What `rowsText` wrote. */
export const rowsFrom = (text: string): FoundRow[] => rowsIn(JSON.parse(`[${text}]`) as Json) ?? [];

export const withFound = (typed: string, found: FoundRows): string => {
  const lists = Object.keys(found)
    .toSorted()
    .map((list) => `${JSON.stringify(list)}:[\n${rowsText(found[list] ?? [])}\n]`);
  const end = typed.endsWith('\n') ? '' : '\n';
  return `${typed}${end}${FOUND_LINE}\n{${lists.join(',\n')}}\n`;
};
