/** Takes passwords out of statements before they are kept. Rather too much goes than too little. */

/** Between the words of SQL. */
const GAP = String.raw`(?:\s|/\*[\s\S]*?\*/|--[^\n]*\n)*`;
/** To the end where it is cut off. */
const TEXT = String.raw`(?:(?:E|U&|N|B|X)?'(?:[^'\\]|''|\\[\s\S])*(?:'|$)|\$(\w*)\$[\s\S]*?(?:\$\1\$|$))`;

/** `PASSWORD 'x'`, `OPTIONS (password 'x')`, `password => 'x'`. */
const AS_TEXT = new RegExp(
  String.raw`(\b\w*(?:password|passwd|passphrase|secret)"?${GAP}(?:=>|:=|=)?${GAP})${TEXT}`,
  'gi',
);
/** `'host=x password=secret'`, `password=''a b''`. */
const IN_CONNECTION = /(\b(?:password|sslpassword|passwd|pwd)\s*=\s*)(?:''[\s\S]*?''|[^\s'"]+)/gi;
/** `postgresql://user:secret@host`. */
const IN_URL = /(:\/\/[^\s:/@']*:)[^\s@']+@/g;

const HIDDEN = "'***'";

export const scrubSql = (text: string): string =>
  text.replaceAll(IN_CONNECTION, '$1***').replaceAll(IN_URL, '$1***@').replaceAll(AS_TEXT, `$1${HIDDEN}`);
