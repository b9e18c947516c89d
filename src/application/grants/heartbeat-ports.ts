export type HeartbeatWrites = {
  /** It was heard now. */
  beat(grantId: string): Promise<void>;
  /** Jobs can be heard now. Where none could for `gapMs`, every job that was heard before counts as heard now. */
  hear(gapMs: number): Promise<void>;
  /** Takes up to `limit` grants that were heard, and not for this long; each is in no later answer. None while no process could hear. */
  takeSilent(times: { silentMs: number; gapMs: number }, limit: number): Promise<string[]>;
};
