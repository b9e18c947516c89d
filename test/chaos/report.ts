/** The end of a chaos run in words. */
import { ORPHAN_CLASSES } from './copies.ts';
import type { ChaosReport } from './run.ts';

const line = (name: string, value: string | number): string => `  ${name.padEnd(28)}${value}`;

export const summary = (report: ChaosReport): string => {
  const steps = Object.entries(report.steps).map(([name, { done, missed }]) =>
    line(name, `${done}${missed > 0 ? `, ${missed} in vain` : ''}`),
  );
  const faults = Object.entries(report.faults).map(([name, times]) => line(name, times));
  const facts = [
    line('quiet points', report.rounds),
    line('looks at the invariants', report.looks),
    line('requests', report.requests),
    line('grants', `${report.grants}, ${report.ended} of them ended`),
    line('audit events', `${report.events}, the chain is walked at each quiet point`),
    line('latest end by deadline', `${Math.round(report.latest)} ms after it, faults and all`),
    line('extended', report.extended),
    line('incidents', report.incidents),
    ...ORPHAN_CLASSES.map((name) => line(`copies: ${name}`, report.orphans[name])),
  ];
  return [
    `Chaos, seed ${report.seed}`,
    'What people did',
    ...steps,
    'What went wrong',
    ...faults,
    'What came of it',
    ...facts,
  ].join('\n');
};

export const failure = (report: ChaosReport): string =>
  [
    `FOUND, with seed ${report.seed}:`,
    ...report.findings.map((finding) => `  ${finding}`),
    'The last steps:',
    ...report.trail.map((step) => `  ${step}`),
    `What the processes wrote: ${report.logFile}`,
    `Again: npm run chaos -- --seed ${report.seed}`,
  ].join('\n');
