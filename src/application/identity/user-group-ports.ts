/** The part of the ports that knows which Slack user group had a handle first. */

export type HeldHandle = { handle: string; groupId: string };

/** The same for every process; a handle is never bound anew. */
export type HandleBindings = {
  /** Gives the group that the handle was first seen at, which may be this one. Where it is another, admins are notified once. */
  bind(teamId: string, held: HeldHandle): Promise<string>;
};

export type HandleReads = {
  /** The group that the handle was first seen at; null where it was not seen yet. */
  groupOfHandle(teamId: string, handle: string): Promise<string | null>;
};

export type HandleWrites = {
  /** Binds a handle that is not bound, and gives the group that it is bound to. */
  bind(teamId: string, held: HeldHandle): Promise<string>;
  /** True the first time that this group is found at the handle. */
  markNotified(teamId: string, held: HeldHandle): Promise<boolean>;
  /** Handle -> group id, of those that are bound in the team of this person. */
  boundFor(personId: string, handles: readonly string[]): Promise<Map<string, string>>;
};
