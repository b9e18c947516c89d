import type { ExtensionState } from '../lifecycle.ts';

/** One move of a grant's end that was decided. The old end holds until the target has confirmed the new one. */
export type Extension = {
  /** The request for it. */
  requestId: string;
  grantId: string;
  decisionId: string;
  state: ExtensionState;
  oldExpiresAt: Date;
  newExpiresAt: Date;
  attempts: number;
  nextAttemptAt: Date;
  /** Why it failed, or why it is not done yet: a scrubbed sentence. */
  error: string | null;
  createdAt: Date;
  settledAt: Date | null;
};

/** `isDecided`: it was agreed to, and the target has not confirmed it yet. */
export type MoreTimeRequested = { requestId: string; byMs: number; isDecided: boolean };
