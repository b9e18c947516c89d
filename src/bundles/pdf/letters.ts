/** Which letters a TrueType font has, from its table `cmap`, format 12: https://learn.microsoft.com/typography/opentype/spec/cmap */

const TABLE_BYTES = 16;
const TABLES_AT = 12;
const SUBTABLE_BYTES = 8;
const GROUP_BYTES = 12;
const GROUPS_AT = 16;
const FORMAT = 12;

type Group = readonly [from: number, to: number];

const tableAt = (font: Buffer, tag: string): number => {
  const count = font.readUInt16BE(4);
  const entries = Array.from({ length: count }, (_, index) => TABLES_AT + index * TABLE_BYTES);
  const entry = entries.find((at) => font.toString('latin1', at, at + 4) === tag);
  if (entry === undefined) throw new Error(`The font has no table ${tag}.`);
  return font.readUInt32BE(entry + 8);
};

const groupsOf = (font: Buffer): Group[] => {
  const cmap = tableAt(font, 'cmap');
  const count = font.readUInt16BE(cmap + 2);
  const subtables = Array.from(
    { length: count },
    (_, index) => cmap + font.readUInt32BE(cmap + 8 + index * SUBTABLE_BYTES),
  );
  const subtable = subtables.find((at) => font.readUInt16BE(at) === FORMAT);
  if (subtable === undefined) throw new Error('The font has no map of all its letters.');
  return Array.from({ length: font.readUInt32BE(subtable + 12) }, (_, index) => {
    const at = subtable + GROUPS_AT + index * GROUP_BYTES;
    return [font.readUInt32BE(at), font.readUInt32BE(at + 4)] as const;
  });
};

/** Whether the font has this letter. */
export const lettersOf = (font: Buffer): ((letter: string) => boolean) => {
  const groups = groupsOf(font);
  const known = new Map<string, boolean>();
  return (letter) => {
    const found = known.get(letter);
    if (found !== undefined) return found;
    const point = letter.codePointAt(0) ?? 0;
    const has = groups.some(([from, to]) => point >= from && point <= to);
    known.set(letter, has);
    return has;
  };
};
