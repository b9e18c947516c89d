/** A row of figures with what they count. */
import { BODY, BOLD } from '../pdf/fonts.ts';
import { MARGIN, QUIET, widthOf } from '../pdf/document.ts';
import type { Page } from '../pdf/document.ts';

const GAP = 8;
const HEIGHT = 58;
const PADDING = 8;
const FILL = '#f0f6fc';
const INK = '#0b5cad';

type Tile = readonly [figure: string, what: string];

export const tiles = (page: Page, all: readonly Tile[]): void => {
  const { doc, parent } = page;
  const width = (widthOf(page) - GAP * (all.length - 1)) / all.length;
  const top = doc.y;
  all.forEach(([figure, what], index) => {
    const x = MARGIN + index * (width + GAP);
    doc.markContent('Artifact', { type: 'Layout' });
    doc.roundedRect(x, top, width, HEIGHT, 4).fill(FILL);
    doc.endMarkedContent();
    const inner = { width: width - 2 * PADDING };
    const draw = (): void => {
      doc
        .font(BOLD)
        .fontSize(18)
        .fillColor(INK)
        .text(figure, x + PADDING, top + PADDING, inner);
      doc
        .font(BODY)
        .fontSize(7.5)
        .fillColor(QUIET)
        .text(what, x + PADDING, top + 32, inner);
    };
    parent.add(doc.struct('P', {}, draw));
  });
  doc.x = MARGIN;
  doc.y = top + HEIGHT + GAP * 1.5;
};
