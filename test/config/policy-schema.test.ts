import { readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { policyDocument, policyJsonSchema } from '../../src/config/policy-schema.ts';
import { GOOD, load } from './made.ts';
import { WRONG } from './wrong-policies.ts';

const FILE = new URL('../../latchkey.schema.json', import.meta.url);
// How the file is made anew after the language changed: UPDATE_SCHEMA=1 npx vitest run test/config/policy-schema
if (process.env['UPDATE_SCHEMA']) writeFileSync(FILE, `${JSON.stringify(policyJsonSchema(), null, 2)}\n`);

const schema: unknown = JSON.parse(readFileSync(FILE, 'utf8'));
const editor = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);
const isFineForEditor = (value: unknown): boolean => editor.safeParse(value).success;
const isFineForLoader = (value: unknown): boolean => policyDocument.safeParse(value).success;

const SHAPE_CODES = ['unknown_key', 'missing_key', 'wrong_type', 'bad_value', 'bad_size', 'bad_name'];
const exampleText = readFileSync(new URL('../../latchkey.example.yml', import.meta.url), 'utf8');

/** Every place in a value, as a path. */
const placesIn = (value: unknown, path: string[] = []): string[][] =>
  typeof value === 'object' && value !== null
    ? [path, ...Object.entries(value).flatMap(([key, item]) => placesIn(item, [...path, key]))]
    : [path];

const withChange = (value: unknown, path: readonly string[], change: unknown): unknown => {
  const [key, ...rest] = path;
  if (key === undefined) return change;
  if (Array.isArray(value))
    return value.map((item: unknown, index) => (String(index) === key ? withChange(item, rest, change) : item));
  const entries = Object.entries(typeof value === 'object' && value !== null ? value : {}).map(
    ([name, item]: [string, unknown]) => [name, name === key ? withChange(item, rest, change) : item],
  );
  return Object.fromEntries(entries.filter(([, item]) => item !== undefined));
};

describe('latchkey.schema.json', () => {
  it('is what the loader checks', () => expect(schema).toEqual(policyJsonSchema()));

  it.each([
    ['the small policy', GOOD],
    ['the example policy', exampleText],
  ])('accepts %s', (_name, text) => expect(isFineForEditor(parse(text))).toBe(true));

  const shapes = WRONG.filter(([, , code]) => SHAPE_CODES.includes(code));
  it.each(shapes)('refuses what the loader refuses by its shape: %s', (...[, text]) => {
    expect(isFineForEditor(parse(text))).toBe(false);
  });

  it('refuses nothing that the loader accepts', () => {
    expect(load(GOOD)).toHaveProperty('policy');
    const meaning = WRONG.filter(([, , code]) => !SHAPE_CODES.includes(code));
    expect(meaning.filter(([, text]) => !isFineForEditor(parse(text))).map(([name]) => name)).toEqual([]);
  });

  it('agrees with the loader about a policy with one place changed to anything', { timeout: 120_000 }, () => {
    const policy: unknown = parse(exampleText);
    const change = fc.oneof(
      fc.constantFrom(
        undefined,
        null,
        true,
        false,
        0,
        1,
        -1,
        1.5,
        21,
        '',
        'x',
        '30m',
        '0m',
        '#a',
        'a@b.c',
        [],
        {},
        ['x'],
        [1],
        { a: 1 },
      ),
      fc.jsonValue({ maxDepth: 2 }),
    );
    const outcome = fc.check(
      fc.property(fc.constantFrom(...placesIn(policy)), change, (path, value) => {
        const made = withChange(policy, path, value);
        return isFineForEditor(made) === isFineForLoader(made);
      }),
      { numRuns: 1000 },
    );
    expect(fc.defaultReportMessage(outcome) ?? 'agrees').toBe('agrees');
  });
});
