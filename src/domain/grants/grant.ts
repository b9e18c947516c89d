import type { Json } from '../json.ts';
import type { GrantState } from '../lifecycle.ts';
import type { EndCause, EndOutcome } from './end-cause.ts';

export type Grant = {
  id: string;
  requestId: string;
  decisionId: string;
  granteeId: string;
  target: string;
  role: string;
  provider: string;
  scope: Json;
  handle: Json | null;
  /** The person had the same in the target before Latchkey gave it, so its end takes nothing away. */
  hadAlready: boolean;
  state: GrantState;
  durationMs: number;
  /** Not before this; null is at once. */
  startsAt: Date | null;
  /** How long the approval may be used, as the rule or the policy said when it was approved; null where that was not stored. */
  claimMs: number | null;
  /** Stored before the target is touched; moved forward when the access became usable, and by each extension that the target confirmed. */
  expiresAt: Date;
  /** How often the end was moved by an extension. */
  extensions: number;
  /** When the person was warned of this end; null again once it was moved. */
  warnedAt: Date | null;
  activatedAt: Date | null;
  endingAt: Date | null;
  /** When it ended: nobody can get in and no session is left, read back in the target. */
  closedAt: Date | null;
  /** When the absence of what had been made was read back. */
  removedAt: Date | null;
  /** When what was first seen in use had begun, on our clock: at the latest the moment in which it was seen. */
  firstUsedAt: Date | null;
  /** Its target reports whether it is used; where it does not, nothing follows from its not having been seen. */
  reportsUsage: boolean;
  endCause: EndCause | null;
  endedBy: string | null;
  endReason: string | null;
  endOutcome: EndOutcome | null;
  /** When its owner chose to keep it beyond the close of its incident. It holds for a close before it, and for no later one. */
  keptAt: Date | null;
  attempts: number;
  nextAttemptAt: Date | null;
  /** Error kind and a scrubbed sentence of the last failure; never a secret. */
  lastError: string | null;
  /** Error kind of the last failure, as the provider's contract names it; null where there was none. */
  lastErrorKind: string | null;
  createdAt: Date;
};
