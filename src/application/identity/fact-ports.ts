/** What was read of the directory in Slack, kept for all processes as long as it is proven to be so still. */

/** Keys: an account's id; an email address; the id and the name of the profile field; `all` for all user groups together. */
export type FactKind = 'user' | 'email' | 'manager' | 'user_groups';
export type FactName = { kind: FactKind; key: string };

export type Found = { version: string; isKnown: true } | { version: string; isKnown: false; value: unknown };

export type Facts = {
  /**
   * Null where it must be read: never read, changed since, or too old to be proven. `known` is a version that the caller has: its value is not
   * sent again.
   */
  find(teamId: string, name: FactName, known: string | null): Promise<Found | null>;
  /** `ageMs`: how long ago the call began that read it. An event that came since then wins. */
  keep(teamId: string, name: FactName, read: { value: unknown; ageMs: number }): Promise<void>;
  /** What was read of these before now no longer counts. */
  forget(teamId: string, names: readonly FactName[]): Promise<void>;
  /** The same for all that was read of this account, under its id or an email address. */
  forgetAccount(teamId: string, userId: string): Promise<void>;
};

/** Whether every event of Slack is heard by one process or another. */
export type EventStreams = {
  /** This process hears events; `isNew` since a moment ago. Called every few seconds. */
  alive(teamId: string, processId: string, isNew: boolean): Promise<void>;
  /** This process heard events until now, and some may have been lost with its connection. */
  lost(teamId: string, processId: string): Promise<void>;
};

/** Plans calls so that all processes together keep a rate limit. */
export type Pace = {
  /** Takes the next free moment, and gives the milliseconds until then: 0 while the burst lasts. */
  reserve(key: string, limit: { everyMs: number; burst: number }): Promise<number>;
};
