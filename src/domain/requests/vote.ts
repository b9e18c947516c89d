import type { Person } from '../principals/person.ts';

export const VOTE_KINDS = ['approve', 'deny'] as const;

export type VoteKind = (typeof VOTE_KINDS)[number];

export type Vote = {
  requestId: string;
  voterId: string;
  kind: VoteKind;
  reason: string | null;
  createdAt: Date;
  /** The absent person by whose right the voter voted; null for their own. */
  inSteadOf: string | null;
};

/** Somebody who is away. `delegate` votes by their right meanwhile; nobody may vote for the delegate in turn. */
export type Absence = { personId: string; until: Date; delegate: Person | null };
