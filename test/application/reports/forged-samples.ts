/** Samples of a report that somebody chose: what was changed in which file, and the verdict that refuses it. */

type Drawn = { population: number; drawn: { digest: string; row: object }[] };
const withSample = (text: string, change: (sample: Drawn) => object): string => {
  const report = JSON.parse(text) as { sample: Drawn };
  return JSON.stringify({ ...report, sample: change(report.sample) });
};

type Row = [what: string, file: string, change: (text: string) => string, verdict: string];

export const FORGED_SAMPLES: readonly Row[] = [
  [
    'a sample of which the last were left out',
    'report.json',
    (text: string) => withSample(text, (sample) => ({ ...sample, drawn: sample.drawn.slice(0, 3) })),
    'sample',
  ],
  [
    'a sample of none',
    'report.json',
    (text: string) => withSample(text, (sample) => ({ ...sample, drawn: [] })),
    'sample',
  ],
  [
    'a sample of fewer grants than the register has',
    'report.json',
    (text: string) => withSample(text, ({ drawn, ...rest }) => ({ ...rest, population: 4, drawn: drawn.slice(0, 2) })),
    'sample',
  ],
  [
    'a grant of the sample with other facts than in the register',
    'report.json',
    (text: string) =>
      withSample(text, (sample) => ({
        ...sample,
        drawn: sample.drawn.map((one) => ({ ...one, row: { ...one.row, reason: 'all is well' } })),
      })),
    'sample',
  ],
];
