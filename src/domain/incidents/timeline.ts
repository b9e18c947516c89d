/** What is kept of an incident afterwards: who had what, when, why, who agreed, and how it ended. Made of what was stored; says what is not known. */
import type { EventType } from '../audit/events.ts';
import type { Review } from '../break-glass/follow-up.ts';
import type { Grant } from '../grants/grant.ts';
import type { Json } from '../json.ts';
import type { ClientJob } from '../principals/client.ts';
import type { Person } from '../principals/person.ts';
import type { Principal } from '../principals/principal.ts';
import type { Requester } from '../principals/requester.ts';
import type { Decision } from '../requests/decision.ts';
import type { Request } from '../requests/request.ts';
import type { Vote } from '../requests/vote.ts';
import type { Incident } from './incident.ts';

/** `client`: of a machine that requested, its issuer and the job; left out for people. */
export type TimelinePerson = {
  id: string;
  name: string;
  email: string | null;
  client?: { issuer: string; job: ClientJob };
};

/** One request and what came of it. Times are ISO in UTC; null is "did not happen" unless said otherwise. */
export type TimelineAccess = {
  requestId: string;
  grantId: string | null;
  who: TimelinePerson;
  target: string;
  role: string;
  reason: string;
  ticket: string | null;
  isBreakGlass: boolean;
  askedAt: string;
  askedForMs: number;
  outcome: 'waiting' | 'denied' | 'cancelled' | 'lapsed' | 'failed' | 'preparing' | 'live' | 'ending' | 'ended';
  decidedAt: string | null;
  /** `break-glass` where it needed no approver; null where no rule matched. */
  rule: string | null;
  policySha256: string;
  /** Who made the decision; null is the rule itself. */
  decidedBy: TimelinePerson | null;
  decisionNote: string | null;
  votes: {
    by: TimelinePerson;
    kind: 'approve' | 'deny';
    at: string;
    reason: string | null;
    inSteadOf: string | null;
  }[];
  startedAt: string | null;
  /** When its owner first looked at the credentials. */
  credentialsShownAt: string | null;
  /**
   * When what was first seen in use had begun. Null: not seen in use where `isUseTold`, which is not the same as not used; otherwise
   * not known, since its target does not report it.
   */
  firstUsedAt: string | null;
  isUseTold: boolean;
  expiresAt: string | null;
  endedAt: string | null;
  endCause: string | null;
  endedBy: TimelinePerson | null;
  endReason: string | null;
  /** What was found when it was taken away. */
  endOutcome: string | null;
  /** Its owner kept it beyond the close. */
  isKept: boolean;
  review: { outcome: string | null; note: string | null } | null;
  /** A freeze denied it, and a person overrode that for it. */
  override?: { by: string; freezes: string[]; reason: string };
};

export type TimelineEvent = {
  at: string;
  what: string;
  who: string | null;
  detail: string | null;
  requestId: string | null;
};

export type Timeline = {
  version: 1;
  madeAt: string;
  incident: {
    id: string;
    channelId: string;
    channelName: string;
    topic: string;
    severity: string;
    state: Incident['state'];
    openedAt: string;
    openedBy: TimelinePerson | null;
    how: string;
    /** By whose word the rules took it for an incident. */
    confirmedBy: TimelinePerson | null;
    closedAt: string | null;
    closedBy: TimelinePerson | null;
    closeCause: string | null;
    accessEndedAt: string | null;
  };
  access: TimelineAccess[];
  /** Oldest first. */
  events: TimelineEvent[];
};

export type Tied = {
  request: Request;
  requester: Requester;
  votes: readonly (Vote & { voter: Person })[];
  decision: Decision | null;
  decidedBy: Person | null;
  grant: Grant | null;
  endedBy: Principal | null;
  review: Review | null;
};

export type TimelineInput = {
  now: Date;
  incident: Incident;
  openedBy: Person | null;
  closedBy: Person | null;
  confirmedBy: Person | null;
  requests: readonly Tied[];
  history: readonly { type: EventType; at: Date; by: Person | null; data: { [key: string]: Json } }[];
  /** By grant. */
  shownAt: ReadonlyMap<string, Date>;
};
