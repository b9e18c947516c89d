/** The text that a PDF shows, by the maps of its own fonts. */
import { inflateSync } from 'node:zlib';

type Letters = Map<number, string>;

const bodyOf = (object: string): string => {
  const start = /stream\r?\n/.exec(object);
  const [, length] = /\/Length (\d+)/.exec(object) ?? [];
  if (!start || length === undefined) return '';
  // By its length: compressed bytes may end like a line does.
  const from = start.index + start[0].length;
  const data = object.slice(from, from + Number(length));
  return /FlateDecode/.test(object) ? inflateSync(Buffer.from(data, 'latin1')).toString('latin1') : data;
};

const unicode = (hex: string): string => Buffer.from(hex, 'hex').swap16().toString('utf16le');

/** The map that pdfkit writes: ranges of glyphs, each with the letters of its glyphs in order. */
const lettersIn = (map: string): Letters => {
  const letters: Letters = new Map();
  for (const [, from = '', , list = ''] of map.matchAll(/<([0-9a-f]{4})> <([0-9a-f]{4})> \[([^\]]*)\]/gi))
    [...list.matchAll(/<([0-9a-f ]+)>/gi)].forEach(([, hex = ''], index) =>
      letters.set(Number.parseInt(from, 16) + index, unicode(hex.replaceAll(' ', ''))),
    );
  return letters;
};

const fontsOf = (objects: ReadonlyMap<string, string>): Map<string, Letters> => {
  const fonts = new Map<string, Letters>();
  for (const object of objects.values())
    for (const [, name = '', ref = ''] of object.matchAll(/\/(F\d+) (\d+) 0 R/g)) {
      const [, map = ''] = /\/ToUnicode (\d+) 0 R/.exec(objects.get(ref) ?? '') ?? [];
      fonts.set(name, lettersIn(bodyOf(objects.get(map) ?? '')));
    }
  return fonts;
};

const shownIn = (content: string, fonts: ReadonlyMap<string, Letters>): string => {
  let font: Letters = new Map();
  let text = '';
  for (const [, name, hex] of content.matchAll(/\/(F\d+) [\d.]+ Tf|<([0-9a-f]+)>/g)) {
    if (name !== undefined) font = fonts.get(name) ?? new Map();
    for (const glyph of hex?.match(/.{4}/g) ?? []) text += font.get(Number.parseInt(glyph, 16)) ?? '';
  }
  return text;
};

export const pdfText = (pdf: Buffer): string => {
  const found = pdf.toString('latin1').matchAll(/(\d+) 0 obj\n([\s\S]*?)\nendobj/g);
  const objects = new Map([...found].map(([, id = '', object = '']) => [id, object]));
  const fonts = fontsOf(objects);
  return [...objects.values()]
    .map(bodyOf)
    .filter((content) => / Tf/.test(content))
    .map((content) => shownIn(content, fonts))
    .join('\n');
};
