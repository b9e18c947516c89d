/** Text of people in Markdown that is read elsewhere: nothing in it is markup, a link, or more than one line. To stand inside a line. */

const CHARS_MAX = 500;
/** Control characters, and those that turn the direction of text or cannot be seen. */
const UNSEEN = /[\p{Cc}\p{Cf}\u2028\u2029]+/gu;
/**
 * CommonMark (spec.commonmark.org, "Backslash escapes"): any ASCII punctuation may be escaped. What means something only at the
 * beginning of a line is left: this text never stands there. With `:`, `@` and the dot of `www.` escaped, GitHub's automatic
 * links (github.github.com/gfm, "Autolinks") do not begin.
 */
const SPECIAL = /[\\`*_{}[\]#!|<>~&:@$^]|(?<=www)\./gi;

export const markdownText = (text: string, max = CHARS_MAX): string => {
  const line = text.replaceAll(UNSEEN, ' ').replaceAll(/\s+/g, ' ').trim();
  const characters = Array.from(line);
  const short = characters.length > max ? `${characters.slice(0, max - 1).join('')}…` : line;
  return short.replaceAll(SPECIAL, String.raw`\$&`);
};
