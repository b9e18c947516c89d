/** What people typed, word by word: as it reads, and where it stands in the text. */

export type Token = {
  /** In lower case, with plain digits and dashes, without invisible characters and the marks around it. */
  norm: string;
  /** The same in the case in which it was typed. */
  cased: string;
  /** Where it begins and ends in the text. */
  start: number;
  end: number;
};

const WORD = /\S+/g;
const INVISIBLE = /\p{Cf}/gu;
const DASH = /[\u2010-\u2015\u2212]/g;
const APOSTROPHE = /[\u2018\u2019\u02bc]/g;
const RATIO = /\u2236/g;
const AROUND = /^[([@]+|[)\],;:.!?]+$/g;

/** No time is written in a word that is longer. */
const WORD_MAX = 60;

const plain = (word: string): string =>
  word
    .slice(0, WORD_MAX)
    .normalize('NFKC')
    .replace(INVISIBLE, '')
    .replace(DASH, '-')
    .replace(APOSTROPHE, "'")
    .replace(RATIO, ':')
    .replace(AROUND, '');

export const tokensOf = (text: string): Token[] =>
  [...text.matchAll(WORD)].map((match) => {
    const cased = plain(match[0]);
    return { norm: cased.toLowerCase(), cased, start: match.index, end: match.index + match[0].length };
  });

/** The text from a token on, as it was typed. */
export const restOf = (text: string, tokens: readonly Token[], index: number): string => {
  const token = tokens[index];
  return token ? text.slice(token.start).trim() : '';
};

const OPEN = /^["'`\u00ab\u201c\u201e\u2018]/;

/** A reason in quotes is taken as it is, whatever it speaks of. */
export const isQuoted = (text: string): boolean => OPEN.test(text);
const SPAN = /"[^"]*"|\u201c[^\u201d]*\u201d|\u201e[^\u201c\u201d]*[\u201c\u201d]|\u00ab[^\u00bb]*\u00bb|`[^`]*`/g;

/** The text with what stands in quotes made blank, of the same length. */
export const withoutQuoted = (text: string): string => text.replace(SPAN, (span) => ' '.repeat(span.length));

const PAIRS: Record<string, string> = {
  '"': '"',
  "'": "'",
  '`': '`',
  '\u201c': '\u201d',
  '\u201e': '\u201c',
  '\u00ab': '\u00bb',
  '\u2018': '\u2019',
};

/** `"why"` -> `why`, where the quotes stand around all of it. */
export const unquoted = (text: string): string => {
  const close = PAIRS[text[0] ?? ''];
  const inside = text.slice(1, -1);
  return close !== undefined && text.length > 2 && text.endsWith(close) && !inside.includes(close)
    ? inside.trim()
    : text;
};
