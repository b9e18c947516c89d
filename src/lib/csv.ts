/** Cells of a CSV file that a spreadsheet opens. */

/** A spreadsheet runs a cell that begins so as a formula: CWE-1236, owasp.org/www-community/attacks/CSV_Injection. Some take the wide signs, too. */
const BEGINS_LIKE_FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/** With an apostrophe before what a spreadsheet would run. */
export const harmless = (text: string): string => (BEGINS_LIKE_FORMULA.test(text) ? `'${text}` : text);

/** A spreadsheet in whose country numbers have a comma begins a cell at each semicolon, and a row at each line end: our quotes begin no cell there. */
const FORMULA_IN_THE_MIDDLE = /(?:\r\n|[;\t\r\n])(?=(?:[^\S\t\r\n]|")*[=+\-@\uff1d\uff0b\uff0d\uff20])/g;

/** RFC 4180: quoted when it holds a quote, a comma or a line end, or another separator; quotes are doubled. */
export const csvCell = (value: string | number | null): string => {
  const text = harmless(value === null ? '' : String(value)).replaceAll(FORMULA_IN_THE_MIDDLE, "$&'");
  return /["',;\r\n\t]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};
