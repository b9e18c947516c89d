/** The nouns of Latchkey, as every layer sees them. Times are `Date`; durations are milliseconds and say so in their name. */
import type { ExtensionState, GrantState, RequestState } from './lifecycle.ts';

/** One human, bound to a Slack user id and team id. `id` is `<teamId>:<userId>`. */
export type Person = {
  id: string;
  teamId: string;
  userId: string;
  name: string;
  email: string | null;
  timezone: string | null;
  isActive: boolean;
};

/** One requirement of a rule as it was when the request was judged: this many people from these sources. */
export type Requirement = {
  /** What the rule said, for people: `owners`, `sre`. */
  label: string;
  /** Expanded: group names, person references (email or Slack id), or `manager`. */
  from: Source[];
  /** Who may fill it too, and is neither pinged nor written to. Left out where nobody. */
  also?: Source[];
  count: number;
};

export type Source = { kind: 'group'; name: string } | { kind: 'person'; ref: string } | { kind: 'manager' };

/** An approver made the ask smaller. `by` is who, `at` when; `before` and `after` are roles of the same target. */
export type RequestChange = {
  byPersonId: string;
  /** ISO. */
  at: string;
  before: { role: string; durationMs: number };
  after: { role: string; durationMs: number };
  note: string | null;
};

export type Request = {
  id: string;
  requesterId: string;
  target: string;
  role: string;
  durationMs: number;
  reason: string;
  ticket: string | null;
  /** Access was taken first; a review follows. */
  isBreakGlass: boolean;
  /** When the access should begin; null is as soon as it is approved. */
  startsAt: Date | null;
  /** The incident in whose channel it was asked. */
  incidentId: string | null;
  state: RequestState;
  /** The rule that decides, or null where no rule matched. */
  rule: string | null;
  policySha256: string;
  requirements: Requirement[];
  isInOrder: boolean;
  /** Raised by each change of the request, its votes or its grant; messages are redrawn when it moves. */
  version: number;
  createdAt: Date;
  lapsesAt: Date;
  decidedAt: Date | null;
  /** First pause before approvers are reminded, doubling after each; null is never. */
  remindMs: number | null;
  reminders: number;
  nextReminderAt: Date | null;
  /** After this long without a vote, `escalateTo` may vote too. */
  escalateAfterMs: number | null;
  escalateTo: Source | null;
  escalateAt: Date | null;
  escalatedAt: Date | null;
  /** Who first wanted to talk about it. */
  discussedBy: string | null;
  /** When it was found that nobody who may approve could be told. */
  unreachableAt: Date | null;
  /** Who cancelled it, where that was not the requester; with a reason and nobody it was Latchkey. */
  cancelledBy: string | null;
  cancelReason: string | null;
  changes: RequestChange[];
  /** The grant that should last longer; null for access of its own. `durationMs` is then its whole time, from its start to its new end. */
  extendsGrantId: string | null;
  /** How much later that grant should end. */
  extendsByMs: number | null;
};

export type VoteKind = 'approve' | 'deny';

export type Vote = {
  requestId: string;
  voterId: string;
  kind: VoteKind;
  reason: string | null;
  createdAt: Date;
  /** The absent person by whose right the voter voted; null for their own. */
  inSteadOf: string | null;
};

/** Somebody who is away. `delegate` votes by their right meanwhile; nobody may vote for the delegate in turn. */
export type Absence = { personId: string; until: Date; delegate: Person | null };

export type Decision = {
  id: string;
  requestId: string;
  outcome: 'approved' | 'denied';
  rule: string | null;
  policySha256: string;
  /** Who made it: the last voter, or null for a rule that approves by itself. */
  byPersonId: string | null;
  reason: string | null;
  decidedAt: Date;
};

export const END_CAUSES = [
  'expired',
  'done',
  'revoked',
  'abandoned',
  'cancelled',
  'not_started',
  'incident_closed',
] as const;
/**
 * Why a grant ended: its deadline, its owner, an admin or owner of the target, an activation that was given up, before a
 * future start its owner or the policy of that moment, or the end of the incident it was given for.
 */
export type EndCause = (typeof END_CAUSES)[number];

export const END_OUTCOMES = ['removed', 'already_absent', 'still_held'] as const;
/** How the end was found: we removed it, it was no longer there when we came, or another live grant holds the same access. */
export type EndOutcome = (typeof END_OUTCOMES)[number];

export const REVIEW_OUTCOMES = ['justified', 'not_justified'] as const;
export type ReviewOutcome = (typeof REVIEW_OUTCOMES)[number];

/** The look that others take at access taken by break-glass. */
export type Review = {
  id: string;
  grantId: string;
  requestId: string;
  /** Who took the access. */
  personId: string;
  state: 'open' | 'closed';
  withinMs: number;
  openedAt: Date;
  dueAt: Date;
  outcome: ReviewOutcome | null;
  note: string | null;
  reviewerId: string | null;
  closedAt: Date | null;
  /** How often reviewers were reminded; each time waits twice as long as the one before. */
  reminders: number;
  nextReminderAt: Date;
  /** When admins were told that it is overdue. */
  escalatedAt: Date | null;
  /** An admin said that this review, though overdue, does not block further break-glass. */
  waivedAt: Date | null;
  waivedBy: string | null;
};

/** One approver's yes, given before it is asked for: it stands in for their vote until it expires or is taken back. */
export type Allowance = {
  id: string;
  /** Whom it lets in. */
  personId: string;
  target: string;
  role: string;
  /** Who gave it. */
  byPersonId: string;
  createdAt: Date;
  expiresAt: Date;
  revokedAt: Date | null;
  revokedBy: string | null;
};

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export type Grant = {
  id: string;
  requestId: string;
  decisionId: string;
  personId: string;
  target: string;
  role: string;
  provider: string;
  scope: Json;
  handle: Json | null;
  state: GrantState;
  durationMs: number;
  /** Not before this; null is at once. */
  startsAt: Date | null;
  /** Stored before the target is touched; moved forward when the access became usable, and by each extension that the target confirmed. */
  expiresAt: Date;
  /** How often the end was moved by an extension. */
  extensions: number;
  /** When the person was warned of this end; null again once it was moved. */
  warnedAt: Date | null;
  activatedAt: Date | null;
  endingAt: Date | null;
  endedAt: Date | null;
  /** When what was first seen in use had begun, on our clock: at the latest the moment in which it was seen. */
  firstUsedAt: Date | null;
  /** Its target tells whether it is used; where it does not, nothing follows from its not having been seen. */
  isUseTold: boolean;
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

/** One move of a grant's end that was decided. The old end holds until the target has confirmed the new one. */
export type Extension = {
  /** The request that asked for it. */
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

export const INCIDENT_ORIGINS = [
  'created',
  'renamed',
  'unarchived',
  'invited',
  'command',
  'tool',
  'alert',
  'found',
] as const;
/** How Latchkey came to know of an incident; `found` is a look at the channels, after it was down or newly configured. */
export type IncidentOrigin = (typeof INCIDENT_ORIGINS)[number];

export const INCIDENT_CLOSE_CAUSES = ['archived', 'renamed', 'command', 'tool'] as const;
export type IncidentCloseCause = (typeof INCIDENT_CLOSE_CAUSES)[number];

/** An incident channel and the grants tied to it. A channel has at most one that is open. */
export type Incident = {
  id: string;
  teamId: string | null;
  channelId: string;
  channelName: string;
  topic: string;
  purpose: string;
  isPrivate: boolean;
  isArchived: boolean;
  /** Slack's `updated` of the newest state of the channel that was taken in; what is older changes nothing. 0 where Slack gave none. */
  channelUpdatedMs: number;
  /** `sev1`, `p2`; empty where it is not known. What is shown: also what was only found in the channel, which no rule believes. */
  severity: string;
  /** The severity in the words of a person who may open incidents: what the rules see. Null until one of them says it. */
  confirmedSeverity: string | null;
  confirmedSeverityAt: Date | null;
  state: 'open' | 'closed';
  /** Of the last opening; a reopened incident is the same one. */
  how: IncidentOrigin;
  openedAt: Date;
  openedBy: string | null;
  /** By whose word the rules take it for an incident: nobody's own channel lets them in. Null until somebody who may open one said so. */
  vouchedBy: string | null;
  vouchedAt: Date | null;
  /** Its name as a person who may open incidents confirmed or gave it: what the rules see. Null until then. */
  vouchedName: string | null;
  closedAt: Date | null;
  closedBy: string | null;
  closeCause: IncidentCloseCause | null;
  /** After the close, when what is tied to it ends; null where it runs on (`on_close: keep`). */
  endsAt: Date | null;
  /** When that was begun. */
  endedAt: Date | null;
  version: number;
};
