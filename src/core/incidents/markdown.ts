/** Text of people in Markdown that is read elsewhere: nothing in it is markup, a link, or more than one line. */

const CHARS_MAX = 500;
/** Control characters, and those that turn the direction of text or cannot be seen. */
const UNSEEN = /[\p{Cc}\p{Cf}\u2028\u2029]+/gu;
/** CommonMark (spec.commonmark.org, "Backslash escapes"): any ASCII punctuation may be escaped; with `:`, `@` and `.` escaped, GitHub's automatic links do not begin. */
const SPECIAL = /[!-/:-@[-`{-~]/g;

export const markdownText = (text: string, max = CHARS_MAX): string => {
  const line = text.replaceAll(UNSEEN, ' ').replaceAll(/\s+/g, ' ').trim();
  const characters = Array.from(line);
  const short = characters.length > max ? `${characters.slice(0, max - 1).join('')}…` : line;
  return short.replaceAll(SPECIAL, String.raw`\$&`);
};
