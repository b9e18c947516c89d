/** Text with `{{field}}` in it, made ready once and filled in from thousands of rows. What holds no field is the same value for all of them. */
import type { Json } from '../domain/json.ts';
import type { FoundRow } from './found-text.ts';
import { record } from './record.ts';

const FIELD = /\{\{\s*([^{}]*?)\s*\}\}/g;
const FIELD_NAME = /^[a-z][a-z0-9_]{0,39}$/;
const ADDRESS = /^[a-z][a-z0-9+.-]*:\/\//i;

export type Filled<Value> = (row: FoundRow) => Value;
type Part = { text: string } | { field: string };

/** What stands between the fields is filled from the environment; a value of a row never is. */
type FillText = (text: string) => string;

const partsOf = (template: string): Part[] => {
  const parts: Part[] = [];
  let at = 0;
  for (const found of template.matchAll(FIELD)) {
    parts.push({ text: template.slice(at, found.index) }, { field: found[1] ?? '' });
    at = found.index + found[0].length;
  }
  return [...parts, { text: template.slice(at) }];
};

/** Every field that is named anywhere in a value, each once. */
export const fieldsIn = (value: unknown): string[] => {
  if (typeof value === 'string') return partsOf(value).flatMap((part) => ('field' in part ? [part.field] : []));
  if (typeof value !== 'object' || value === null) return [];
  return [...new Set(Object.values(value).flatMap(fieldsIn))];
};

/** Those that may say which server is meant: in an address those of its host, elsewhere all. */
export const fieldsOfPlaces = (value: unknown): string[] => {
  if (typeof value === 'string')
    return fieldsIn(ADDRESS.test(value) ? value.replace(/^([^/]*\/\/[^/]*).*$/s, '$1') : value);
  if (typeof value !== 'object' || value === null) return [];
  return [...new Set(Object.values(value).flatMap(fieldsOfPlaces))];
};

export const isFieldName = (field: string): boolean => FIELD_NAME.test(field);

/** In an address a value stands for itself alone: what would end the host, or begin a path or a query, is written as its number. */
export const textTemplate = (template: string, fill: FillText = (text) => text): Filled<string> => {
  const written = partsOf(template).map((part) => ('text' in part ? { text: fill(part.text) } : part));
  const quote = ADDRESS.test(template) ? encodeURIComponent : (value: string) => value;
  if (written.length === 1) {
    const only = written.map((part) => ('text' in part ? part.text : '')).join('');
    return () => only;
  }
  return (row) => written.map((part) => ('text' in part ? part.text : quote(row[part.field] ?? ''))).join('');
};

/** `isFixed`: it names no field, so every row has the very same value. */
export type JsonTemplate = { isFixed: boolean; fill: Filled<Json> };

export const jsonTemplate = (value: Json, fill?: FillText): JsonTemplate => {
  if (typeof value === 'string') return { isFixed: fieldsIn(value).length === 0, fill: textTemplate(value, fill) };
  if (typeof value !== 'object' || value === null) return { isFixed: true, fill: () => value };
  const entries = Object.entries(value).map(([key, item]) => [key, jsonTemplate(item, fill)] as const);
  const made = (row: FoundRow): Json => {
    const filled = entries.map(([key, item]) => [key, item.fill(row)] as const);
    return Array.isArray(value) ? filled.map(([, item]) => item) : record(filled);
  };
  if (entries.some(([, item]) => !item.isFixed)) return { isFixed: false, fill: made };
  const fixed = made({});
  return { isFixed: true, fill: () => fixed };
};
