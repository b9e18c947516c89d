/** What was read of the directory in Slack and of on-call schedules, kept for all processes as long as it is proven to be so still. */

/**
 * Keys: an account's id; an email address; the id and the name of the profile field; `all` for all user groups together, and for the list of all
 * accounts; the name of the service and the schedule.
 */
export type FactKind = 'user' | 'email' | 'manager' | 'user_groups' | 'accounts' | 'on_call';
export type FactName = { kind: FactKind; key: string };

/**
 * How old it may be. `decision`: it is proven to be so still. `shown`: seconds. `crowded`: minutes, for what shows while decisions need what Slack
 * allows. `picture`: a day. Nothing is used of which an event said that it changed.
 */
export type FactUse = 'decision' | 'shown' | 'crowded' | 'picture';

/** `known` is a version that the caller has: its value is not sent again. */
export type WantedFact = FactName & { known: string | null; use: FactUse };
export type Found = { version: string; isKnown: true } | { version: string; isKnown: false; value: unknown };

/** Moments of the database's clock in microseconds. */
export type LookedFor = {
  /** Null where it must be read: never read, changed since, or too old to be proven. */
  found: Found | null;
  /** A call that begins now reads it as of now. */
  asOf: string;
  /** What a call that began before this reads does not count. */
  notBefore: string;
};

export type Facts = {
  /** In the order of what is wanted. */
  find(teamId: string, wanted: readonly WantedFact[]): Promise<LookedFor[]>;
  /** True where the caller is to read it. False while another does, whose claim ends after seconds, or when it keeps what it read. */
  claim(teamId: string, name: FactName): Promise<boolean>;
  /** It is being read still. */
  renew(teamId: string, name: FactName): Promise<void>;
  /** It could not be read: the next may try. */
  release(teamId: string, name: FactName): Promise<void>;
  /** `asOf`: from the look before the call. An event that came since then wins. */
  keep(teamId: string, read: readonly (FactName & { value: unknown })[], asOf: string): Promise<void>;
  /** What was read of these before now no longer counts. */
  forget(teamId: string, names: readonly FactName[]): Promise<void>;
  /** The same for all that was read of this account, under its id or an email address. */
  forgetAccount(teamId: string, userId: string): Promise<void>;
  /** When a user group last changed, in seconds, as Slack's list says it. */
  noteGroups(teamId: string, groups: readonly { groupId: string; updatedS: number }[]): Promise<void>;
  /** A change of a user group and the one before it. False where that one was not heard: then events were lost. */
  isNextOf(teamId: string, change: { groupId: string; previousS: number; updatedS: number }): Promise<boolean>;
  /** Events were lost or came late: nothing that was read before now counts, and for a while events prove nothing. */
  distrust(teamId: string): Promise<void>;
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
  /**
   * Takes the next free moment where that is within `mostMs`, and gives the milliseconds until then: 0 while the burst lasts. Else it takes none,
   * and gives the milliseconds until one may be free: a moment that nobody uses would be lost for all.
   */
  reserve(key: string, limit: { everyMs: number; burst: number; mostMs: number }): Promise<Reserved>;
  /**
   * Begins a call with this key, where no process is at one and the gap after the last is over: 0, or the milliseconds that are left of that.
   * It is over by itself after seconds, if its process dies.
   */
  begin(key: string): Promise<number>;
  /** Ends the call that was begun; the next begins no sooner than `gapMs` from now. */
  end(key: string, gapMs: number): Promise<void>;
};

export type Reserved = { isTaken: boolean; waitMs: number };
