/** The part of the ports that compares what was made with what exists in targets. */
import type { Difference, Found, Lookalike } from './drift-types.ts';
import type { Grant } from '../../domain/grants/grant.ts';
import type { Person } from '../../domain/principals/person.ts';
import type { Principal } from '../../domain/principals/principal.ts';

export const FINDING_KINDS = [
  'survived',
  'gone',
  'closed',
  'deadline',
  'wider',
  'narrower',
  'renamed',
  'unknown',
  'lookalike',
  'stray',
  'group',
  'prepared',
] as const;
/**
 * `survived`: there though its grant has ended. `gone`, `closed`: a live grant's access was removed or shut by hand. `deadline`,
 * `wider`, `narrower`: it is not as its grant says. `renamed`: under another name. `unknown`: marked as ours, of no grant of this
 * ledger. `lookalike`: named like ours, without our mark. `stray`: made by Latchkey's rights or those of a grant, and no grant explains it.
 * `group`: what is granted lets access be kept now, or was changed. `prepared`: a transaction that was left and keeps its locks.
 */
export type FindingKind = (typeof FINDING_KINDS)[number];

/** `key` distinguishes the findings of one target: the same fact found again is the same finding. `said` is a clause for admins. */
export type Drifted = { kind: FindingKind; key: string; name: string; grantId: string | null; said: string };

export type FindingState = 'open' | 'left' | 'repaired' | 'gone';
export type Finding = Drifted & {
  id: string;
  target: string;
  state: FindingState;
  batchId: string | null;
  /** Why the last repair failed. */
  error: string | null;
};

export type BatchState = 'asked' | 'ordered' | 'left' | 'done';
export type DriftBatch = { id: string; target: string; count: number; state: BatchState; decidedBy: Person | null };

/** `isBusy`: somebody is working on it, or its end is being moved; `isSettled`: it was active before the look began. */
export type LedgerEntry = { grant: Grant; grantee: Principal; isBusy: boolean; isSettled: boolean };

/** What the ledger says of one target: the grants looked up by id, and every active one. */
export type Ledger = { entries: Map<string, LedgerEntry>; liveCount: number };

export type DriftReads = {
  /** Takes the targets of these whose look is due and puts the next look of each off by about `everyMs`; one process gets each. */
  takeDriftTargets(targets: string[], everyMs: number): Promise<string[]>;
  ledgerOf(target: string, ids: string[], startedAt: Date): Promise<Ledger>;
  /** Of each access that has a handle and no grant any more: the last grant, where it ended since then and Latchkey took the access away. */
  lastEndedOf(
    target: string,
    of: { sinceMs: number; limit: number },
  ): Promise<Pick<LedgerEntry, 'grant' | 'grantee'>[]>;
  driftBatch(id: string): Promise<DriftBatch | null>;
  /** Batches that somebody ordered to be repaired. */
  orderedBatches(): Promise<DriftBatch[]>;
  findingsOf(batchId: string): Promise<Finding[]>;
};

export type DriftWrites = {
  /** Keeps what was found and forgets what is no longer so: those that are new, and all that stand. */
  record(target: string, found: (Drifted & { id: string })[]): Promise<{ fresh: Finding[]; standing: Finding[] }>;
  insertBatch(batch: { id: string; target: string; findingIds: string[] }): Promise<void>;
  lockBatch(id: string): Promise<DriftBatch | null>;
  /** False when it is not ordered, or somebody carries it out. */
  claimBatch(id: string, leaseMs: number): Promise<boolean>;
  setBatch(id: string, change: { state: BatchState; decidedBy?: string | null }): Promise<void>;
  setFindings(ids: string[], change: { state: FindingState; error?: string | null }): Promise<void>;
  /** Of those that still stand; `open` also takes them out of the batch. */
  setBatchFindings(batchId: string, state: 'open' | 'left'): Promise<void>;
  /** An entry under its grant's lock, for the moment before a repair. */
  lockEntry(grantId: string): Promise<Omit<LedgerEntry, 'isSettled'> | null>;
};

/** Of one target; null where its provider cannot report it. */
export type DriftAccess = {
  listOurs(target: string): Promise<{ ours: Found[]; lookalikes: Lookalike[] } | null>;
  differences(grant: Grant, found: Found): Difference[];
  /** Puts deadline and width back to what the grant says. */
  restore(grant: Grant, grantee: Principal): Promise<void>;
};
