/** Small plots as SVG text: bars against a limit, and lines over logarithmic axes. */

const WIDTH = 860;
const FONT = 'font-family="system-ui, sans-serif" font-size="13"';
const INK = '#1f2937';
const FAINT = '#d1d5db';
const MET = '#2f855a';
const MISSED = '#c05621';
const NEUTRAL = '#4a6fa5';
const COLOURS = ['#4a6fa5', '#c05621', '#2f855a', '#805ad5', '#b7791f', '#2c7a7b', '#d53f8c', '#718096'];
/** Where a line passes under words, the words are read. */
const HALO = 'stroke="#ffffff" stroke-width="3" paint-order="stroke"';

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

type TextAt = { x: number; y: number; text: string; anchor?: 'start' | 'middle' | 'end'; weight?: number };

const textAt = ({ x, y, text, anchor = 'start', weight = 400 }: TextAt): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" font-weight="${weight}" fill="${INK}" ${HALO}>${escaped(text)}</text>`;

const frame = (title: string, height: number, parts: readonly string[]): string =>
  [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" ${FONT}>`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    textAt({ x: 16, y: 26, text: title, weight: 600 }),
    ...parts,
    '</svg>',
    '',
  ].join('\n');

export type Bar = { label: string; value: number; note: string; isMet: boolean | null };
export type BarChart = { title: string; bars: readonly Bar[]; limit: { value: number; label: string } | null };

const LABELS = 345;
const BAR = 26;
const NOTES = 130;

/** From the left, the longest as wide as there is room; `limit` is a line across all of them. */
export const barChart = ({ title, bars, limit }: BarChart): string => {
  const most = Math.max(limit?.value ?? 0, ...bars.map(({ value }) => value).filter(Number.isFinite), Number.MIN_VALUE);
  const room = WIDTH - LABELS - NOTES;
  const widthOf = (value: number): number => (Number.isFinite(value) ? (value / most) * room : 0);
  const top = 54;
  const bottom = top + bars.length * BAR;
  const drawn = bars.flatMap(({ label, value, note, isMet }, index) => {
    const y = top + index * BAR;
    const colour = isMet === null ? NEUTRAL : isMet ? MET : MISSED;
    return [
      textAt({ x: LABELS - 8, y: y + 15, text: label, anchor: 'end' }),
      `<rect x="${LABELS}" y="${y + 3}" width="${Math.max(1, widthOf(value)).toFixed(1)}" height="${BAR - 9}" fill="${colour}"/>`,
      textAt({ x: LABELS + widthOf(value) + 6, y: y + 15, text: note }),
    ];
  });
  const line = limit
    ? [
        `<line x1="${LABELS + widthOf(limit.value)}" y1="${top - 6}" x2="${LABELS + widthOf(limit.value)}" y2="${bottom}" stroke="${INK}" stroke-dasharray="4 3"/>`,
        textAt({ x: LABELS + widthOf(limit.value), y: top - 10, text: limit.label, anchor: 'middle' }),
      ]
    : [];
  return frame(title, bottom + 16, [...line, ...drawn]);
};

export type Line = { name: string; points: readonly { x: number; y: number }[]; isDashed?: boolean };
export type LineChart = { title: string; xLabel: string; yLabel: string; lines: readonly Line[] };

const PLOT = { left: 80, right: 230, top: 50, height: 300 };

/** Whole powers of ten that enclose all values. */
const decadesOf = (values: readonly number[]): [number, number] => {
  const logs = values.filter((value) => value > 0).map(Math.log10);
  const low = Math.floor(Math.min(...logs));
  return [low, Math.max(low + 1, Math.ceil(Math.max(...logs)))];
};

const power = (exponent: number): string => (10 ** exponent).toLocaleString('en-US', { maximumFractionDigits: 6 });

export const lineChart = ({ title, xLabel, yLabel, lines }: LineChart): string => {
  const points = lines.flatMap((line) => line.points);
  if (points.length === 0) return frame(title, 60, []);
  const [xs, ys] = [decadesOf(points.map(({ x }) => x)), decadesOf(points.map(({ y }) => y))];
  const width = WIDTH - PLOT.left - PLOT.right;
  const at = (value: number, [low, high]: [number, number]): number => (Math.log10(value) - low) / (high - low);
  const xOf = (x: number): number => PLOT.left + at(x, xs) * width;
  const yOf = (y: number): number => PLOT.top + (1 - at(y, ys)) * PLOT.height;
  const range = ([low, high]: [number, number]): number[] =>
    Array.from({ length: high - low + 1 }, (_, index) => low + index);
  const bottom = PLOT.top + PLOT.height;
  const grid = [
    ...range(xs).flatMap((exponent) => {
      const x = xOf(10 ** exponent);
      return [
        `<line x1="${x}" y1="${PLOT.top}" x2="${x}" y2="${bottom}" stroke="${FAINT}"/>`,
        textAt({ x, y: bottom + 18, text: power(exponent), anchor: 'middle' }),
      ];
    }),
    ...range(ys).flatMap((exponent) => {
      const y = yOf(10 ** exponent);
      return [
        `<line x1="${PLOT.left}" y1="${y}" x2="${PLOT.left + width}" y2="${y}" stroke="${FAINT}"/>`,
        textAt({ x: PLOT.left - 8, y: y + 4, text: power(exponent), anchor: 'end' }),
      ];
    }),
    textAt({ x: PLOT.left + width / 2, y: bottom + 38, text: xLabel, anchor: 'middle' }),
    textAt({ x: PLOT.left, y: PLOT.top - 8, text: yLabel }),
  ];
  const drawn = lines.flatMap(({ name, points: own, isDashed }, index) => {
    const colour = COLOURS[index % COLOURS.length] ?? NEUTRAL;
    const path = own.map(({ x, y }) => `${xOf(x).toFixed(1)},${yOf(y).toFixed(1)}`).join(' ');
    const dots = own.map(
      ({ x, y }) => `<circle cx="${xOf(x).toFixed(1)}" cy="${yOf(y).toFixed(1)}" r="3.5" fill="${colour}"/>`,
    );
    const y = PLOT.top + 14 + index * 20;
    const legendX = PLOT.left + width + 20;
    return [
      `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"${isDashed ? ' stroke-dasharray="5 4"' : ''}/>`,
      ...dots,
      `<rect x="${legendX}" y="${y - 9}" width="12" height="10" fill="${colour}"/>`,
      textAt({ x: legendX + 18, y, text: name }),
    ];
  });
  return frame(title, bottom + 52, [...grid, ...drawn]);
};
