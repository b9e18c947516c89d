/** Runs the areas one after the other against servers of its own, prints the table, keeps the figures. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { measureAcknowledge } from './areas/acknowledge.ts';
import { measureAudit } from './areas/audit.ts';
import { measureEnd } from './areas/end.ts';
import { measureFlow } from './areas/flow.ts';
import { measureGrowth } from './areas/growth.ts';
import { measureIncident } from './areas/incident.ts';
import { measurePipeline } from './areas/pipeline.ts';
import { measurePolicy } from './areas/policy.ts';
import { measureProcess } from './areas/process.ts';
import { measureReport } from './areas/report.ts';
import { measureSlack } from './areas/slack.ts';
import type { Bench, Measured } from './areas/world.ts';
import type { Results } from './results.ts';
import { tableOf } from './rows.ts';
import type { Row } from './rows.ts';
import { countOfRunning, endAll, endOnSignals, waitForExitIfInterrupted } from './setup/cleanup.ts';
import { latchkeyProgram } from './setup/app.ts';
import { machineFacts } from './setup/machine.ts';
import { AREAS, readOptions } from './setup/options.ts';
import type { Area, Options } from './setup/options.ts';
import { noiseOf, waitForQuiet, watchOthers } from './setup/quiet.ts';
import { startServers } from './setup/servers.ts';

const MEASURES: Record<Area, (bench: Bench) => Promise<Measured>> = {
  acknowledge: measureAcknowledge,
  flow: measureFlow,
  end: measureEnd,
  audit: measureAudit,
  report: measureReport,
  incident: measureIncident,
  policy: measurePolicy,
  process: measureProcess,
  growth: measureGrowth,
  slack: measureSlack,
  pipeline: measurePipeline,
};

/** Whole runs are kept in git; anything less, and what failed, lies beside the other data of this machine. */
const placeOf = ({ out, extent, areas }: Options, { date, failures }: Results): string => {
  if (out) return out;
  const isAsked = areas.length === AREAS.length && (extent === 'usual' || extent === 'full');
  const isWhole = isAsked && Object.keys(failures).length === 0;
  const name = `${date.slice(0, 10)}${extent === 'usual' ? '' : `-${extent}`}.json`;
  return path.resolve(isWhole ? 'bench/results' : '.data/bench', name);
};

/** One area that fails must not cost the figures of the others. */
const measureArea = async (area: Area, bench: Bench): Promise<{ made: Measured | null; failure: string | null }> => {
  const startedAt = Date.now();
  const kept = countOfRunning();
  process.stdout.write(`${area} … `);
  try {
    const made = await MEASURES[area](bench);
    bench.say(`${Math.round((Date.now() - startedAt) / 1_000)} s`);
    return { made, failure: null };
  } catch (error) {
    await waitForExitIfInterrupted();
    bench.say('FAILED');
    console.error(error);
    return { made: null, failure: error instanceof Error ? error.message : String(error) };
  } finally {
    await endAll(kept);
  }
};

const measure = async (options: Options, runDir: string): Promise<Results> => {
  const say = (text: string): void => console.log(text);
  // Figures of tiny runs mean nothing anyway.
  const before = options.extent === 'smoke' ? { loadBefore: 0, idleBefore: null } : await waitForQuiet(say);
  const startedAt = Date.now();
  const servers = await startServers(runDir);
  const facts = await machineFacts(servers);
  const othersUsed = watchOthers();
  const bench: Bench = { servers, sizes: options.sizes, extent: options.extent, say };
  const rows: Row[] = [];
  const details: Record<string, unknown> = {};
  const failures: Results['failures'] = {};
  for (const area of options.areas) {
    const { made, failure } = await measureArea(area, bench);
    rows.push(...(made?.rows ?? []));
    details[area] = made?.details ?? null;
    if (failure) failures[area] = failure;
  }
  const machine = { ...facts, ...before, ...othersUsed() };
  const seconds = Math.round((Date.now() - startedAt) / 1_000);
  const date = new Date(startedAt).toISOString();
  return {
    date,
    extent: options.extent,
    program: path.relative(process.cwd(), latchkeyProgram().args.at(-1) ?? ''),
    isQuiet: options.extent !== 'smoke' && noiseOf(machine).length === 0,
    machine,
    sizes: options.sizes,
    seconds,
    rows,
    failures,
    details,
  };
};

const rounded = (_key: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value;

const report = ({ machine, rows, isQuiet, extent, seconds }: Results, place: string): void => {
  console.log(
    `\n${machine.cores} × ${machine.cpu}, ${machine.memoryGb} GB, Node ${machine.node}, Postgres ${machine.postgres}`,
  );
  console.log(
    `one sync to disk ${machine.syncMs.toFixed(2)} ms; commit ${machine.commit}; ${extent} run of ${seconds} s\n`,
  );
  console.log(tableOf(rows));
  if (!isQuiet) console.log(`\nDo not trust these figures: ${noiseOf(machine).join('; ') || 'the counts are tiny'}.`);
  console.log(`\nFigures: ${path.relative(process.cwd(), place)}`);
};

const run = async (): Promise<void> => {
  const runDir = process.env['LATCHKEY_BENCH_RUN'];
  if (!runDir) throw new Error('Start the benchmark with `npm run bench`.');
  const options = readOptions(process.argv.slice(2));
  endOnSignals();
  const results = await measure(options, runDir);
  if (Object.keys(results.failures).length > 0) process.exitCode = 1;
  const place = placeOf(options, results);
  mkdirSync(path.dirname(place), { recursive: true });
  writeFileSync(place, `${JSON.stringify(results, rounded, 1)}\n`);
  report(results, place);
};

try {
  await run();
} catch (error) {
  await waitForExitIfInterrupted();
  console.error(`\n${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  const isClean = await endAll();
  if (!isClean) process.exitCode = 1;
}
process.exit();
