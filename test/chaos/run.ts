/** A seeded mix of what people do and of what goes wrong, with everything that must hold checked throughout and at quiet points. */
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import type { Places } from '../support/services.ts';
import { startChaosWorld } from './chaos-world.ts';
import type { ChaosWorld } from './chaos-world.ts';
import { noOrphans } from './copies.ts';
import type { OrphanClass } from './copies.ts';
import { FAULTS } from './faults.ts';
import type { Fault } from './faults.ts';
import { INCIDENT_STEPS } from './incidents.ts';
import { PEOPLES_STEPS } from './people.ts';
import type { Step, StepContext, StepOutcome } from './people.ts';
import { comeToRest } from './quiet.ts';
import { createRandom } from './random.ts';
import type { Random } from './random.ts';
import { startWatch } from './watch.ts';
import type { Watcher } from './watch.ts';

export type ChaosOptions = {
  seed: number;
  forMs: number;
  places: Places;
  /** How long between quiet points. */
  roundMs: number;
  isHasty: boolean;
  say: (line: string) => void;
  /** Ends the run before its time: what it started is ended, and the last round is not judged. */
  stop?: AbortSignal;
};

export type ChaosReport = {
  seed: number;
  steps: Record<string, { done: number; missed: number }>;
  faults: Record<string, number>;
  rounds: number;
  looks: number;
  requests: number;
  grants: number;
  ended: number;
  /** Of ends by deadline, in milliseconds, faults and all. */
  latest: number;
  incidents: number;
  extended: number;
  /** Copies of messages that the app does not know of. */
  orphans: Record<OrphanClass, number>;
  events: number;
  findings: string[];
  /** The last things that were done before the first finding. */
  trail: string[];
  logFile: string;
};

const STEPS = [...PEOPLES_STEPS, ...INCIDENT_STEPS];

const TRAIL_MAX = 40;
const PAUSE_MAX_MS = 250;
const STEP_MS = 20_000;
const FAULT_CHANCE = 0.035;

type Run = ChaosOptions & {
  chaos: ChaosWorld;
  watch: Watcher;
  report: ChaosReport;
  running: Set<Promise<void>>;
  /** What faults have in hand. */
  broken: Set<Fault['of']>;
  sessions: pg.Client[];
  number: number;
};

const note = (run: Run, line: string): void => {
  run.report.trail.push(line);
  if (run.report.trail.length > TRAIL_MAX) run.report.trail.shift();
};

const track = (run: Run, work: Promise<void>): void => {
  const tracked: Promise<void> = work.finally(() => run.running.delete(tracked));
  run.running.add(tracked);
};

/** A button that is gone, a modal that did not open, an app that is dead: the person shrugs. */
const tryStep = async (context: StepContext, step: Step): Promise<StepOutcome> =>
  Promise.race([
    step.run(context).catch((): StepOutcome => 'missed'),
    delay(STEP_MS, 'missed' as const, { ref: false }),
  ]);

const takeStep = (run: Run, random: Random): void => {
  const step = random.weighed(STEPS);
  const { number, chaos, sessions } = run;
  note(run, `${number} ${step.name}`);
  const counts = (run.report.steps[step.name] ??= { done: 0, missed: 0 });
  track(
    run,
    tryStep({ world: chaos.world, random, number, sessions }, step).then((outcome) => {
      counts[outcome] += 1;
    }),
  );
};

const breakSomething = (run: Run, random: Random): void => {
  const fault = random.weighed(FAULTS);
  if (run.broken.has(fault.of)) return;
  run.broken.add(fault.of);
  run.watch.noteFault(true);
  note(run, `${run.number} ${fault.name}`);
  run.report.faults[fault.name] = (run.report.faults[fault.name] ?? 0) + 1;
  track(
    run,
    fault
      .run(run.chaos, random)
      .catch(
        (error: unknown) =>
          void run.watch.findings.push(`the fault "${fault.name}" could not be made: ${String(error)}`),
      )
      .finally(() => {
        run.broken.delete(fault.of);
        run.watch.noteFault(false);
      }),
  );
};

const isGoingOn = ({ stop, watch }: Run): boolean => !stop?.aborted && watch.findings.length === 0;

/** Each step has random numbers of its own, so that none depends on how long another took. */
const round = async (run: Run, random: Random, untilMs: number): Promise<void> => {
  while (performance.now() < untilMs && isGoingOn(run)) {
    run.number += 1;
    const own = createRandom(random.int(0, 2 ** 31));
    if (random.isChance(FAULT_CHANCE)) breakSomething(run, own);
    else takeStep(run, own);
    await delay(random.int(0, PAUSE_MAX_MS));
  }
  while (run.running.size > 0) await Promise.all(run.running);
};

const settle = async (run: Run): Promise<void> => {
  run.report.rounds += 1;
  const left = await comeToRest(run.chaos, run.isHasty);
  run.watch.findings.push(...left);
  await leaveTarget(run);
};

/** Whose access has ended was cut already. */
const leaveTarget = async ({ sessions }: Run): Promise<void> => {
  for (const session of sessions.splice(0)) await session.end().catch(() => undefined);
};

type Counted = Pick<ChaosReport, 'requests' | 'grants' | 'ended' | 'events' | 'latest' | 'incidents' | 'extended'>;

const count = async ({ chaos: { world, copies }, report, watch }: Run): Promise<void> => {
  const [row] = await world.sql<Counted>(
    `select (select count(*)::int from requests) as requests, count(*)::int as grants, count(*) filter (where state = 'removed')::int as ended,
       (select count(*)::int from audit_events) as events, (select count(*)::int from incidents) as incidents,
       (select count(*)::int from extensions where state = 'moved') as extended,
       coalesce(max(extract(epoch from closed_at - expires_at)) filter (where end_cause = 'expired'), 0)::float * 1000 as latest from grants`,
  );
  const { counts, unexplained } = await copies.classify(world);
  for (const finding of unexplained) if (!watch.findings.includes(finding)) watch.findings.push(finding);
  Object.assign(report, row, { orphans: counts, looks: watch.looks, findings: watch.findings });
};

const play = async (run: Run): Promise<void> => {
  const random = createRandom(run.seed);
  const endsAtMs = performance.now() + run.forMs;
  while (performance.now() < endsAtMs && isGoingOn(run)) {
    await round(run, random, Math.min(endsAtMs, performance.now() + run.roundMs));
    // After a finding there is nothing to wait for: whatever is broken may never come to rest.
    if (!isGoingOn(run)) return leaveTarget(run);
    await settle(run);
    await count(run);
    const { rounds, requests, grants, ended, events } = run.report;
    run.say(
      `round ${rounds}: ${run.number} steps, ${requests} requests, ${grants} grants, ${ended} ended, ${events} events`,
    );
  }
};

export const runChaos = async (options: ChaosOptions): Promise<ChaosReport> => {
  const chaos = await startChaosWorld(options.places);
  try {
    await Promise.all([chaos.startApp(0), chaos.startApp(1)]);
    const watch = startWatch(chaos);
    const report: ChaosReport = {
      seed: options.seed,
      steps: {},
      faults: {},
      rounds: 0,
      looks: 0,
      requests: 0,
      grants: 0,
      ended: 0,
      latest: 0,
      incidents: 0,
      extended: 0,
      orphans: noOrphans(),
      events: 0,
      findings: [],
      trail: [],
      logFile: chaos.logFile,
    };
    const run: Run = {
      ...options,
      chaos,
      watch,
      report,
      running: new Set(),
      broken: new Set(),
      sessions: [],
      number: 0,
    };
    await play(run);
    await watch.stop();
    return report;
  } finally {
    await chaos.stop();
  }
};
