/** The part of the ports that keeps what lists of targets gave. */

/** `definition`: of where a list is read and what is used of it. */
export type ListId = { list: string; definition: string };

/** `rows` are opaque here: text that the policy is made from. */
export type ListContent = { rows: string; sha256: string };

export type ListState = ListId & { sha256: string | null; problem: string | null };

export type ListWrites = {
  /** True where it is due and no other process reads it now. */
  claim(id: ListId, everyMs: number): Promise<boolean>;
  /** Keeps what it gave; says since when it could not be read before that, or null. */
  put(id: ListId, content: ListContent): Promise<{ failingSince: Date | null }>;
  /** Keeps why it could not be read; true where it could before. */
  fail(id: ListId, problem: string): Promise<boolean>;
};

export type ListReads = {
  /** Targets with access that is live, and the policy that each was decided under. */
  liveTargets(): Promise<{ target: string; policy: string }[]>;
  policySource(sha256: string): Promise<string | null>;
  lists(): Promise<ListState[]>;
  /** What it gave last by this definition. */
  listRows(id: ListId): Promise<string | null>;
};
