/** Grants as one transaction reads and writes them. */
import type { EndCause, EndOutcome } from '../../domain/grants/end-cause.ts';
import type { Grant } from '../../domain/grants/grant.ts';
import type { Json } from '../../domain/json.ts';
import type { ReportsUsage } from './usage-ports.ts';

export type GrantWrites = {
  insert(
    grant: Pick<
      Grant,
      'id' | 'requestId' | 'decisionId' | 'granteeId' | 'target' | 'role' | 'provider' | 'scope' | 'durationMs'
    > &
      Partial<Pick<Grant, 'startsAt' | 'claimMs'>>,
  ): Promise<void>;
  lock(id: string): Promise<Grant | null>;
  /** Takes the grant for one process for `leaseMs`; moves the deadline to now + duration while it is not active yet. */
  claim(id: string, leaseMs: number, deadlineMs: number | null): Promise<void>;
  isLeased(id: string): Promise<boolean>;
  /** `over`: an attempt began and never said how it went. */
  leaseOf(id: string): Promise<'none' | 'live' | 'over'>;
  setActive(id: string, handle: Json, use?: ReportsUsage): Promise<{ expiresAt: Date }>;
  /** A new end that the target has confirmed; `durationMs` is the whole time. Only of an active grant. */
  setExtended(id: string, end: Pick<Grant, 'expiresAt' | 'durationMs'>): Promise<void>;
  /** Marks up to `limit` active grants whose warning is due as warned of the end they have now; gives their requests. */
  warnDue(limit: number): Promise<{ requestId: string }[]>;
  setFailed(id: string, error: string): Promise<void>;
  setEnding(id: string, end: { cause: EndCause; by: string | null; reason: string | null }): Promise<void>;
  /** Records a failed attempt, releases the lease, and says when to try again. */
  setRetry(
    id: string,
    failure: { kind: string | null; message: string },
    retryInMs: number,
  ): Promise<{ attempts: number; nextAttemptAt: Date }>;
  /** When it is looked at next; nothing else changes. */
  setNextAttempt(id: string, inMs: number): Promise<void>;
  /** Of a grant that is not set up yet: what is about to be given, and whether the person had it before. */
  setFound(id: string, found: { handle: Json; hadAlready: boolean }): Promise<void>;
  /** Of a grant that is not set up yet. */
  setScope(id: string, scope: Json): Promise<void>;
  /** Locks up to `limit` active grants whose deadline has passed by the database clock, skipping those others hold. */
  lockDue(limit: number): Promise<Grant[]>;
  /** Locks these, in one order, no matter who calls. */
  lockMany(ids: string[]): Promise<Grant[]>;
  /** Active grants that `lockDue` gave, into ending for cause `expired`, and held by the caller for `leaseMs`. */
  expireMany(ids: string[], leaseMs: number): Promise<void>;
  /** Active or activating ones that the caller locked, into ending; the active ones held by the caller for `leaseMs`. */
  endMany(ids: string[], end: { cause: EndCause; leaseMs: number }): Promise<void>;
  /** Ending grants that `lockMany` gave, into closed; held by no process any more. `endOutcome`: where nothing was there any more. */
  setClosedMany(ids: string[], endOutcome: 'already_absent' | null): Promise<void>;
  /** Closed grants that `lockMany` gave, into removed. */
  setRemovedMany(ids: string[], outcome: EndOutcome): Promise<void>;
  /**
   * Takes closed grants that nobody holds and whose next attempt is due for `leaseMs`: these, or up to `limit` in whose target nothing is
   * being closed at this moment.
   */
  claimClosed(of: { ids: string[] } | { limit: number }, leaseMs: number): Promise<string[]>;
  /** Activating or ending grants that nobody holds and whose next attempt is due. */
  listStalled(limit: number): Promise<Grant[]>;
};
