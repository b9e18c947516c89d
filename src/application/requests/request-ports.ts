/** What the store takes of a request, and does with it in one transaction. */
import type { RequestState } from '../../domain/lifecycle.ts';
import type { Request, RequestChange } from '../../domain/requests/request.ts';
import type { Schedule } from '../decisions/schedule.ts';

/** What the database fills in by itself. */
type Filled =
  | 'createdAt'
  | 'decidedAt'
  | 'version'
  | 'lapsesAt'
  | 'reminders'
  | 'nextReminderAt'
  | 'escalateAt'
  | 'escalatedAt'
  | 'discussedBy'
  | 'unreachableAt'
  | 'cancelledBy'
  | 'cancelReason'
  | 'changes'
  | 'mayRemain'
  | 'inTarget';

type MoreTime = Pick<Request, 'extendsGrantId' | 'extendsByMs'>;
/** Left out where a person requests. */
type OfClient = Pick<Request, 'job' | 'startedBy' | 'accounts' | 'origin'>;

export type NewRequest = Omit<
  Request,
  Filled | keyof Schedule | keyof MoreTime | keyof OfClient | 'startsAt' | 'incidentId'
> &
  Partial<Schedule & MoreTime & OfClient & Pick<Request, 'startsAt' | 'incidentId' | 'mayRemain' | 'inTarget'>> & {
    /** One request is stored once: the view id, trigger id or client key that brought it. */
    idempotencyKey: string | null;
    clientKey?: string | null;
    pendingMs: number;
  };

export type RequestWrites = {
  /** `exists` with the stored request when the idempotency key was seen before. */
  insert(request: NewRequest): Promise<{ outcome: 'inserted' | 'exists'; request: Request }>;
  lock(id: string): Promise<Request | null>;
  /** Moves the state and raises the version. */
  setState(id: string, state: RequestState): Promise<void>;
  setRule(id: string, judged: Pick<Request, 'rule' | 'policySha256' | 'requirements' | 'isInOrder'>): Promise<void>;
  touch(id: string): Promise<void>;
  /** Raises the version. */
  setMayRemain(id: string, mayRemain: string[]): Promise<void>;
  /** Locks and returns pending requests for this role that say something else of what may remain. */
  lockWithOtherRemains(of: { target: string; role: string; mayRemain: string[] }): Promise<Request[]>;
  /** An approver made it smaller; the request is for this from now on. */
  makeSmaller(id: string, change: RequestChange): Promise<void>;
  /** Replaces what the rule says about reminders and escalation; what has happened stays, and the silence begins anew. */
  setSchedule(id: string, schedule: Schedule): Promise<void>;
  /** Somebody voted: the silence after which others are notified begins anew. */
  restartSilence(id: string): Promise<void>;
  /** Locks and returns pending requests whose approvers are to be reminded now, skipping those others hold. */
  lockToRemind(limit: number): Promise<Request[]>;
  /** Counts a reminder and sets the next one twice as far away, or none when the request expires before it. */
  setReminded(id: string): Promise<void>;
  /** Locks and returns pending requests that were silent for too long, skipping those others hold. */
  lockToEscalate(limit: number): Promise<Request[]>;
  setEscalated(id: string): Promise<void>;
  /** False when somebody did before. */
  setDiscussed(id: string, personId: string): Promise<boolean>;
  /** False when it was known before. */
  setUnreachable(id: string): Promise<boolean>;
  /** Says who cancelled it, where that was not the requester. */
  noteCancelled(id: string, note: { by: string | null; reason: string | null }): Promise<void>;
  /** Locks and returns pending requests on which this person voted. */
  lockVotedBy(personId: string): Promise<Request[]>;
  /** Makes the messages of everything that waits old, in one statement, oldest first up to a limit. @returns their ids */
  touchPending(limit: number): Promise<string[]>;
  /** Locks and returns pending requests whose time is over, skipping those others hold. */
  lockExpired(limit: number): Promise<Request[]>;
};
