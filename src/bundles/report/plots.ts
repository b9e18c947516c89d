/** Plots of a report: bars with their figures. Each is a figure with a text that says the same, for those who do not see it. */
import type { Bucket, Lateness, OverTime } from '../../domain/reports/over-time.ts';
import { pluralize } from '../../lib/pluralize.ts';
import { MARGIN, QUIET, keepRoom, widthOf } from '../pdf/document.ts';
import type { Page } from '../pdf/document.ts';
import { BODY } from '../pdf/fonts.ts';

const PALE = '#a8cbee';
const DARK = '#0b5cad';
const LINE = '#d0d7de';
const TEXT_SIZE = 7;
const HEIGHT = 120;
const AXIS = 34;
const LABELS = 24;
const ROW = 16;
const NAME_WIDTH = 90;
const COUNT_WIDTH = 50;
const TICKS = 4;
const DAY_CHARS = 10;
/** So many labels fit below the bars. */
const LABELS_MAX = 14;

/** With its heading and its first sentence. */
export const OVER_TIME_ROOM = HEIGHT + LABELS + ROW + 90;

type Doc = Page['doc'];
type Box = { x: number; y: number; width: number; height: number };

type Place = Omit<Box, 'height'> & { align: 'left' | 'right' | 'center' };
/** `top`: the count at the upper edge; a line at each `step`. */
type Scale = { top: number; step: number };

const label = (doc: Doc, text: string, { x, y, width, align }: Place): void => {
  doc.font(BODY).fontSize(TEXT_SIZE).fillColor(QUIET);
  const free = width - doc.widthOfString(text);
  const left = align === 'left' ? 0 : align === 'right' ? free : free / 2;
  doc.text(text, x + left, y, { lineBreak: false });
};

/** The next of 1, 2, 5, 10, 20, … */
const stepFor = (max: number): number => {
  const least = Math.max(1, max / TICKS);
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= least) ?? least;
};

const figure = (page: Page, { alt, height }: { alt: string; height: number }, draw: (box: Box) => void): void => {
  const { doc, parent } = page;
  keepRoom(page, height + TEXT_SIZE);
  const box = { x: MARGIN, y: doc.y, width: widthOf(page), height };
  const bbox = [box.x, box.y, box.x + box.width, box.y + height];
  parent.add(doc.struct('Figure', { alt, bbox } as object, () => draw(box)));
  doc.x = MARGIN;
  doc.y = box.y + height + TEXT_SIZE;
};

const grid = (doc: Doc, { x, y, width, height }: Box, { top, step }: Scale): void => {
  for (let tick = 0; tick <= top; tick += step) {
    const at = y + height - (tick / top) * height;
    doc
      .moveTo(x, at)
      .lineTo(x + width, at)
      .lineWidth(0.5)
      .stroke(LINE);
    label(doc, String(tick), { x: x - AXIS, y: at - TEXT_SIZE / 2, width: AXIS - 6, align: 'right' });
  }
};

const bars = (doc: Doc, box: Box, { buckets, top }: { buckets: readonly Bucket[]; top: number }): void => {
  const slot = box.width / buckets.length;
  const every = Math.ceil(buckets.length / LABELS_MAX);
  const bar = (x: number, count: number, color: string): void => {
    const height = (count / top) * box.height;
    doc.rect(x, box.y + box.height - height, slot * 0.38, height).fill(color);
  };
  for (const [index, { from, requests, grants }] of buckets.entries()) {
    const x = box.x + index * slot;
    bar(x + slot * 0.1, requests, PALE);
    bar(x + slot * 0.5, grants, DARK);
    if (index % every === 0)
      label(doc, from.slice(5, DAY_CHARS), {
        ...{ x, y: box.y + box.height + 4, width: slot * every },
        align: every === 1 ? 'center' : 'left',
      });
  }
};

const legend = (doc: Doc, x: number, y: number): void => {
  for (const [index, [text, color]] of [
    ['requests', PALE] as const,
    ['grants that became active', DARK] as const,
  ].entries()) {
    const left = x + index * NAME_WIDTH;
    doc.rect(left, y + 1, TEXT_SIZE, TEXT_SIZE).fill(color);
    label(doc, text, { x: left + TEXT_SIZE + 4, y, width: NAME_WIDTH, align: 'left' });
  }
};

const countsText = ({ from, requests, grants }: Bucket): string =>
  `${from.slice(0, DAY_CHARS)}: ${requests}, ${grants}`;

export const overTimePlot = (page: Page, { unit, buckets }: OverTime): void => {
  const { doc } = page;
  const most = Math.max(1, ...buckets.map(({ requests, grants }) => Math.max(requests, grants)));
  const step = stepFor(most);
  const top = Math.ceil(most / step) * step;
  const alt = `Requests, and grants that became active, for each ${unit} from its first day: ${buckets.map(countsText).join('; ')}.`;
  figure(page, { alt, height: HEIGHT + LABELS + ROW }, ({ x, y, width }) => {
    legend(doc, x + AXIS, y);
    const box = { x: x + AXIS, y: y + ROW, width: width - AXIS, height: HEIGHT };
    grid(doc, box, { top, step });
    bars(doc, box, { buckets, top });
  });
};

export const latenessPlot = (page: Page, lateness: readonly Lateness[]): void => {
  const { doc } = page;
  const most = Math.max(1, ...lateness.map(({ grants }) => grants));
  const alt = `How long after it was due access was closed: ${lateness.map(({ upTo, grants }) => `${upTo}: ${pluralize(grants, 'grant')}`).join('; ')}.`;
  figure(page, { alt, height: ROW * lateness.length }, ({ x, y, width }) => {
    const room = width - NAME_WIDTH - COUNT_WIDTH;
    for (const [index, { upTo, grants }] of lateness.entries()) {
      const top = y + index * ROW;
      const long = (grants / most) * room;
      label(doc, upTo, { x, y: top + 3, width: NAME_WIDTH - 8, align: 'right' });
      doc.rect(x + NAME_WIDTH, top + 2, long, ROW - 5).fill(DARK);
      const beside = { x: x + NAME_WIDTH + long + 4, y: top + 3, width: COUNT_WIDTH };
      label(doc, String(grants), { ...beside, align: 'left' });
    }
  });
};
