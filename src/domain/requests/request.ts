import type { RequestState } from '../lifecycle.ts';
import type { AccountBehind } from '../principals/ci-account.ts';
import type { ClientJob } from '../principals/client.ts';
import type { InTarget } from '../principals/in-target.ts';
import type { RequestOrigin } from './origin.ts';

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

/** An approver made the request smaller. `by` is who, `at` when; `before` and `after` are roles of the same target. */
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
  /** The incident in whose channel it was requested. */
  incidentId: string | null;
  state: RequestState;
  /** The rule that decides, or null where no rule matched. */
  rule: string | null;
  policySha256: string;
  requirements: Requirement[];
  isInOrder: boolean;
  /** Raised by each change of the request, its votes or its grant; messages are refreshed when it moves. */
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
  /** When it was found that nobody who may approve could be notified. */
  unreachableAt: Date | null;
  /** Who cancelled it, where that was not the requester; with a reason and nobody it was Latchkey. */
  cancelledBy: string | null;
  cancelReason: string | null;
  changes: RequestChange[];
  /** What the requester could leave in the target that no end takes back, in sentences: what approvers read, as last found there. */
  mayRemain: string[];
  /** Who the requester is in the target, as approvers read it; null where access there is in nobody's own name. */
  inTarget: InTarget | null;
  /** The grant that should last longer; null for access of its own. `durationMs` is then its whole time, from its start to its new end. */
  extendsGrantId: string | null;
  /** How much later that grant should end. */
  extendsByMs: number | null;
  /** Which job of the client requests; null for a person. */
  job: ClientJob | null;
  /** The people behind the job: Slack user ids, principal ids or addresses. None of them ever approves. */
  startedBy: string[];
  /** Accounts of the CI behind it, beside the one that started the job. */
  accounts: AccountBehind[];
  /** What made it, where neither a person nor a job did: a deployment that waits, or a pull request. */
  origin: RequestOrigin | null;
};
