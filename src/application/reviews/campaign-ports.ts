/** What periodic reviews are kept in, and what they look at of the past. */
import type { CampaignLine, Campaign, CampaignView, LineDecision } from '../../domain/reviews/campaign.ts';

export type NewCampaign = Pick<Campaign, 'id' | 'name' | 'what' | 'period' | 'silence' | 'withinMs' | 'policySha256'>;
export type StoredLine = Pick<CampaignLine, 'id' | 'position' | 'subject' | 'facts' | 'about' | 'reviewers'>;

/** Of one role in a stretch of time. `usedMs` is null where no grant of it has ended. */
export type RoleHistory = {
  target: string;
  role: string;
  requests: number;
  grants: number;
  used: number;
  extended: number;
  byRule: number;
  people: { id: string; name: string }[];
  usedMs: { median: number; p95: number } | null;
  /** Of those that people decided. `approver`: who cast most approvals, and how many. */
  decided: { approved: number; denied: number; p95Ms: number; approver: { name: string; votes: number } } | null;
};
export type VoterHistory = { id: string; approved: number; denied: number };
export type BreakGlassUse = {
  grantId: string;
  target: string;
  role: string;
  at: Date;
  personId: string;
  name: string;
  reason: string;
  outcome: string | null;
};
export type ClientHistory = { id: string; requests: number; grants: number };

export type CampaignReads = {
  /** Newest first. */
  campaigns(limit: number): Promise<CampaignView[]>;
  campaign(id: string): Promise<CampaignView | null>;
  lines(campaignId: string): Promise<CampaignLine[]>;
  line(id: string): Promise<CampaignLine | null>;
  /** Of open campaigns, by campaign and position, after that one. */
  undecidedLines(after: Pick<CampaignLine, 'campaignId' | 'position'> | null, limit: number): Promise<CampaignLine[]>;
  roleHistory(sinceMs: number): Promise<RoleHistory[]>;
  voterHistory(sinceMs: number): Promise<VoterHistory[]>;
  clientHistory(sinceMs: number): Promise<ClientHistory[]>;
  breakGlassUses(sinceMs: number): Promise<BreakGlassUse[]>;
};

export type CampaignWrites = {
  /** False when there is one of this name and period. */
  insert(campaign: NewCampaign, lines: readonly StoredLine[]): Promise<boolean>;
  find(id: string): Promise<Campaign | null>;
  /** False when it was decided, or its campaign is closed. */
  decide(
    lineId: string,
    decision: { decision: LineDecision; byPersonId: string; note: string | null },
  ): Promise<boolean>;
  /** How many lines are left; with none, the campaign is closed. */
  closeWhenDone(campaignId: string): Promise<{ isClosed: boolean; undecided: number }>;
  /** Keeps what is left, and closes. */
  keepRest(campaignId: string, note: string): Promise<number>;
  /** Open ones whose reminder is due, held until the transaction ends. */
  lockToChase(limit: number): Promise<Campaign[]>;
  chase(id: string, isOverdue: boolean): Promise<void>;
};
