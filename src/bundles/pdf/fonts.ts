/** The fonts of every PDF: embedded, with Latin, Greek, Cyrillic, Hebrew, Arabic, Armenian and Georgian letters. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { visibleText } from '../../lib/visible-text.ts';
import { lettersOf } from './letters.ts';

export const BODY = 'Body';
export const BOLD = 'Bold';

const load = () => {
  const { resolve } = createRequire(import.meta.url);
  const read = (name: string): Buffer => readFileSync(resolve(`dejavu-fonts-ttf/ttf/${name}.ttf`));
  const body = read('DejaVuSansCondensed');
  return { body, bold: read('DejaVuSansCondensed-Bold'), has: lettersOf(body) };
};

let loaded: ReturnType<typeof load> | null = null;
const fonts = (): ReturnType<typeof load> => (loaded ??= load());

export const registerFonts = (doc: PDFKit.PDFDocument): void => {
  const { body, bold } = fonts();
  doc.registerFont(BODY, body).registerFont(BOLD, bold);
};

const UNKNOWN = '?';
/** What joins other letters, or chooses their form, has no width of its own. */
const JOINERS = /\p{Join_Control}|\p{Variation_Selector}/gu;

const shownLetter = (letter: string): string => (fonts().has(letter) ? letter : UNKNOWN);

/** Text as it is shown: a letter that the fonts do not have is a question mark. */
export const shown = (text: string): string =>
  Array.from(visibleText(text).replaceAll(JOINERS, '').normalize('NFC'), shownLetter).join('');

export const isLossy = (text: string): boolean =>
  Array.from(visibleText(text).replaceAll(JOINERS, '').normalize('NFC')).some((letter) => !fonts().has(letter));
