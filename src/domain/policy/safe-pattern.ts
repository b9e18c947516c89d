/**
 * Refuses regular expressions that could take very long on a hostile text. JavaScript's engine backtracks, and a policy's
 * patterns run on what people type; so only shapes whose cost stays a small power of the text's length are let in.
 */

const PATTERN_CHARS_MAX = 200;
const REPEAT_MAX = 200;
const VARIABLE_MAX = 6;

type Quantifier = { min: number; max: number; length: number };
type Group = { isVariable: boolean; hasChoice: boolean };
type Scan = { unbounded: number; variable: number };

const readQuantifier = (source: string, at: number): Quantifier | null => {
  const found = /^(?:[*+?]|\{(\d{1,4})(,(\d{0,4}))?\})\??/.exec(source.slice(at));
  if (!found) return null;
  const [text, from, range, to] = found;
  if (text.startsWith('?')) return { min: 0, max: 1, length: text.length };
  if (text.startsWith('*')) return { min: 0, max: Infinity, length: text.length };
  if (text.startsWith('+')) return { min: 1, max: Infinity, length: text.length };
  const min = Number(from);
  return { min, max: range === undefined ? min : to ? Number(to) : Infinity, length: text.length };
};

/** One atom that starts at `at`: a class, an escape or a character. Groups are handled by the caller. */
const atomLength = (source: string, at: number): number => {
  if (source[at] === '\\')
    return /^\\(?:u\{[^}]*\}|u.{4}|x.{2}|[pP]\{[^}]*\}|.)/s.exec(source.slice(at))?.[0].length ?? 1;
  if (source[at] !== '[') return 1;
  let end = at + 1;
  while (end < source.length && source[end] !== ']') end += source[end] === '\\' ? 2 : 1;
  return end - at + 1;
};

const countQuantifier = (quantifier: Quantifier, inner: Group | null, scan: Scan): string | null => {
  const isVariable = quantifier.min !== quantifier.max;
  if (Number.isFinite(quantifier.max) && quantifier.max > REPEAT_MAX) return `repeats more than ${REPEAT_MAX} times`;
  if (inner && quantifier.max > 1 && inner.isVariable) return 'repeats a group that repeats inside itself, as in (a+)+';
  if (inner && quantifier.max > 1 && inner.hasChoice)
    return 'repeats a group of alternatives, as in (a|b)+; a class such as [ab]+ is safe';
  if (isVariable) scan.variable++;
  if (isVariable && quantifier.max > 10) scan.unbounded++;
  return null;
};

const scanPattern = (source: string, scan: Scan): string | null => {
  const open: Group[] = [];
  let at = 0;
  while (at < source.length) {
    const char = source[at];
    let inner: Group | null = null;
    if (char === '(') {
      if (/^\(\?(?!:)/.test(source.slice(at))) return 'uses (?…), of which only (?:…) is allowed';
      open.push({ isVariable: false, hasChoice: false });
      at += source.startsWith('(?:', at) ? 3 : 1;
      continue;
    }
    if (/^\\(?:[1-9]|k)/.test(source.slice(at))) return 'refers back to a group';
    if (char === '|') for (const group of open) group.hasChoice = true;
    if (char === ')') inner = open.pop() ?? null;
    at += char === ')' ? 1 : atomLength(source, at);
    const quantifier = readQuantifier(source, at);
    if (inner) for (const group of open) group.isVariable ||= inner.isVariable;
    if (!quantifier) continue;
    at += quantifier.length;
    const problem = countQuantifier(quantifier, inner, scan);
    if (problem !== null) return problem;
    if (quantifier.min !== quantifier.max) for (const group of open) group.isVariable = true;
  }
  return null;
};

/** What is wrong with a pattern, as the end of a sentence ("The pattern …"), or null. `unboundedMax` counts `*`, `+` and `{n,}`. */
export const patternProblem = (source: string, unboundedMax = 3): string | null => {
  if (source.length > PATTERN_CHARS_MAX) return `is longer than ${PATTERN_CHARS_MAX} characters`;
  try {
    RegExp(source, 'u');
  } catch (error) {
    return `is not a regular expression (${error instanceof Error ? error.message : String(error)})`;
  }
  const scan: Scan = { unbounded: 0, variable: 0 };
  const problem = scanPattern(source, scan);
  if (problem !== null) return problem;
  const allowed = source.startsWith('^') && !source.includes('|') ? unboundedMax : unboundedMax - 1;
  if (scan.unbounded > allowed)
    return `has ${scan.unbounded} open repetitions (*, +, {n,}); at most ${allowed} are allowed here`;
  return scan.variable > VARIABLE_MAX ? `has more than ${VARIABLE_MAX} repetitions of varying length` : null;
};
