/**
 * Makes a report that is due, once, and keeps its files with the event that says so, in one transaction: a process that dies before that
 * has made nothing, one that dies after it has lost nothing. What is made is then brought to its folder; `messages/` brings it to people.
 */
import { SYSTEM } from '../../domain/audit/events.ts';
import type { Actor } from '../../domain/audit/events.ts';
import { parsePeriod } from '../../domain/reports/period.ts';
import type { ReportPlan } from '../../domain/reports/plans.ts';
import { closeNotification, keyOf, notifyAdmins } from '../record/notify-admins.ts';
import type { Deps, Tx } from '../deps.ts';
import type { MadeReport } from './make-report.ts';
import type { MakeReportFiles } from './report-for.ts';
import type { ReportFacts, ReportFile, ReportRun } from './report-run-ports.ts';
import { NOWHERE } from './start-due-reports.ts';

/** Writes the kept files into a folder of their own in `folder`, where they are not there yet. Rejects with what a person can act on. */
export type PutReport = (input: { folder: string; run: ReportRun }) => Promise<void>;
export type ReportWriting = { make: MakeReportFiles; put: PutReport };

export type ReportStep = { outcome: 'done' | 'retry'; retryInMs?: number; error?: string };
/** `deliver` brings what was made to people and channels. It runs while no other process has the report in hand. */
export type DueReportInput = { id: string; deliver: () => Promise<ReportStep> };

export const RETRY_MS = 5 * 60_000;
const WAIT_FOR_PLAN_MS = 86_400_000;
/** While another process makes it. */
const BUSY_MS = 5_000;
const DONE: ReportStep = { outcome: 'done' };
const FAILED = 'report_failed';

type MakeDeps = Pick<Deps, 'store' | 'policy' | 'ids' | 'log'>;

/** Another process was faster: its report counts. */
class MadeAlready extends Error {}

export const planOf = ({ policy }: Pick<Deps, 'policy'>, { name }: ReportRun): ReportPlan | null =>
  policy().audit?.reports.find((plan) => plan.name === name) ?? null;

const factsOf = ({ report }: MadeReport): ReportFacts => {
  const { rows, exceptions, controls } = report.totals;
  return {
    rows,
    exceptions: exceptions.reduce((sum, { count }) => sum + count, 0),
    unanswered: exceptions.reduce((sum, { unanswered }) => sum + unanswered, 0),
    disagreeing: controls.filter(({ agrees }) => !agrees).length,
  };
};

const keep = async (tx: Tx, { id }: ReportRun, { made, files }: { made: MadeReport; files: readonly ReportFile[] }) => {
  const run = await tx.reportRuns.lock(id);
  if (run?.state !== 'due') throw new MadeAlready();
  await tx.reportRuns.setMade(id, { manifest: made.manifest, facts: factsOf(made) });
  for (const file of files) await tx.reportRuns.keepFile(id, file);
};

const make = async ({ store }: MakeDeps, run: ReportRun, makeFiles: MakeReportFiles): Promise<void> => {
  const period = parsePeriod(run.period);
  if (!period) throw new Error(`A report of "${run.period}" is due, which is no period.`);
  const actor: Actor = SYSTEM;
  try {
    const scheduled = {
      id: run.id,
      keep: (tx: Tx, made: MadeReport, files: ReportFile[]) => keep(tx, run, { made, files }),
    };
    const made = await makeFiles({ period, actor, scheduled });
    await made.discard();
  } catch (error) {
    if (!(error instanceof MadeAlready)) throw error;
  }
  if ((await store.read.reportRun(run.id))?.state === 'due') throw new Error('The report was made and is not kept.');
};

/** Once, with the event. */
export const noteDelivery = async (
  tx: Tx,
  { id, period, manifest }: ReportRun,
  { place, way, to }: { place: string; way: 'person' | 'channel' | 'folder'; to: string },
): Promise<void> => {
  if (!(await tx.reportRuns.setDelivered(id, place))) return;
  const data = { report: id, period, manifest: manifest ?? '', way, to };
  await tx.audit.append({ ...NOWHERE, type: 'report.delivered', data });
};

export const folderPlace = (folder: string): string => `folder:${folder}`;

const toFolder = async ({ store }: MakeDeps, run: ReportRun, { folder, put }: { folder: string; put: PutReport }) => {
  const place = folderPlace(folder);
  if (run.delivered.includes(place)) return;
  await put({ folder, run });
  await store.transaction((tx) => noteDelivery(tx, run, { place, way: 'folder', to: folder }));
};

/** What may fail by itself; admins read of each once, until the report is where it belongs. */
const PARTS = ['make', 'folder', 'recipients'] as const;
type Part = (typeof PARTS)[number];
const aboutOf = ({ id }: ReportRun, part: Part): string => `${id}:${part}`;

type Failure = { part: Part; lines: string[] };

export const noteFailure = ({ store, ids }: MakeDeps, run: ReportRun, { part, lines }: Failure): Promise<boolean> =>
  store.transaction((tx) =>
    notifyAdmins(tx, ids, {
      kind: FAILED,
      about: aboutOf(run, part),
      untilClosed: true,
      lines: lines.map((line) => `Report "${run.name}" of ${run.period}: ${line}`),
    }),
  );

const closeFailures = async (tx: Tx, run: ReportRun, closing: string): Promise<void> => {
  for (const part of PARTS) await closeNotification(tx, keyOf(FAILED, aboutOf(run, part)), closing);
};

const withdraw = ({ store }: MakeDeps, { id, period, name }: ReportRun): Promise<void> =>
  store.transaction(async (tx) => {
    const run = await tx.reportRuns.lock(id);
    if (!run || run.state === 'over') return;
    await tx.reportRuns.close(id);
    await closeFailures(tx, run, 'The policy does not have this report any more.');
    await tx.audit.append({ ...NOWHERE, type: 'report.withdrawn', data: { report: id, period, name } });
  });

/** While a new policy comes into force, some process may still have the one before. */
const giveUp = async (deps: MakeDeps, run: ReportRun): Promise<ReportStep> => {
  if (run.ageMs < WAIT_FOR_PLAN_MS)
    return { outcome: 'retry', retryInMs: RETRY_MS, error: 'the policy does not have this report' };
  await withdraw(deps, run);
  return DONE;
};

/** Once each recipient has it. */
export const closeReport = async (tx: Tx, run: ReportRun): Promise<void> => {
  await tx.reportRuns.close(run.id);
  await closeFailures(tx, run, 'The report was made, and every recipient has it.');
};

/** Those who could not be reached are tried again. */
const tryAgain = async ({ store }: MakeDeps, { id }: ReportRun): Promise<void> => {
  const subject = { kind: 'report', id } as const;
  for (const { audience, failure } of await store.messages.list(subject))
    if (failure !== null) await store.messages.clearFailures(subject, audience);
};

/** What fails is said to admins, and tried again. */
const trying = async (
  deps: MakeDeps,
  { run, part }: { run: ReportRun; part: Part },
  work: () => Promise<void>,
): Promise<ReportStep> => {
  try {
    await work();
    return DONE;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    deps.log.error({ err: error, report: run.id }, 'a report could not be made or written; it is tried again');
    await noteFailure(deps, run, { part, lines: [message] });
    return { outcome: 'retry', retryInMs: RETRY_MS, error: message };
  }
};

/** A folder that cannot be written holds up no one else. */
const bring = async (
  deps: MakeDeps,
  { run, folder }: { run: ReportRun; folder: string | null },
  { put, deliver }: { put: PutReport; deliver: DueReportInput['deliver'] },
): Promise<ReportStep> => {
  const written =
    folder === null ? DONE : await trying(deps, { run, part: 'folder' }, () => toFolder(deps, run, { folder, put }));
  await tryAgain(deps, run);
  const delivered = await deliver();
  return delivered.outcome === 'retry' ? delivered : written;
};

export const makeDueReport = async (
  deps: MakeDeps,
  { id, deliver }: DueReportInput,
  writing: ReportWriting,
): Promise<ReportStep> => {
  const stepped = await deps.store.reports.alone(id, async () => {
    const run = await deps.store.read.reportRun(id);
    if (!run || run.state === 'over') return DONE;
    const plan = planOf(deps, run);
    if (!plan) return giveUp(deps, run);
    if (run.state === 'due') {
      const made = await trying(deps, { run, part: 'make' }, () => make(deps, run, writing.make));
      if (made.outcome === 'retry') return made;
    }
    const made = await deps.store.read.reportRun(id);
    return made?.state === 'made'
      ? bring(deps, { run: made, folder: plan.folder }, { put: writing.put, deliver })
      : DONE;
  });
  return stepped ?? { outcome: 'retry', retryInMs: BUSY_MS, error: 'another process has the report in hand' };
};
