/** What a report says beside its register: all of it fits on pages. */
import type { ExceptionKind } from '../../domain/reports/exceptions.ts';
import type { Lateness, OverTime } from '../../domain/reports/over-time.ts';
import type { Sampled } from '../../domain/reports/sample.ts';
import type { GrantFlow, LogFacts } from './report-facts.ts';

/** A number that two ways of counting must agree on. */
export type Control = { what: string; log: number; register: number; agrees: boolean };

export type Tally = { name: string; requests: number; grants: number };

export type Totals = {
  rows: number;
  /** Rows of which names and reasons were erased. */
  erased: number;
  byState: Record<string, number>;
  byDecision: Record<string, number>;
  byTarget: Tally[];
  /** Requests that a rule approved alone, by rule. */
  byRuleAlone: Tally[];
  flow: GrantFlow;
  overTime: OverTime;
  /** Of access that was closed in the period. */
  lateness: Lateness[];
  controls: Control[];
  exceptions: { kind: ExceptionKind; title: string; count: number; unanswered: number }[];
};

/** `refs`: as the policy writes them; `people`: as they were looked up, null where they were not. */
export type Power = {
  what: string;
  where: string;
  refs: string[];
  people: string[] | null;
  unknown: string[];
};

/** Who decided or administered in the period, from the log. */
export type Exercised = { id: string; name: string; approved: number; denied: number; other: number };

export type PolicyVersion = {
  at: string;
  sha256: string;
  by: string | null;
  revision: string | null;
  differences: string[];
  isBefore: boolean;
  /** No policy came before it. */
  isFirst: boolean;
};

/** `by` is null while no reviewer decided, and where silence did. */
export type ReviewedLine = {
  position: number;
  subject: string;
  reviewers: string[];
  decision: string | null;
  by: string | null;
  at: string | null;
  note: string | null;
};

export type ReviewSummary = {
  id: string;
  name: string;
  what: string;
  startedAt: string;
  dueAt: string;
  closedAt: string | null;
  state: string;
  population: number;
  kept: number;
  /** Of those kept: no reviewer decided before the deadline. */
  bySilence: number;
  toChange: number;
  undecided: number;
  /** The whole population. */
  lines: ReviewedLine[];
};

export type LogHealth = LogFacts & {
  verified: { ok: boolean; events: number; problems: string[] } | null;
  ranges: { witnessed: string; published: string; neither: string };
  places: string[];
  keys: string[];
  revoked: { vkey: string; from: string; size: number }[];
  evidenceMade: number;
  reportsMade: number;
};

export type ControlMapping = { framework: string; control: string; about: string; where: string };

export type Report = {
  period: { label: string; from: string; to: string; zone: 'UTC'; isOver: boolean };
  made: { at: string; by: string; product: string };
  checkpoint: { origin: string; size: number; root: string; note: string; signedAt: string };
  policy: { sha256: string };
  totals: Totals;
  carried: number;
  sample: { method: string; root: string; population: number; drawn: Sampled[] };
  powers: Power[];
  exercised: Exercised[];
  policies: PolicyVersion[];
  reviews: ReviewSummary[];
  log: LogHealth;
  controls: ControlMapping[];
};
