import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileGlob } from '../../../src/domain/policy/glob.ts';

describe('patterns', () => {
  it.each([
    ['orders', 'orders', true],
    ['orders', 'order', false],
    ['*', 'anything', true],
    ['*', '', true],
    ['*', 'a/b', false],
    ['*/read', 'orders/read', true],
    ['*/read', 'a/b/read', false],
    ['*/*', 'orders', false],
    ['inc-*', 'inc-42', true],
    ['inc-*', 'my-inc-42', false],
    ['*-db', 'orders-db', true],
    ['a*b*c', 'a-b-b-c', true],
    ['a*b*c', 'a-c-b', false],
    ['o?ders', 'orders', true],
    ['o?ders', 'oders', false],
    ['?', '/', false],
    ['**', 'ab', true],
    ['a.c', 'abc', false],
    ['[a]', 'a', false],
    ['(a|b)', 'a', false],
  ])('%s and %s: %s', (pattern, text, isMatch) => expect(compileGlob(pattern)(text)).toBe(isMatch));

  it('mean the same as the regular expression they stand for', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 8 });
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '/'), maxLength: 8 });
    fc.assert(
      fc.property(pattern, word, (glob, text) => {
        const source = Array.from(glob, (char) => (char === '*' ? '[^/]*' : char === '?' ? '[^/]' : char)).join('');
        expect(compileGlob(glob)(text)).toBe(new RegExp(`^${source}$`).test(text));
      }),
      { numRuns: 1000 },
    );
  });

  it('end on hostile text', { timeout: 30_000 }, () => {
    expect(compileGlob(`${'a*'.repeat(90)}b`)('a'.repeat(200))).toBe(false);
  });
});
