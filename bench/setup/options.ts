/** How much is measured, by the command line. */
import path from 'node:path';
import { parseArgs } from 'node:util';

export const AREAS = [
  'acknowledge',
  'flow',
  'end',
  'audit',
  'report',
  'incident',
  'policy',
  'process',
  'growth',
  'slack',
  'pipeline',
] as const;
export type Area = (typeof AREAS)[number];
export type Extent = 'smoke' | 'quick' | 'usual' | 'full';

export type Sizes = {
  /** A/B rounds whose ratios are compared. */
  rounds: number;
  /** How long one side of a round is loaded. */
  roundMs: number;
  warmUpMs: number;
  /** One after the other. */
  singleFlows: number;
  /** 32 at a time, in each round. */
  crowdFlows: number;
  /** How often each stage is measured alone. */
  stages: number;
  /** Live grants that are not due. */
  live: number;
  /** How many are due at one moment, and how often that is done. */
  due: { count: number; times: number }[];
  overdue: number;
  /** Channels made and alerts of each source, one after the other; grants that end when one is closed, and how often. */
  incident: { channels: number; alerts: number; grants: number; closes: number };
  auditEvents: number;
  /** In the quarter of the report. */
  reportGrants: number;
  rules: number[];
  targets: number;
  starts: number;
  idleMs: number;
  /** How many request access within how many seconds, in how many processes, and whether their connections are lost in the middle. */
  slack: { people: number; seconds: number; processes: number; isCut: boolean }[];
  /** Whole runs of a job, decisions that a job waits for, how many are killed, and how many wait at once, for how long. */
  pipeline: {
    runs: number;
    decisions: number;
    killed: { byEvent: number; bySilence: number };
    waiting: number;
    waitingMs: number;
  };
  /** From few to many; `calls` of each operation at every size. */
  growth: { auditEvents: number[]; live: number[]; targets: number[]; logins: number[]; calls: number };
};

export type Options = { extent: Extent; areas: Area[]; out: string | null; sizes: Sizes };

const SIZES: Record<Extent, Sizes> = {
  smoke: {
    rounds: 1,
    roundMs: 300,
    warmUpMs: 100,
    singleFlows: 3,
    crowdFlows: 8,
    stages: 5,
    live: 50,
    due: [
      { count: 1, times: 1 },
      { count: 10, times: 1 },
    ],
    overdue: 5,
    incident: { channels: 3, alerts: 3, grants: 5, closes: 1 },
    auditEvents: 1_000,
    reportGrants: 200,
    rules: [10, 100],
    targets: 100,
    starts: 1,
    idleMs: 300,
    slack: [{ people: 3, seconds: 2, processes: 1, isCut: false }],
    pipeline: { runs: 1, decisions: 2, killed: { byEvent: 1, bySilence: 0 }, waiting: 5, waitingMs: 200 },
    growth: { auditEvents: [100, 1_000], live: [10, 100], targets: [10, 100], logins: [10, 50], calls: 5 },
  },
  quick: {
    rounds: 3,
    roundMs: 2_000,
    warmUpMs: 1_000,
    singleFlows: 60,
    crowdFlows: 300,
    stages: 100,
    live: 1_000,
    due: [
      { count: 1, times: 8 },
      { count: 100, times: 3 },
      { count: 1_000, times: 1 },
    ],
    overdue: 1_000,
    incident: { channels: 30, alerts: 30, grants: 50, closes: 2 },
    auditEvents: 20_000,
    reportGrants: 5_000,
    rules: [10, 1_000, 10_000],
    targets: 10_000,
    starts: 3,
    idleMs: 3_000,
    slack: [{ people: 40, seconds: 60, processes: 1, isCut: false }],
    pipeline: { runs: 15, decisions: 30, killed: { byEvent: 5, bySilence: 3 }, waiting: 500, waitingMs: 15_000 },
    growth: {
      auditEvents: [1_000, 20_000],
      live: [1_000, 10_000],
      targets: [10, 1_000],
      logins: [100, 1_000],
      calls: 200,
    },
  },
  usual: {
    rounds: 5,
    roundMs: 3_000,
    warmUpMs: 2_000,
    singleFlows: 300,
    crowdFlows: 600,
    stages: 400,
    live: 10_000,
    due: [
      { count: 1, times: 25 },
      { count: 100, times: 5 },
      { count: 1_000, times: 3 },
    ],
    overdue: 1_000,
    incident: { channels: 200, alerts: 200, grants: 50, closes: 5 },
    auditEvents: 100_000,
    reportGrants: 20_000,
    rules: [10, 1_000],
    targets: 10_000,
    starts: 5,
    idleMs: 15_000,
    slack: [
      { people: 40, seconds: 60, processes: 1, isCut: false },
      { people: 40, seconds: 60, processes: 2, isCut: false },
      { people: 40, seconds: 60, processes: 1, isCut: true },
    ],
    pipeline: { runs: 30, decisions: 100, killed: { byEvent: 20, bySilence: 5 }, waiting: 500, waitingMs: 60_000 },
    growth: {
      auditEvents: [1_000, 10_000, 100_000],
      live: [1_000, 10_000, 100_000],
      targets: [10, 100, 1_000, 10_000],
      logins: [100, 300, 1_000],
      calls: 500,
    },
  },
  full: {
    rounds: 9,
    roundMs: 10_000,
    warmUpMs: 5_000,
    singleFlows: 500,
    crowdFlows: 3_000,
    stages: 500,
    live: 100_000,
    due: [
      { count: 1, times: 50 },
      { count: 100, times: 10 },
      { count: 1_000, times: 7 },
      { count: 10_000, times: 1 },
    ],
    overdue: 1_000,
    incident: { channels: 450, alerts: 450, grants: 50, closes: 9 },
    auditEvents: 1_000_000,
    reportGrants: 100_000,
    rules: [10, 100, 1_000, 10_000],
    targets: 10_000,
    starts: 9,
    idleMs: 30_000,
    slack: [
      { people: 40, seconds: 60, processes: 1, isCut: false },
      { people: 40, seconds: 60, processes: 1, isCut: false },
      { people: 40, seconds: 60, processes: 1, isCut: false },
      { people: 40, seconds: 60, processes: 2, isCut: false },
      { people: 40, seconds: 60, processes: 2, isCut: false },
      { people: 40, seconds: 60, processes: 2, isCut: false },
      { people: 40, seconds: 60, processes: 1, isCut: true },
      { people: 40, seconds: 60, processes: 1, isCut: true },
      { people: 40, seconds: 60, processes: 1, isCut: true },
      { people: 200, seconds: 300, processes: 1, isCut: false },
      { people: 200, seconds: 300, processes: 1, isCut: false },
      { people: 200, seconds: 300, processes: 1, isCut: false },
      { people: 200, seconds: 300, processes: 2, isCut: true },
      { people: 200, seconds: 300, processes: 2, isCut: true },
      { people: 200, seconds: 300, processes: 2, isCut: true },
    ],
    pipeline: { runs: 60, decisions: 300, killed: { byEvent: 50, bySilence: 10 }, waiting: 500, waitingMs: 120_000 },
    growth: {
      auditEvents: [1_000, 10_000, 100_000, 1_000_000],
      live: [1_000, 10_000, 100_000],
      targets: [10, 100, 1_000, 10_000],
      logins: [100, 300, 1_000, 3_000],
      calls: 1_000,
    },
  },
};

const USAGE = `npm run bench -- [--quick | --full] [--only <area>]… [--out <file>]
  areas: ${AREAS.join(', ')}
  The usual run takes about ten minutes on a quiet machine.
  --quick  a few minutes, for a first look; its figures are rough
  --full   also 10,000 due at once among 100,000 live grants, and 1M audit events
  --only   may be given several times
  --out    where the JSON goes; a whole run goes to bench/results/<date>.json by default`;

const isArea = (name: string): name is Area => AREAS.some((area) => area === name);

/** Throws a sentence with what to type instead. */
export const readOptions = (args: string[]): Options => {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      full: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      smoke: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      out: { type: 'string' },
    },
  });
  if (values.help) throw new Error(USAGE);
  const extents = (['smoke', 'quick', 'full'] as const).filter((extent) => values[extent]);
  if (extents.length > 1) throw new Error(`Give only one of --quick and --full.\n${USAGE}`);
  const unknown = values.only.find((name) => !isArea(name));
  if (unknown !== undefined) throw new Error(`There is no area "${unknown}".\n${USAGE}`);
  const areas = values.only.length > 0 ? AREAS.filter((area) => values.only.includes(area)) : [...AREAS];
  const extent = extents[0] ?? 'usual';
  return { extent, areas, out: values.out ? path.resolve(values.out) : null, sizes: SIZES[extent] };
};
