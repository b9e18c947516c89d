/** Which plots there are, made from the figures of one run. */
import type { Growth } from '../areas/growth.ts';
import type { IncidentDetails } from '../areas/incident.ts';
import type { Results } from '../results.ts';
import { shown } from '../rows.ts';
import type { Row } from '../rows.ts';
import { barChart, lineChart } from './svg.ts';
import type { Bar, Line } from './svg.ts';

type Spread = { p50: number; p99: number };
type FlowDetails = { single: Record<string, Spread> };
type EndDetails = Record<string, { late: Spread }[]>;

/** 1 is the goal itself, less is better. */
const shareOfGoal = ({ value, goal }: Row): number =>
  goal === null ? Number.NaN : goal.is === 'at most' ? value / goal.value : goal.value / value;

const SHARE_MAX = 4;

const goals = ({ rows }: Results): string =>
  barChart({
    title: 'Measured, in parts of the goal: left of the line it is met',
    limit: { value: 1, label: 'goal' },
    bars: rows
      .filter(({ goal }) => goal !== null)
      .map((row) => {
        const share = shareOfGoal(row);
        const unit = row.unit === 'ratio' ? '' : ` ${row.unit}`;
        const sign = row.goal?.is === 'at most' ? '≤' : '≥';
        const note = `${shown(row.value)}${unit} (${sign} ${shown(row.goal?.value ?? Number.NaN)})`;
        return { label: `${row.area}: ${row.what}`, value: Math.min(share, SHARE_MAX), note, isMet: row.isMet };
      }),
  });

const FLOW_STEPS: Record<string, string> = {
  askAckMs: 'ask acknowledged',
  clickAckMs: 'click acknowledged',
  activeMs: 'click to committed as active',
  credentialMs: 'click to credential read',
  loggedInMs: 'click to logged in',
  shownMs: 'Show credentials to shown',
};

const flow = (details: FlowDetails): string =>
  barChart({
    title: 'One flow at a time: milliseconds, median and p99',
    limit: null,
    bars: Object.entries(FLOW_STEPS).flatMap(([key, label]) => {
      const spread = details.single[key];
      if (!spread) return [];
      const note = `${shown(spread.p50)} ms, p99 ${shown(spread.p99)} ms`;
      return [{ label, value: spread.p50, note, isMet: null }];
    }),
  });

const middle = (values: number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const end = (details: EndDetails): string => {
  const counts = Object.entries(details).map(([key, rounds]) => ({ count: Number(key.replace('due', '')), rounds }));
  const line = (rank: keyof Spread): Line['points'] =>
    counts.map(({ count, rounds }) => ({ x: count, y: middle(rounds.map(({ late }) => Math.max(0.1, late[rank]))) }));
  return lineChart({
    title: 'How late access ends, by how many are due at the same moment',
    xLabel: 'due at once',
    yLabel: 'milliseconds after the deadline, read back from the target',
    lines: [
      { name: 'p50', points: line('p50') },
      { name: 'p99', points: line('p99') },
      {
        name: 'goal for p99',
        isDashed: true,
        points: [
          { x: 1, y: 50 },
          { x: 1_000, y: 300 },
          { x: 10_000, y: 1_500 },
        ],
      },
    ],
  });
};

const lineOf = <At extends { size: number }>(name: string, sizes: readonly At[], of: (at: At) => number): Line => ({
  name,
  points: sizes.map((at) => ({ x: at.size, y: of(at) })),
});

const growth = ({ audit, grants, targets, logins }: Growth): string =>
  lineChart({
    title: 'What one operation costs among few and among many',
    xLabel: 'audit events, live grants, targets, logins in a target',
    yLabel: 'milliseconds each',
    lines: [
      lineOf('event appended', audit, ({ appendMs }) => appendMs),
      lineOf('event sealed', audit, ({ sealMsPerEvent }) => sealMsPerEvent),
      lineOf('next deadline found', grants, ({ deadlineMs }) => deadlineMs),
      lineOf('due grants looked for', grants, ({ dueMs }) => dueMs),
      lineOf('one request read', grants, ({ viewMs }) => viewMs),
      lineOf('one decision', targets, ({ decisionMs }) => decisionMs),
      lineOf('a login made', logins, ({ makeMs }) => makeMs),
      lineOf('a login dropped', logins, ({ dropMs }) => dropMs),
    ],
  });

const incident = ({ coldMs, rounds, closes }: IncidentDetails): string => {
  const bar = (label: string, value: number, note = ''): Bar => ({
    label,
    value,
    note: `${shown(value)} ms${note}`,
    isMet: null,
  });
  const barOf = (label: string, of: (round: IncidentDetails['rounds'][number]) => Spread): Bar => {
    const [p50, p99] = [middle(rounds.map((round) => of(round).p50)), middle(rounds.map((round) => of(round).p99))];
    return bar(label, p50, `, p99 ${shown(p99)} ms`);
  };
  return barChart({
    title: 'Incidents and alerts: milliseconds, median and p99',
    limit: null,
    bars: [
      barOf('channel made to a message of bare Bolt', ({ limit }) => limit),
      barOf('channel made to prompt posted', ({ prompt }) => prompt),
      bar('the same, first of a process', coldMs),
      barOf('Alertmanager to ask posted', ({ alertmanager }) => alertmanager),
      barOf('PagerDuty to ask posted', ({ pagerduty }) => pagerduty),
      bar('end of the warning to sessions cut', middle(closes.map(({ cut }) => cut.p99)), ' (p99)'),
      bar('end of the warning to the last end', middle(closes.map(({ late }) => late.max))),
      bar('end of the warning to timeline posted', middle(closes.map(({ timelineMs }) => timelineMs))),
    ],
  });
};

/** File names and their SVG; an area that was not measured has no plot. */
export const plotsOf = (results: Results): Record<string, string> => {
  const { details } = results;
  return {
    'performance-goals.svg': goals(results),
    ...(details['flow'] ? { 'performance-flow.svg': flow(details['flow'] as FlowDetails) } : {}),
    ...(details['end'] ? { 'performance-end.svg': end(details['end'] as EndDetails) } : {}),
    ...(details['incident'] ? { 'performance-incident.svg': incident(details['incident'] as IncidentDetails) } : {}),
    ...(details['growth'] ? { 'performance-growth.svg': growth(details['growth'] as Growth) } : {}),
  };
};
