/** What is wrong with a configuration: always all of it at once, each with a code, a place and what to do. */

export type ConfigProblem = {
  code: string;
  /** `rules[2].approvals[0].from`, or the name of an environment variable. */
  path: string;
  /** Line in the file, from 1; null where there is none. */
  line: number | null;
  /** What is wrong and what to do. Never holds a secret. */
  message: string;
};

export type Path = readonly (string | number)[];

export const showPath = (path: Path): string =>
  path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    const isPlain = /^[\w-]+$/.test(part);
    return isPlain ? (text ? `${text}.${part}` : part) : `${text}[${JSON.stringify(part.slice(0, 80))}]`;
  }, '');

export const formatProblem = ({ code, path, line, message }: ConfigProblem): string => {
  const place = [line === null ? '' : `line ${line}`, path].filter(Boolean).join(', ');
  return place ? `${place}: ${message} [${code}]` : `${message} [${code}]`;
};

const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
};

const COMPARED_CHARS_MAX = 64;
const COMPARED_NAMES_MAX = 2000;

/** The name someone probably meant, or null. */
const nearest = (word: string, names: Iterable<string>): string | null => {
  if (word.length > COMPARED_CHARS_MAX) return null;
  const limit = word.length <= 3 ? 1 : 2;
  let best: { name: string; steps: number } | null = null;
  let compared = 0;
  for (const name of names) {
    if (++compared > COMPARED_NAMES_MAX) break;
    if (Math.abs(name.length - word.length) > limit) continue;
    const steps = distance(word.toLowerCase(), name.toLowerCase());
    if (steps <= limit && (best === null || steps < best.steps)) best = { name, steps };
  }
  return best?.name ?? null;
};

/** `; did you mean "sre"?` or `; known are: dba, sre.` or the given words. */
export const suggestion = (word: string, names: readonly string[], otherwise: string): string => {
  const near = nearest(word, names);
  if (near !== null) return `; did you mean "${near}"?`;
  return names.length > 0 && names.length <= 12 ? `; known are: ${names.join(', ')}.` : `; ${otherwise}`;
};
