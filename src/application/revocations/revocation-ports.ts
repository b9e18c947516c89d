/** The part of the ports that ends much at once: everything of a person, of a target, or all. */
import type { Grant } from '../../domain/grants/grant.ts';
import type { Person } from '../../domain/principals/person.ts';
import type { Principal } from '../../domain/principals/principal.ts';
import type { Request } from '../../domain/requests/request.ts';

/** null is everybody, and every target. */
export type RevocationScope = { personId: string | null; targets: string[] | null };

export type Revocation = RevocationScope & {
  id: string;
  byPersonId: string;
  reason: string | null;
  createdAt: Date;
  /** When nothing of it was left; null while something is. */
  finishedAt: Date | null;
  /** Pending requests that were cancelled, and pre-approvals that were taken back. */
  requests: number;
  preApprovals: number;
};

/** One grant of a revocation that does not end yet. */
export type RevocationStuck = {
  grantId: string;
  target: string;
  role: string;
  grantee: Principal;
  lastError: string | null;
};

/** Its state as the database has it now; what a message shows. */
export type RevocationView = Revocation & {
  by: Person;
  person: Person | null;
  closed: number;
  alreadyAbsent: number;
  /** Not confirmed closed yet, the stuck ones among them. */
  ending: number;
  stuck: RevocationStuck[];
  stuckCount: number;
  now: Date;
};

/** What a revocation would end now. `startsLater` are among the grants. */
export type Revocable = {
  grants: number;
  startsLater: number;
  requests: number;
  preApprovals: number;
  /** Where any of it is. */
  targets: string[];
  /** Some of the grants, soonest end last. */
  some: { grantId: string; target: string; role: string; grantee: Principal; startsAt: Date | null }[];
};

export type RevocationReads = {
  revocable(scope: RevocationScope, limit: number): Promise<Revocable>;
  revocation(id: string): Promise<RevocationView | null>;
  /** Those that may still have something to end: not finished, or begun less than `withinMs` ago. */
  openRevocationIds(withinMs: number): Promise<string[]>;
};

/** `isHeld`: somebody is making it right now, and lets go of it when done. */
export type LiveGrant = { grant: Grant; isHeld: boolean };

export type RevocationWrites = {
  insert(revocation: RevocationScope & Pick<Revocation, 'id' | 'byPersonId' | 'reason'>): Promise<void>;
  find(id: string): Promise<Revocation | null>;
  /** Takes back what was allowed to or by the person, or in the targets; gives what it was. */
  withdrawAllPreApprovals(
    revocation: RevocationScope & Pick<Revocation, 'byPersonId'>,
  ): Promise<{ id: string; personId: string; byPersonId: string; target: string; role: string }[]>;
  /** Locks pending requests of its scope that were made before it. */
  lockPending(revocation: Revocation, limit: number): Promise<Request[]>;
  /** Locks grants of its scope that are activating or active, and whose request is older than it. */
  lockLive(revocation: Revocation, limit: number): Promise<LiveGrant[]>;
  /** Puts those that `lockLive` gave into ending, and holds those that nobody holds for `leaseMs`. */
  setEnding(revocation: Revocation, ids: string[], leaseMs: number): Promise<void>;
  /** Counts what is being ended anyway as part of it. */
  adoptEnding(revocation: Revocation): Promise<void>;
  count(id: string, counted: { requests: number; preApprovals: number }): Promise<void>;
  /** False when some of its grants have not ended, or it was finished before. */
  finish(id: string): Promise<boolean>;
  /** Something was found after all. */
  reopen(id: string): Promise<void>;
};
