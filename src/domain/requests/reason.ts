/** Distinguishes a reason that someone can judge later from a dot, `asdf` and the like. */

export const REASON_CHARS_MAX = 3000;

const ROWS = [
  'qwertyuiop',
  'qwertzuiop',
  'azertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  'yxcvbnm',
  'abcdefghijklmnopqrstuvwxyz',
  '01234567890',
];
const RUNS = ROWS.flatMap((row) => [row, row.split('').toReversed().join('')]);
const RUN_CHARS_MIN = 3;

/** Characters as people count them, nearly: an emoji is one and not two. */
export const charCount = (text: string): number => Array.from(text).length;

/** Text as it counts: without control and invisible characters, blanks made single. */
export const plainText = (text: string): string =>
  text
    .replace(/[\p{Cc}\u2028\u2029]/gu, ' ')
    .replace(/[\p{Cf}\u2800\u3164\u115f\u1160\uffa0]/gu, '')
    .replace(/\s+/g, ' ')
    .trim();

const runLengthAt = (word: string, start: number): number => {
  let length = 0;
  for (const run of RUNS) {
    let size = RUN_CHARS_MIN;
    while (start + size <= word.length && run.includes(word.slice(start, start + size))) size++;
    if (size - 1 >= RUN_CHARS_MIN) length = Math.max(length, size - 1);
  }
  return length;
};

/** `asdf`, `qwertyuiop`, `asdasdasd`: the whole word is runs along the keyboard. A number is not: tickets and orders are numbers. */
const isKeyboardRun = (word: string): boolean => {
  if (!/\p{L}/u.test(word)) return false;
  let at = 0;
  while (at < word.length) {
    const length = runLengthAt(word, at);
    if (length === 0) return false;
    at += length;
  }
  return true;
};

const isRepetition = (word: string): boolean => /^(.{1,3})\1{2,}$/u.test(word);

/** A sign of these scripts says as much as two or more letters of others; the same one again says nothing more. */
const DENSE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\p{Script=Yi}]/u;
const DENSE_USES_COUNTED = 3;
/** Marks that only change the letter before them, and modifiers of emoji. */
const ADORNS = /[\p{M}\p{Emoji_Modifier}]/u;
const RUN_COUNTED = 3;

/** Characters by what they say: one for a letter, two for a sign of a dense script, none for marks and for what is only repeated. */
const weightOf = (text: string): number => {
  const uses = new Map<string, number>();
  let [weight, last, run] = [0, '', 0];
  for (const sign of text.normalize('NFC')) {
    if (ADORNS.test(sign)) continue;
    run = sign === last ? run + 1 : 1;
    last = sign;
    const isDense = DENSE.test(sign);
    const used = uses.get(sign) ?? 0;
    if (isDense) uses.set(sign, used + 1);
    if (run <= RUN_COUNTED && (!isDense || used < DENSE_USES_COUNTED)) weight += isDense ? 2 : 1;
  }
  return weight;
};
const isWord = (word: string): boolean => /[\p{L}\p{N}]/u.test(word) && !isKeyboardRun(word) && !isRepetition(word);

const LONGEST_WORD = 60;
const USES_COUNTED = 2;

/** How many characters of a reason are real text: each word at most twice, keyboard runs and repetitions not at all. */
export const realChars = (reason: string): number => {
  const uses = new Map<string, number>();
  const kept: string[] = [];
  for (const part of plainText(reason.slice(0, REASON_CHARS_MAX)).toLowerCase().split(' ')) {
    const word = part.slice(0, LONGEST_WORD);
    const used = uses.get(word) ?? 0;
    if (used >= USES_COUNTED || !isWord(word)) continue;
    uses.set(word, used + 1);
    kept.push(part);
  }
  const text = kept.join(' ');
  return /\p{L}/u.test(text) ? weightOf(text) : 0;
};
