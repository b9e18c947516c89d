/** What is wrong with a configuration: always all of it at once, each with a code, a place and what to do. */
import { nearest } from '../lib/nearest.ts';

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

/** `; did you mean "sre"?` or `; known are: dba, sre.` or the given words. */
export const suggestion = (word: string, names: readonly string[], otherwise: string): string => {
  const near = nearest(word, names);
  if (near !== null) return `; did you mean "${near}"?`;
  return names.length > 0 && names.length <= 12 ? `; known are: ${names.join(', ')}.` : `; ${otherwise}`;
};
