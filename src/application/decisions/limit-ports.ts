/** What one principal has at the same time, and how often they were refused. */

/** Not yet decided; more time on a grant is not among them. */
export type OpenRequest = { requestId: string; target: string; role: string; lapsesAt: Date };
/** Approved and not ended: with a start ahead, being set up, or active. */
export type LiveGrant = { grantId: string; target: string; role: string; expiresAt: Date; isBreakGlass: boolean };

/** Of one human, in any account that may be theirs, or of one client; the oldest first. */
export type Holdings = { open: OpenRequest[]; live: LiveGrant[] };

export type LimitWrites = {
  /** Until the transaction ends, no other counts for the same human: what is counted here is so when this one commits. The principal is stored. */
  hold(principalId: string): Promise<Holdings>;
  /** Counts one more refusal of this principal; says which one of this hour it is, from 1. */
  countRefusal(principalId: string): Promise<number>;
};
