/** What a report reads, in one snapshot of the log up to one checkpoint; and what writes its files. */
import type { GrantFlow, LogFacts } from './report-facts.ts';
import type { LogEvent, RegisterRow } from '../../domain/reports/register.ts';
import type { Exception } from '../../domain/reports/exceptions.ts';
import type { Period } from '../../domain/reports/period.ts';
import type { Report } from './report-types.ts';

/** `size`: leaves of the checkpoint's tree; nothing after them is read. */
export type ReportRange = Pick<Period, 'from' | 'to'> & { size: number };

export type LogFound = { events: LogEvent[]; later: LogEvent[] };

export type ReportReads = {
  /** Events of the period by type. */
  counts(): Promise<Record<string, number>>;
  flow(): Promise<GrantFlow>;
  /** Events of each request of the period, page by page in the order of the log. */
  requests(): AsyncGenerator<LogEvent[][]>;
  /** The same of earlier requests whose access was live in the period. */
  carried(): AsyncGenerator<LogEvent[][]>;
  /** Events of the period of these types, and those of `answers` from its end up to the checkpoint, which are among the types. */
  events(types: readonly string[], answers: readonly string[]): Promise<LogFound>;
  /** The last event of this type before the period. */
  before(type: string): Promise<LogEvent | null>;
  log(): Promise<LogFacts>;
};

export type ReportSource = { read<T>(range: ReportRange, work: (reads: ReportReads) => Promise<T>): Promise<T> };

/** Writes while it is given rows; `finish` answers when every file is whole. */
export type ReportWriter = {
  row(row: RegisterRow): Promise<void>;
  finish(report: Report, exceptions: readonly Exception[]): Promise<WrittenFile[]>;
};
export type WrittenFile = { name: string; sha256: string; size: number };

/** The folder that the report is made in: nothing is seen there before all of it is. */
export type ReportFolder = {
  open(): Promise<ReportWriter>;
  /** Adds the manifest and its note, and shows all files. */
  publish(manifest: Buffer, note: Buffer): Promise<void>;
  discard(): Promise<void>;
};
