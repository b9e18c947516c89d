/** A periodic review: a frozen list of lines, and who decides on each. */

export const CAMPAIGN_SUBJECTS = ['roles', 'durations', 'break_glass', 'clients', 'approvers', 'admins'] as const;
export type CampaignSubject = (typeof CAMPAIGN_SUBJECTS)[number];

export const CADENCES = ['month', 'quarter', 'half-year', 'year'] as const;
export type Cadence = (typeof CADENCES)[number];

/** What it means that a line was not decided at the deadline. `escalate`: the admins may decide, too. `keep`: it is kept, and says why. */
export const SILENCES = ['escalate', 'keep'] as const;
export type Silence = (typeof SILENCES)[number];

export const LINE_DECISIONS = ['keep', 'change'] as const;
export type LineDecision = (typeof LINE_DECISIONS)[number];

/** As the policy has it. `by`: `owners`, `admins`, groups and people. */
export type CampaignPlan = {
  name: string;
  every: Cadence;
  what: CampaignSubject;
  targets: string[];
  by: string[];
  withinMs: number;
  silence: Silence;
};

export type Fact = readonly [name: string, value: string];

/** One line of the population, as it was when the campaign began. `about`: ids of the people it is about, who never decide on it. */
export type NewLine = { subject: string; facts: Fact[]; about: string[]; reviewers: string[] };

export type CampaignLine = NewLine & {
  id: string;
  campaignId: string;
  position: number;
  decision: LineDecision | null;
  /** null where silence kept it. */
  decidedBy: { id: string; name: string } | null;
  decidedAt: Date | null;
  note: string | null;
};

export type Campaign = {
  id: string;
  name: string;
  what: CampaignSubject;
  /** `2026-Q3`: a campaign of a name is started once for each. */
  period: string;
  silence: Silence;
  withinMs: number;
  policySha256: string;
  state: 'open' | 'closed';
  startedAt: Date;
  dueAt: Date;
  overdueAt: Date | null;
  closedAt: Date | null;
  reminders: number;
};

export type CampaignCounts = { lines: number; kept: number; toChange: number; undecided: number; bySilence: number };
export type CampaignView = { campaign: Campaign; counts: CampaignCounts };

const MONTHS: Record<Cadence, number> = { month: 1, quarter: 3, 'half-year': 6, year: 12 };
const LETTER: Record<Cadence, (part: number) => string> = {
  month: (part) => `-${String(part + 1).padStart(2, '0')}`,
  quarter: (part) => `-Q${part + 1}`,
  'half-year': (part) => `-H${part + 1}`,
  year: () => '',
};

/** The period that holds this moment, in UTC, and when it began. */
export const periodAt = (every: Cadence, now: Date): { period: string; from: Date } => {
  const part = Math.floor(now.getUTCMonth() / MONTHS[every]);
  const from = new Date(Date.UTC(now.getUTCFullYear(), part * MONTHS[every]));
  return { period: `${now.getUTCFullYear()}${LETTER[every](part)}`, from };
};

/** It is started by itself in the first days of a period: a campaign that is written into the policy later waits for the next, or is started by hand. */
const STARTS_WITHIN_MS = 7 * 86_400_000;

export const isDue = (every: Cadence, now: Date): boolean =>
  now.getTime() - periodAt(every, now).from.getTime() < STARTS_WITHIN_MS;
