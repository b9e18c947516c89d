/** Requests that were made for a client before any job of it began: of a gate, a pull request, a window or an alert. A job takes one over. */
import type { AccountBehind } from '../../domain/principals/ci-account.ts';
import type { ClientJob } from '../../domain/principals/client.ts';
import type { RequestOrigin } from '../../domain/requests/origin.ts';
import type { Request } from '../../domain/requests/request.ts';

/** `windowEndsAt`: when the window that it is for ends; null for any other. */
type PreparedGrant = { isClaimed: boolean; windowEndsAt: Date | null };

export type PreparedWrites = {
  /** Raises the version. */
  setOrigin(
    requestId: string,
    set: { origin: RequestOrigin; startedBy: string[]; accounts: AccountBehind[]; job: ClientJob | null },
  ): Promise<void>;
  /** Null where its requester made the request. */
  ofGrant(grantId: string): Promise<PreparedGrant | null>;
};

export type PreparedReads = {
  /** Of this client for this role, newest first. */
  prepared(of: { clientId: string; target: string; role: string }): Promise<Request[]>;
  preparedGrant(grantId: string): Promise<PreparedGrant | null>;
};
