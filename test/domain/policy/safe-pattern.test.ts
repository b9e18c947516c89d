import { describe, expect, it } from 'vitest';
import { patternProblem } from '../../../src/domain/policy/safe-pattern.ts';

describe('patterns that are let in', () => {
  it.each([
    '^[A-Z]+-\\d+$',
    '^OPS-\\d{1,6}$',
    '(OPS|DEV)-\\d+',
    '^https://tracker\\.acme\\.test/.+$',
    '^(?:INC)?\\d{4}(-\\d{2}){2}$',
    '[a\\]b]+',
    '^#?\\d+$',
    '\\p{Lu}+',
  ])('%s', (pattern) => expect(patternProblem(pattern)).toBeNull());
});

describe('patterns that are refused', () => {
  it.each([
    ['(a+)+$', 'repeats inside itself'],
    ['(a*)*', 'repeats inside itself'],
    ['((a+)b?)+', 'repeats inside itself'],
    ['(?:a{1,30}){1,30}', 'repeats inside itself'],
    ['(a|a)*$', 'alternatives'],
    ['(a|b|ab)+', 'alternatives'],
    ['((a|b)c)*', 'alternatives'],
    ['.*.*.*.*x', 'open repetitions'],
    ['a?a?a?a?a?a?a?a?a?aaaaaaaaa', 'varying length'],
    ['^(\\w+)\\1$', 'refers back'],
    ['(?=a+)b', 'only (?:…)'],
    ['(?<!a)b', 'only (?:…)'],
    ['a{1,9999}', 'more than 200 times'],
    ['x'.repeat(201), 'longer than 200'],
    ['[', 'not a regular expression'],
    ['*', 'not a regular expression'],
    ['(', 'not a regular expression'],
  ])('%s', (pattern, why) => expect(patternProblem(pattern)).toContain(why));
});

it('every pattern that is let in ends on a hostile ticket', { timeout: 30_000 }, () => {
  const patterns = ['^[A-Z]+-\\d+$', '^.*.*.*x$', '[a-z]+[a-z]+!', '^a?a?a?a+a+a+!$'];
  const tickets = ['a'.repeat(200), 'A'.repeat(199) + '!', 'a1'.repeat(100)];
  for (const pattern of patterns) {
    expect(patternProblem(pattern)).toBeNull();
    for (const ticket of tickets) expect(new RegExp(pattern, 'u').test(ticket)).toBe(false);
  }
});
