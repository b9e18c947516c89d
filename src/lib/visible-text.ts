/** Text of people for files that are read: what cannot be seen, or turns other text around, is written as its number. */

const INVISIBLE =
  /[\p{Cc}\p{Cs}\p{Co}\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff]/gu;
const LINE_END = /\r\n|[\r\n\u0085]/g;

const numbered = (letter: string): string =>
  `\\u${(letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;

/** Most texts have nothing to replace, and looking for each kind of letter costs more than looking at all once. */
const PLAIN = /^[\x20-\x7e]*$/;

/** On one line; line ends are shown as ⏎. */
export const visibleText = (text: string): string =>
  PLAIN.test(text)
    ? text.trim()
    : text.replaceAll(LINE_END, ' \u23ce ').replaceAll('\t', ' ').trim().replaceAll(INVISIBLE, numbered);
