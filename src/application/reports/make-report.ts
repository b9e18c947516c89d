/**
 * The compliance report of a period, made of the log up to one signed checkpoint. The register goes by row by row and is never held whole;
 * the files are seen once all of them are there. Making a report is an event.
 */
import { SYSTEM } from '../../domain/audit/events.ts';
import type { Actor } from '../../domain/audit/events.ts';
import { exceptionsOf } from '../../domain/reports/exceptions.ts';
import type { Exception } from '../../domain/reports/exceptions.ts';
import { ANSWERS, logExceptions } from '../../domain/reports/log-exceptions.ts';
import type { Period } from '../../domain/reports/period.ts';
import { foldRequest } from '../../domain/reports/register.ts';
import type { LogEvent, RegisterRow } from '../../domain/reports/register.ts';
import { SAMPLE_METHOD, createDraw } from '../../domain/reports/sample.ts';
import type { Policy } from '../../domain/policy/types.ts';
import { programVersion } from '../../lib/version.ts';
import { checkpointNow, vkeysOf } from '../evidence/make-evidence.ts';
import type { EvidenceDeps, StoredCheckpoint } from '../evidence/evidence-ports.ts';
import { readHeads } from '../evidence/held-heads.ts';
import { rangesOf } from '../evidence/ranges.ts';
import type { Range } from '../evidence/ranges.ts';
import { signManifest } from '../evidence/sign-manifest.ts';
import type { Tx } from '../deps.ts';
import { createCount } from './count-rows.ts';
import { ADMINISTERED, LOG_EVENTS, policiesOf } from './log-sections.ts';
import { powersOf } from './powers.ts';
import type { Looking } from './powers.ts';
import type { ReportFolder, ReportReads, ReportSource, ReportWriter } from './report-ports.ts';
import type { ControlMapping, LogHealth, Report, ReviewSummary } from './report-types.ts';

export type ReportDeps = EvidenceDeps & {
  source: ReportSource;
  policy: Policy;
  /** null where people cannot be looked up. */
  directory: Looking | null;
  reviews(period: Period): Promise<ReviewSummary[]>;
  /** Walks the whole chain; null where it is too long for a report. */
  verify(): Promise<LogHealth['verified']>;
  controls(): Promise<ControlMapping[]>;
};
export type MadeReport = { report: Report; manifest: string };
/** A report that makes itself: `keep` runs in the transaction of the event. */
type Scheduled = { id: string; keep(tx: Tx, made: MadeReport): Promise<void> };
export type ReportInput = { period: Period; actor?: Actor; scheduled?: Scheduled };

type Making = { deps: ReportDeps; period: Period; checkpoint: StoredCheckpoint; asOf: string; actor: Actor };

type Rows = { exceptions: Exception[]; count: ReturnType<typeof createCount>; draw: ReturnType<typeof createDraw> };

const folded = (page: readonly LogEvent[][]): RegisterRow[] => page.flatMap((events) => foldRequest(events) ?? []);

const isInPeriod = (at: string | null, { from, to }: Period): boolean =>
  at !== null && Date.parse(at) >= from.getTime() && Date.parse(at) < to.getTime();

/** Exceptions of earlier requests are those of their own period, but for what happened in this one. */
const belongs = (period: Period) => (exception: Exception) => isInPeriod(exception.at, period);

const goThrough = async (
  making: Making,
  reads: ReportReads,
  writer: ReportWriter,
): Promise<Rows & { carried: number }> => {
  const { period, checkpoint, asOf } = making;
  const rows: Rows = {
    exceptions: [],
    count: createCount(period),
    draw: createDraw(checkpoint.root.toString('base64')),
  };
  const draw = (row: RegisterRow): void => {
    if (row.kind !== 'more time' && isInPeriod(row.activeAt, period)) rows.draw.see(row);
  };
  for await (const page of reads.requests())
    for (const row of folded(page)) {
      rows.count.row(row);
      draw(row);
      rows.exceptions.push(...exceptionsOf(row, asOf));
      await writer.row(row);
    }
  let carried = 0;
  for await (const page of reads.carried())
    for (const row of folded(page)) {
      carried += 1;
      rows.count.carried(row);
      draw(row);
      rows.exceptions.push(...exceptionsOf(row, asOf).filter(belongs(period)));
    }
  return { ...rows, carried };
};

const rangeText = (range: Range): string => (range ? `events ${range.from} to ${range.to}` : 'none');

const healthOf = async ({ deps }: Making, reads: ReportReads, counts: Record<string, number>): Promise<LogHealth> => {
  const [facts, known, places, vkeys, verified] = await Promise.all([
    reads.log(),
    deps.tree.keys.all(),
    readHeads(deps, 'newest'),
    vkeysOf(deps),
    deps.verify(),
  ]);
  const tree = { size: facts.events - facts.beforeTree, before: facts.beforeTree };
  const ranges = rangesOf(tree, places, ({ problems }) => problems.length === 0);
  return {
    ...facts,
    verified,
    ranges: {
      witnessed: rangeText(ranges.witnessed),
      published: rangeText(ranges.published),
      neither: rangeText(ranges.neither),
    },
    places: places.map(({ place, failure }) => (failure === null ? place : `${place} (could not be read: ${failure})`)),
    keys: vkeys,
    revoked: known.flatMap(({ vkey, revoked }) =>
      revoked ? [{ vkey, from: revoked.from.toISOString(), size: revoked.size }] : [],
    ),
    evidenceMade: counts['evidence.made'] ?? 0,
    reportsMade: counts['report.made'] ?? 0,
  };
};

const about = ({ deps, period, checkpoint, asOf, actor }: Making) => ({
  period: {
    label: period.label,
    from: period.from.toISOString(),
    to: period.to.toISOString(),
    zone: 'UTC' as const,
    isOver: period.to.toISOString() <= asOf,
  },
  made: {
    at: asOf,
    by: 'name' in actor ? actor.name : 'the command latchkey report',
    product: `latchkey ${programVersion()}`,
  },
  checkpoint: {
    origin: deps.settings.origin,
    size: checkpoint.size,
    root: checkpoint.root.toString('base64'),
    note: checkpoint.note,
    signedAt: asOf,
  },
  policy: { sha256: deps.policy.sha256 },
});

const makeFrom = async (making: Making, reads: ReportReads, writer: ReportWriter) => {
  const { deps, period } = making;
  const [counts, flow] = [await reads.counts(), await reads.flow()];
  const { exceptions, count, draw, carried } = await goThrough(making, reads, writer);
  const { events, later } = await reads.events(LOG_EVENTS, ANSWERS);
  for (const { type, actor: by } of events)
    if (ADMINISTERED.includes(type) && by.kind === 'person') count.administered(by.id ?? '', by.name ?? '');
  const all = [...exceptions, ...logExceptions(events, later)].sort((a, b) => (a.at < b.at ? -1 : 1));
  const report: Report = {
    ...about(making),
    totals: count.totals(counts, flow, all),
    carried,
    sample: { method: SAMPLE_METHOD, root: making.checkpoint.root.toString('base64'), ...draw.sampled() },
    powers: await powersOf(deps.policy, deps.directory),
    exercised: count.exercised(),
    policies: policiesOf(await reads.before('policy.loaded'), events),
    reviews: await deps.reviews(period),
    log: await healthOf(making, reads, counts),
    controls: await deps.controls(),
  };
  return { report, files: await writer.finish(report, all) };
};

const recordMade = (deps: ReportDeps, { actor = SYSTEM, scheduled }: ReportInput, made: MadeReport): Promise<void> =>
  deps.store.transaction(async (tx) => {
    const { report, manifest } = made;
    await scheduled?.keep(tx, made);
    await tx.audit.append({
      type: 'report.made',
      actor,
      requestId: null,
      grantId: null,
      target: null,
      role: null,
      data: {
        period: report.period.label,
        manifest,
        size: report.checkpoint.size,
        rows: report.totals.rows,
        exceptions: report.totals.exceptions.reduce((sum, { count }) => sum + count, 0),
        ...(scheduled && { report: scheduled.id }),
      },
    });
  });

export const makeReport = async (deps: ReportDeps, input: ReportInput, folder: ReportFolder): Promise<MadeReport> => {
  const { period, actor = SYSTEM } = input;
  const checkpoint = await checkpointNow(deps);
  const making: Making = { deps, period, checkpoint, asOf: new Date().toISOString(), actor };
  try {
    const writer = await folder.open();
    const range = { from: period.from, to: period.to, size: checkpoint.size };
    const { report, files } = await deps.source.read(range, (reads) => makeFrom(making, reads, writer));
    const { period: of, checkpoint: signed } = report;
    const facts = {
      period: of,
      checkpoint: { size: signed.size, root: signed.root },
      madeAt: making.asOf,
      rows: report.totals.rows,
    };
    const { manifest, note, digest } = await signManifest(deps, { kind: 'report', about: facts, files });
    await folder.publish(manifest, note);
    const made = { report, manifest: digest };
    await recordMade(deps, input, made);
    return made;
  } catch (error) {
    await folder.discard();
    throw error;
  }
};
