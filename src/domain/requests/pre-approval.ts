import type { Person } from '../principals/person.ts';

/** One approver's yes, given before the request: it stands in for their vote until it expires or is taken back. */
export type PreApproval = {
  id: string;
  /** Whom it lets in. */
  personId: string;
  target: string;
  role: string;
  /** Who gave it. */
  byPersonId: string;
  createdAt: Date;
  expiresAt: Date;
  revokedAt: Date | null;
  revokedBy: string | null;
};

export type PreApprovalView = PreApproval & { person: Person; by: Person };
