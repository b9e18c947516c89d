/** What the store takes of a request when it is written. */
import type { AskRecord } from '../core/policy/past.ts';
import type { Request } from '../core/types.ts';

/** When approvers are reminded and others asked, as the rule says. */
export type Schedule = Pick<Request, 'remindMs' | 'escalateAfterMs' | 'escalateTo'>;

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
  | 'changes';

type MoreTime = Pick<Request, 'extendsGrantId' | 'extendsByMs'>;

export type NewRequest = Omit<Request, Filled | keyof Schedule | keyof MoreTime | 'startsAt' | 'incidentId'> &
  Partial<Schedule & MoreTime & Pick<Request, 'startsAt' | 'incidentId'>> & {
    /** One ask is stored once: the view id, trigger id or client key that brought it. */
    idempotencyKey: string | null;
    pendingMs: number;
  };

export type AskedThen = { requestId: string | null; requesterId: string; judgedAt: Date; record: AskRecord };
