/** What reports that are made by themselves are kept in, until each recipient has them. */
import type { ReportCadence } from '../../domain/reports/plans.ts';

/** What is said of a report that was made. `unanswered`: exceptions without an answer. */
export type ReportFacts = { rows: number; exceptions: number; unanswered: number; disagreeing: number };

/** `due`: to be made. `made`: its files are kept, and are brought to each recipient. `over`: each has it, or the policy no longer wants it. */
export type ReportRun = {
  id: string;
  /** Of the plan in the policy; one run for each and period. */
  name: string;
  period: string;
  state: 'due' | 'made' | 'over';
  /** Since it was due, by the database clock. */
  ageMs: number;
  /** SHA-256 of the manifest, null until it is made. */
  manifest: string | null;
  facts: ReportFacts | null;
  /** Who has it: ids of channels and people, and `folder:/…`. */
  delivered: string[];
};

export type KnownPlan = { name: string; every: ReportCadence };
export type ReportSchedule = {
  now: Date;
  /** Since when each is known; those that were never seen are missing. */
  since: (KnownPlan & { since: Date })[];
  runs: { name: string; period: string }[];
};

export type ReportRunReads = {
  reportSchedule(): Promise<ReportSchedule>;
  reportRun(id: string): Promise<ReportRun | null>;
};

export type ReportFile = { name: string; path: string };

export type ReportRunWrites = {
  /** Known from now on, unless they were. */
  note(plans: readonly KnownPlan[]): Promise<void>;
  /** False when there is one of this plan and period. */
  add(run: Pick<ReportRun, 'id' | 'name' | 'period'>): Promise<boolean>;
  /** Held until the transaction ends. */
  lock(id: string): Promise<ReportRun | null>;
  setMade(id: string, made: { manifest: string; facts: ReportFacts }): Promise<void>;
  /** Keeps what the file holds. */
  keepFile(id: string, file: ReportFile): Promise<void>;
  /** False when it was noted before. */
  setDelivered(id: string, place: string): Promise<boolean>;
  /** Forgets its files. */
  close(id: string): Promise<void>;
};

/** The files of reports that were made and not brought everywhere yet. */
export type ReportFiles = {
  /** Runs `work` unless another process has this run in hand; null then. A process that dies lets go of it at once. */
  alone<T>(id: string, work: () => Promise<T>): Promise<T | null>;
  names(id: string): Promise<string[]>;
  /** In order from 0; null after the last. */
  part(id: string, name: string, part: number): Promise<Buffer | null>;
};
