/**
 * Takes passwords out of statements before they are kept. Rather too much goes than too little. A statement is up to 4 MB that the borrower wrote:
 * each step takes time in proportion to its length, however it is written.
 */

const NAME = /(?:password|passwd|passphrase|secret)"?/gi;
/** Between a name and its value. Each character can be read in one way only. */
const GAP = String.raw`(?:\s|/\*(?:[^*]|\*(?!/))*\*/|--[^\n]*\n)*`;
/** `PASSWORD 'x'`, `OPTIONS (password 'x')`, `password => 'x'`, `password $$x$$`. */
const BEFORE_TEXT = new RegExp(`^${GAP}(?:(?:=>|:=|=)${GAP})?(?=(?:E|U&|N|B|X)?'|\\$\\w*\\$)`, 'i');
/** A name with more than this between it and its value is none. */
const GAP_MAX = 200;
const TEXT_BEGINS = /(?:E|U&|N|B|X)?'|\$\w{0,63}\$/iy;
const STOP = /['\\]/g;

/** `'host=x password=secret'`, `password=''a b''`. */
const IN_CONNECTION = /(\b(?:password|sslpassword|passwd|pwd)\s*=\s*)(?:''[\s\S]*?''|[^\s'"]+)/gi;
const HIDDEN = "'***'";

/** To the end where it is cut off. */
const endOfQuoted = (sql: string, from: number): number => {
  for (let at = from; ;) {
    STOP.lastIndex = at;
    const found = STOP.exec(sql);
    if (!found) return sql.length;
    const next = found.index + 1;
    if (found[0] === "'" && sql[next] !== "'") return next;
    at = next + 1;
  }
};

const after = (sql: string, sign: string, from: number): number => {
  const at = sql.indexOf(sign, from);
  return at === -1 ? sql.length : at + sign.length;
};

/** Of the text that begins at `from`. Two quotes are one inside of another text, and then two of them end it. */
const endOfText = (sql: string, from: number): number => {
  TEXT_BEGINS.lastIndex = from;
  const [begin = ''] = TEXT_BEGINS.exec(sql) ?? [];
  const inner = from + begin.length;
  if (begin.endsWith('$')) return after(sql, begin, inner);
  return begin !== '' && sql[inner] === "'" ? after(sql, "''", inner + 1) : endOfQuoted(sql, inner);
};

const withoutTexts = (sql: string): string => {
  const kept: string[] = [];
  let from = 0;
  NAME.lastIndex = 0;
  for (let name = NAME.exec(sql); name !== null; name = NAME.exec(sql)) {
    const end = name.index + name[0].length;
    const gap = BEFORE_TEXT.exec(sql.slice(end, end + GAP_MAX));
    if (!gap) continue;
    kept.push(sql.slice(from, end + gap[0].length), HIDDEN);
    from = NAME.lastIndex = endOfText(sql, end + gap[0].length);
  }
  return [...kept, sql.slice(from)].join('');
};

/** `postgresql://user:secret@host`: where the password begins, of a word that has an @ behind it; -1 where it has none. */
const passwordIn = (word: string): number => {
  for (let at = word.indexOf('://'); at !== -1; at = word.indexOf('://', at + 3)) {
    const colon = word.indexOf(':', at + 3);
    if (colon === -1) return -1;
    if (!word.slice(at + 3, colon).includes('/') && colon + 1 < word.length) return colon + 1;
  }
  return -1;
};

/** The word that ends in an @, to the left of it. */
const wordBefore = (part: string): number => {
  for (let at = part.length; at > 0; at -= 1) if (/[\s']/.test(part[at - 1] ?? '')) return at;
  return 0;
};

const withoutAddresses = (sql: string): string => {
  if (!sql.includes('://')) return sql;
  const parts = sql.split('@');
  const last = parts.pop() ?? '';
  const hidden = parts.map((part) => {
    const begin = wordBefore(part);
    const password = passwordIn(part.slice(begin));
    return password === -1 ? part : `${part.slice(0, begin + password)}***`;
  });
  return [...hidden, last].join('@');
};

export const scrubSql = (text: string): string =>
  withoutTexts(withoutAddresses(text.replaceAll(IN_CONNECTION, '$1***')));
