/** Where the text of a cell is broken into lines: nothing is lost, nothing is wider than the cell, and words and numbers stay whole. */
import { expect, test } from 'vitest';
import { linesOf, measureBy } from '../../src/bundles/pdf/lines.ts';

const measure = measureBy(() => 1);

test.each([
  ['', 5, ['']],
  ['one', 5, ['one']],
  ['one two three', 7, ['one two', 'three']],
  ['one two three', 3, ['one', 'two', 'thr', 'ee']],
  ['a 0123456789 b', 4, ['a', '0123', '4567', '89 b']],
  ['orders-db/read', 10, ['orders-db/', 'read']],
  ['on 2026-07-01 at', 12, ['on', '2026-07-01', 'at']],
  ['at 2026/07 or so', 8, ['at', '2026/07', 'or so']],
])('%j in %d', (text, width, lines) => {
  expect(linesOf(text, width, measure).map((line) => line.trimEnd())).toEqual(lines);
});

test('no letter is lost and no line is too wide, whatever the width', () => {
  const text =
    'Closed 2 h 50 min after it was due. grant 0199a7c2-5b1f-7cc3-9d3e-2f1a5c7b9e11 Ольга Петрова, orders-db/read';
  for (let width = 1; width < 120; width += 1) {
    const lines = linesOf(text, width, measure);
    expect(lines.join('')).toBe(text);
    expect(lines.filter((line) => line.trimEnd().length > width)).toEqual([]);
  }
});

test('a letter is measured once', () => {
  const seen: string[] = [];
  const measureOnce = measureBy((letter) => seen.push(letter) * 0 + 1);
  expect([measureOnce('abba'), measureOnce('ab😀')]).toEqual([4, 3]);
  expect(seen).toEqual(['a', 'b', '😀']);
});
