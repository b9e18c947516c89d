/** Sentences and figures of a report that stand in more than one of its files. */
import type { LogHealth, PolicyVersion, Report } from '../../application/reports/report-types.ts';
import { pluralize } from '../../lib/pluralize.ts';

type Lines = readonly (readonly [string, string])[];

const DAY_CHARS = 10;
const HOUR_MS = 3_600_000;

export const policyChanges = ({ differences, isBefore, isFirst }: PolicyVersion): string => {
  if (isBefore) return 'in force at the start of the period';
  return differences.join('; ') || (isFirst ? 'first policy of this log' : 'nothing that decides');
};

/** `2026-07-01 09:15:02`, in UTC. */
export const shortTime = (at: string): string => at.slice(0, 19).replace('T', ' ');

const lastDay = (to: string): string => new Date(Date.parse(to) - 1).toISOString().slice(0, DAY_CHARS);

const sumOf = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);

export const exceptionCounts = ({ totals }: Report): { all: number; unanswered: number } => ({
  all: sumOf(totals.exceptions.map(({ count }) => count)),
  unanswered: sumOf(totals.exceptions.map(({ unanswered }) => unanswered)),
});

export const coverLines = (report: Report): Lines => {
  const { period, made, checkpoint, totals, sample } = report;
  const { all, unanswered } = exceptionCounts(report);
  return [
    ['Log', checkpoint.origin],
    ['Period', `${period.from.slice(0, DAY_CHARS)} to ${lastDay(period.to)}, whole days in ${period.zone}`],
    ...(period.isOver ? [] : [['Not over', 'The period was not over when this report was made.'] as const]),
    ['Scope', 'every request and grant of every target of this installation; no filter'],
    ['Source', `the audit log, ${pluralize(checkpoint.size, 'leaf', 'leaves')} of its tree, and nothing after them`],
    ['Checkpoint root', checkpoint.root],
    ['Made', `${shortTime(made.at)} UTC by ${made.by}`],
    ['Made with', made.product],
    ['Make it again', `latchkey report ${period.label} --out DIR`],
    ['Requests', String(totals.rows)],
    ['Exceptions', `${all}, of which ${unanswered} without an answer`],
    ['Sample', `${sample.drawn.length} of ${pluralize(sample.population, 'grant')} that became active`],
    ...(totals.erased > 0
      ? [
          [
            'Erased',
            `names and reasons of ${pluralize(totals.erased, 'request')} were erased after their retention`,
          ] as const,
        ]
      : []),
  ];
};

const verifiedText = ({ verified }: LogHealth): string => {
  if (verified === null)
    return 'not walked for this report, since the log is long; run latchkey audit verify. The head was checked against the last one signed and what each place holds.';
  return verified.ok
    ? `the whole chain of ${pluralize(verified.events, 'event')} was walked, and holds`
    : `NOT whole: ${verified.problems.join(' ')}`;
};

export const logLines = ({ log }: Report): Lines => [
  ['Chain', verifiedText(log)],
  ['Events up to the checkpoint', String(log.events)],
  [
    'Events of the period',
    log.firstSeq === null ? 'none' : `numbers ${log.firstSeq} to ${log.lastSeq ?? log.firstSeq}`,
  ],
  ['Witnessed', log.ranges.witnessed],
  ['Published, not witnessed', log.ranges.published],
  ['Neither', log.ranges.neither],
  ['Places', log.places.join('; ') || 'none: the log is published nowhere'],
  ['Checkpoints of the period', String(log.checkpoints.count)],
  [
    'Longest time between two',
    log.checkpoints.longestGapMs === null ? 'no two' : `${(log.checkpoints.longestGapMs / HOUR_MS).toFixed(1)} hours`,
  ],
  ['Verifier keys', log.keys.join('; ')],
  ...log.revoked.map(
    ({ vkey, from, size }) =>
      [
        'Revoked key',
        `${vkey}, from ${from} on: it counts for nothing in checkpoints of more than ${size} leaves`,
      ] as const,
  ),
  ['Bundles of evidence made in the period', String(log.evidenceMade)],
  ['Reports made in the period', String(log.reportsMade)],
  ...(log.beforeTree > 0
    ? [['Before the tree', `${pluralize(log.beforeTree, 'event')} from before the log was a tree`] as const]
    : []),
];

const agreement = ({ totals }: Report): string => {
  const wrong = totals.controls.filter(({ agrees }) => !agrees).length;
  return wrong === 0
    ? 'Each control total agrees: the register holds every request that the log has.'
    : `${pluralize(wrong, 'control total')} do not agree: see the control totals.`;
};

const countOf = ({ totals }: Report, kind: string): number =>
  totals.exceptions.find((one) => one.kind === kind)?.count ?? 0;

export const signOffLines = (report: Report): Lines => [
  ['Completeness', agreement(report)],
  ['Independence', `${pluralize(countOf(report, 'own_decision'), 'requester')} approved their own request.`],
  [
    'Timeliness',
    `${pluralize(countOf(report, 'late_removal'), 'grant')} closed more than a minute late; ${countOf(report, 'not_removed')} not removed at the checkpoint.`,
  ],
  [
    'Retention',
    'The log is append-only. Keep this folder as a whole: manifest.json lists each file, and manifest.note signs it.',
  ],
];

/** Written by hand. */
export const SIGNATURE_LINES: Lines = [
  ['Reviewed by', ''],
  ['Date', ''],
  ['Signature', ''],
];
