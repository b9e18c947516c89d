/** The part of the ports that notes whether access that was given is used. */
import type { Grant } from '../../domain/grants/grant.ts';

/** `forMs`: for how long, by the target's clock; 0 where only that is known. */
export type InUse = { grantId: string; forMs: number };
export type OnInUse = (inUse: InUse) => void;

/** Whether the target of a grant reports whether it is used. */
export type ReportsUsage = Pick<Grant, 'reportsUsage'>;

export type UseReads = {
  /**
   * Takes those of these targets that hold active access which reports use and was not seen in use, and puts the next look of each off
   * by `everyMs`. One process gets each; a target in which nothing is left to see is not asked.
   */
  takeTargetsToSee(targets: string[], everyMs: number): Promise<string[]>;
};

export type UseWrites = {
  /** First seen in use now, `forMs` after that began. Gives those that were not seen before; what somebody else holds is left for the next look. */
  setUsed(seen: readonly InUse[]): Promise<Grant[]>;
};

export type UseAccess = {
  /** What is in use in this target at this moment; nothing where its provider cannot report it. */
  activity(target: string): Promise<InUse[]>;
};
