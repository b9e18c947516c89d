/**
 * Texts of cells as lines, by the widths of their letters. pdfkit breaks lines, too, but lays out each piece that it tries, once more when it
 * draws them, and keeps all of it: most of what a long table cost.
 */

/** After a space, and after a hyphen or a slash, unless it stands in a number. */
const BREAKS = /(?<= )|(?<=[-/])(?=\D)/;

type Line = { text: string; width: number };
const EMPTY: Line = { text: '', width: 0 };

export type Measure = (text: string) => number;

/** `widthOf`: of one letter. It is looked up once for each. */
export const measureBy = (widthOf: Measure): Measure => {
  const known = new Map<string, number>();
  return (text) => {
    let width = 0;
    for (const letter of text) {
      let of = known.get(letter);
      if (of === undefined) known.set(letter, (of = widthOf(letter)));
      width += of;
    }
    return width;
  };
};

/** A piece that no line is long enough for is cut where it has to be. */
const cut = (piece: string, width: number, measure: Measure): Line[] => {
  const lines: Line[] = [];
  let line = EMPTY;
  for (const letter of piece) {
    const of = measure(letter);
    if (line.text !== '' && line.width + of > width) {
      lines.push(line);
      line = EMPTY;
    }
    line = { text: line.text + letter, width: line.width + of };
  }
  return [...lines, line];
};

/** Spaces stay at the end of a line, where they take no room: what reads the file aloud or copies from it needs them. */
export const linesOf = (text: string, width: number, measure: Measure): string[] => {
  const lines: string[] = [];
  const joined = (line: Line, more: string): Line => ({ text: line.text + more, width: line.width + measure(more) });
  let line = EMPTY;
  for (const piece of text.split(BREAKS)) {
    const word = piece.trimEnd();
    const needed = measure(word);
    if (line.text !== '' && line.width + needed > width) {
      lines.push(line.text);
      line = EMPTY;
    }
    if (needed <= width) line = joined(line, piece);
    else {
      const parts = cut(word, width, measure);
      lines.push(...parts.slice(0, -1).map((part) => part.text));
      line = joined(parts.at(-1) ?? EMPTY, piece.slice(word.length));
    }
  }
  return [...lines, line.text];
};
