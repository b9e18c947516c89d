/** Text of anybody for a terminal or a log that people read: nothing in it is obeyed, and nothing in it is shown as what it is not. */

/** Characters that turn the reading direction, as the inside of a class of a regular expression. */
export const TURNS = '\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069';
const ALL = new RegExp(`[\\p{Cc}\\u2028\\u2029${TURNS}]`, 'gu');
const BUT_LINES = new RegExp(`(?![\\n\\t])[\\p{Cc}\\u2028\\u2029${TURNS}]`, 'gu');
/** JSON writes the others as they are. */
const RAW_IN_JSON = new RegExp(`[\\u007f-\\u009f\\u2028\\u2029${TURNS}]`, 'gu');

export const oneLine = (text: string): string => text.replaceAll(ALL, ' ');

export const printable = (text: string): string => text.replaceAll(BUT_LINES, ' ');

/** The same value for the one who parses it. */
export const printableJson = (json: string): string =>
  json.replaceAll(RAW_IN_JSON, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
