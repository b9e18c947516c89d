/** What a row of a list may hold: the text of a machine, which must not mean more than a name where it is filled in. */
import { compileTextGlob } from '../domain/policy/glob.ts';
import { visibleText } from '../lib/visible-text.ts';
import type { FoundRow } from './found-text.ts';

/** Where the policy says nothing of a field: names, hosts, numbers. Nothing of it has a meaning in an address, a message or a shell. */
const PLAIN = /^[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?$/;
const VALUE_MAX = 300;
const SHOWN_MAX = 60;

export type FieldCheck = { field: string; pattern: string | null; fits: (value: string) => boolean };

/** One line of what can be seen, in quotes. */
export const showValue = (value: string): string =>
  JSON.stringify(visibleText(value.length > SHOWN_MAX ? `${value.slice(0, SHOWN_MAX)}…` : value));

const isOneLine = (value: string): boolean => value !== '' && visibleText(value) === value && !value.includes('⏎');

export const fieldChecks = (
  fields: readonly string[],
  patterns: Readonly<Record<string, string>>,
): readonly FieldCheck[] =>
  fields.map((field) => {
    const pattern = Object.hasOwn(patterns, field) ? (patterns[field] ?? null) : null;
    return { field, pattern, fits: pattern === null ? (value) => PLAIN.test(value) : compileTextGlob(pattern) };
  });

/** What is wrong with a row, as a clause after its name; null where nothing is. */
export const rowProblem = (row: FoundRow, checks: readonly FieldCheck[]): string | null => {
  for (const { field, pattern, fits } of checks) {
    const value = row[field];
    if (value === undefined) return `has no text in the field "${field}"`;
    if (value.length > VALUE_MAX) return `has more than ${VALUE_MAX} characters in the field "${field}"`;
    if (!isOneLine(value))
      return `has text in the field "${field}" that is empty, or cannot be seen whole: ${showValue(value)}`;
    if (fits(value)) continue;
    return pattern === null
      ? `has ${showValue(value)} in the field "${field}", which is more than letters, digits, ".", "_" and "-"; say what it may be with fields: { ${field}: "…" }`
      : `has ${showValue(value)} in the field "${field}", which is not ${showValue(pattern)}`;
  }
  return null;
};
