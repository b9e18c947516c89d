/** Figures of a period, from the store. */
export type GrantFlow = { openAtStart: number; activated: number; ended: number; openAtEnd: number };

export type LogFacts = {
  /** Events up to the checkpoint, and those from before there was a tree. */
  events: number;
  beforeTree: number;
  firstSeq: number | null;
  lastSeq: number | null;
  checkpoints: { count: number; firstAt: string | null; lastAt: string | null; longestGapMs: number | null };
};
