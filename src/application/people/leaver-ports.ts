/** The part of the ports that knows whose accounts matter, and takes those who left out of everything that waits. */
import type { Person } from '../../domain/principals/person.ts';
import type { Request } from '../../domain/requests/request.ts';

/** `misses`: how often in a row Slack did not know the account as a full member. */
export type AccountCheck = { person: Person; misses: number };

export type LeaverWrites = {
  /** Of people with live access, requests or votes that wait, pre-approvals or absences: those not checked for `everyMs`, which are put off by it. */
  takeChecks(limit: number, everyMs: number): Promise<AccountCheck[]>;
  noteCheck(personId: string, note: { misses: number; nextInMs: number | null }): Promise<void>;
  setInactive(personId: string): Promise<void>;
  /** Locks the person's own pending requests. */
  lockOwnPending(personId: string): Promise<Request[]>;
  /** Pre-approvals to and by the person; revoked by nobody. */
  withdrawAllPreApprovals(personId: string): Promise<{ id: string; target: string; role: string }[]>;
  /** Absences of the person end; those that named them as stand-in name nobody. Says how many. */
  voidAbsences(personId: string): Promise<number>;
};
