export type HeartbeatWrites = {
  /** It was heard now. */
  beat(grantId: string): Promise<void>;
  /** Takes up to `limit` grants that were heard, and not for this long; each is in no later answer. */
  takeSilent(silentMs: number, limit: number): Promise<string[]>;
};
