export const REVIEW_OUTCOMES = ['justified', 'not_justified'] as const;

export type ReviewOutcome = (typeof REVIEW_OUTCOMES)[number];

/** The look that others take at access taken by break-glass. */
export type Review = {
  id: string;
  grantId: string;
  requestId: string;
  /** Who took the access. */
  personId: string;
  state: 'open' | 'closed';
  withinMs: number;
  openedAt: Date;
  dueAt: Date;
  outcome: ReviewOutcome | null;
  note: string | null;
  reviewerId: string | null;
  closedAt: Date | null;
  /** How often reviewers were reminded; each time waits twice as long as the one before. */
  reminders: number;
  nextReminderAt: Date;
  /** When admins were notified that it is overdue. */
  escalatedAt: Date | null;
  /** An admin said that this review, though overdue, does not block further break-glass. */
  waivedAt: Date | null;
  waivedBy: string | null;
};
