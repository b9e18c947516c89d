/** What use cases need of the store to move the ends of grants. */
import type { Extension } from '../../domain/grants/extension.ts';
import type { Grant } from '../../domain/grants/grant.ts';
import type { GrantState } from '../../domain/lifecycle.ts';
import type { Request } from '../../domain/requests/request.ts';

/** The request for more time for this grant that this delivery made, whatever became of it. */
export type ExtensionOfDelivery = (grantId: string, idempotencyKey: string) => Promise<{ requestId: string } | null>;

export type ExtensionReads = {
  extensionOfDelivery: ExtensionOfDelivery;
  extension(requestId: string): Promise<Extension | null>;
  /** Active grants of this person in this role, the one that ends last first. */
  activeGrants(of: Pick<Grant, 'granteeId' | 'target' | 'role'>): Promise<Grant[]>;
  /**
   * How many other grants in these states have the same handle in the same target; where a handle is not known yet, the same person and
   * scope. Those whose start lies ahead hold nothing. `areGivers`: only those whose person did not have it before.
   */
  countSharers(grant: Grant, states: readonly GrantState[], how?: { areGivers: boolean }): Promise<number>;
};

export type ExtensionWrites = {
  /** Decided: the end of `grantId` moves from `oldExpiresAt` to `newExpiresAt`. */
  insert(
    extension: Pick<Extension, 'requestId' | 'grantId' | 'decisionId' | 'oldExpiresAt' | 'newExpiresAt'>,
  ): Promise<void>;
  /** Null when nothing of this request is moving. Lock the grant first. */
  lockMoving(requestId: string): Promise<Extension | null>;
  /** Takes it for one process for `leaseMs`. False when somebody has it, or it is not due again yet. */
  claim(requestId: string, leaseMs: number): Promise<boolean>;
  setRetry(requestId: string, error: string, retryInMs: number): Promise<{ attempts: number; nextAttemptAt: Date }>;
  settle(requestId: string, to: { state: 'moved' | 'failed'; error: string | null }): Promise<void>;
  /** Requests whose move nobody works on, or whose grant is not active any more. */
  listStalled(limit: number): Promise<string[]>;
  /** The request of more time for this grant and is not settled yet: a pending request or a move that is under way. */
  findOpen(grantId: string): Promise<{ requestId: string; byMs: number } | null>;
  ofDelivery: ExtensionOfDelivery;
  /** Locks and returns pending requests for more time whose grant is not active any more, skipping those others hold. */
  lockOrphans(limit: number): Promise<Request[]>;
  /** Raises the version of the request that a grant came from, and gives its id. */
  touchGrant(grantId: string): Promise<string | null>;
  /** Raises the version of the settled requests for more time on grants that came from these requests, and gives their ids. */
  touchSettled(requestIds: readonly string[]): Promise<string[]>;
};
