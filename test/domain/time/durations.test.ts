/** What is shown as a duration is what was meant: a form sends it back, and an approver decides on it. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatDuration, parseDuration, roughDuration } from '../../../src/domain/time/durations.ts';

test('a duration of whole seconds is read again as itself', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 400 * 86_400 }), (seconds) => {
      expect(parseDuration(formatDuration(seconds * 1_000))).toBe(seconds * 1_000);
    }),
  );
});

test('no part is left out, except where it was only measured', () => {
  expect(formatDuration(2_430 * 60_000)).toBe('1d16h30m');
  expect(roughDuration(2_430 * 60_000)).toBe('1d16h');
  expect(formatDuration(0)).toBe('0s');
});
