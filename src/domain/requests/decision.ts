export type Decision = {
  id: string;
  requestId: string;
  outcome: 'approved' | 'denied';
  rule: string | null;
  policySha256: string;
  /** Who made it: the last voter, or null for a rule that approves by itself. */
  byPersonId: string | null;
  reason: string | null;
  decidedAt: Date;
};
