import { describe, expect, it } from 'vitest';
import { readYaml } from '../../src/config/yaml-source.ts';

/** Long enough for a busy machine; a bomb that goes off takes for ever or all memory. */
const TIMEOUT = { timeout: 15_000 };

const codesOf = (text: string): string[] => {
  const found = readYaml(text);
  return 'problems' in found ? [...new Set(found.problems.map(({ code }) => code))] : [];
};

const bomb = (levels: number): string => {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
  for (let level = 1; level <= levels; level++) {
    lines.push(`a${level}: &a${level} [${Array.from({ length: 10 }, () => `*a${level - 1}`).join(', ')}]`);
  }
  return lines.join('\n');
};

describe('hostile YAML is refused within limits', () => {
  it.each([
    ['a bomb of anchors', bomb(9), 'yaml_too_many_aliases'],
    ['many aliases of one value', `a: &a [1]\nb: [${'*a,'.repeat(2000)}]`, 'yaml_too_many_aliases'],
    ['aliases of something large', `a: &a [${'1,'.repeat(200)}]\nb: [${'*a,'.repeat(900)}]`, 'yaml_too_many_aliases'],
    ['an anchor inside itself', 'a: &a [*a]', 'yaml_too_deep'],
    ['deep brackets', '['.repeat(100_000), 'yaml_too_deep'],
    ['deep brackets, closed', `${'['.repeat(500)}${']'.repeat(500)}`, 'yaml_too_deep'],
    ['deep brackets over lines', '[\n'.repeat(50_000), 'yaml_too_deep'],
    ['deep braces', '{a: '.repeat(30_000), 'yaml_too_deep'],
    ['deep dashes', '- '.repeat(20_000), 'yaml_too_deep'],
    ['deep questions', '? '.repeat(20_000), 'yaml_too_deep'],
    [
      'deep indentation',
      Array.from({ length: 3000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'),
      'yaml_too_deep',
    ],
    ['deep enough', Array.from({ length: 30 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'), 'yaml_too_deep'],
    ['a large file', `a: ${'x'.repeat(9 * 1024 * 1024)}`, 'yaml_too_large'],
    ['a NUL', 'a: b\0c', 'yaml_control_character'],
    ['a NUL in quotes', 'a: "b\\0c"', 'yaml_control_character'],
    ['an escape character', 'a: "\\e[31m"', 'yaml_control_character'],
    ['a control character in a key', '"a\\b": 1', 'yaml_control_character'],
    ['a duplicate key', 'a: 1\na: 2', 'yaml_duplicate_key'],
    ['a duplicate key, deep down', 'a:\n  b: {c: 1, d: 2, c: 3}', 'yaml_duplicate_key'],
    ['a duplicate key in other quotes', 'a: 1\n"a": 2', 'yaml_duplicate_key'],
    ['a key that reaches the prototype', '__proto__: {isAdmin: true}', 'yaml_key'],
    ['a key that reaches the constructor', 'a: {constructor: {prototype: 1}}', 'yaml_key'],
    ['a list as a key', '? [a]\n: 1', 'yaml_syntax'],
    ['a tag', 'a: !!js/function "function(){}"', 'yaml_syntax'],
    ['a tag of our own', 'a: !secret x', 'yaml_syntax'],
    ['two documents', 'a: 1\n---\nb: 2', 'yaml_syntax'],
    ['a tab', 'a:\n\tb: 1', 'yaml_syntax'],
    ['an alias of nothing', 'a: *b', 'yaml_alias'],
    ['no end', 'a: [1, 2', 'yaml_syntax'],
    ['for ever', 'a: .inf', 'yaml_number'],
    ['not a number', 'a: .nan', 'yaml_number'],
  ])('%s', TIMEOUT, (_name, text, code) => expect(codesOf(text)).toEqual([code]));
});

describe('YAML as data', () => {
  it('has no member that the file did not write', () => {
    const found = readYaml('a: {b: 1}');
    if ('problems' in found) throw new Error('refused');
    expect(Object.getPrototypeOf(found.value)).toBeNull();
    expect(found.value).toEqual({ a: { b: 1 } });
  });

  it('repeats an alias as a value', () => {
    expect(readYaml('a: &x {b: [1, two]}\nc: *x')).toMatchObject({
      value: { a: { b: [1, 'two'] }, c: { b: [1, 'two'] } },
    });
  });

  it('knows no yes, no dates and no merge keys', () => {
    expect(readYaml('a: yes\nb: 2026-01-01\nc: 0x10\nd:\n  <<: 1')).toMatchObject({
      value: { a: 'yes', b: '2026-01-01', c: 16, d: { '<<': 1 } },
    });
  });

  it('knows the line of every value, and the nearest one of what is not there', () => {
    const found = readYaml('a: 1\nb:\n  - x\n  - y: 2\n    z: 3\n');
    if ('problems' in found) throw new Error('refused');
    expect(found.lineOf(['a'])).toBe(1);
    expect(found.lineOf(['b', 1])).toBe(4);
    expect(found.lineOf(['b', 1, 'z'])).toBe(5);
    expect(found.lineOf(['b', 1, 'nope', 'deeper'])).toBe(4);
    expect(found.lineOf([])).toBeNull();
  });

  it('names every duplicate key with its line', () => {
    const found = readYaml('a: 1\na: 2\nb: 1\nb: 2');
    expect(found).toMatchObject({
      problems: [
        { line: 2, path: 'a' },
        { line: 4, path: 'b' },
      ],
    });
  });
});
