/** What comes of a decision. */
import type { Requirement, Source } from '../requests/request.ts';

export type SkippedRule = {
  rule: string;
  line: number | null;
  why: 'no_match' | 'condition_false' | 'condition_error';
  detail: string;
};

type VerdictBase = { rule: string | null; passedOver: SkippedRule[]; capMs: number };

/** The outcome of deciding one request. `problems` are what the requester can fix (reason, ticket, duration); with any, nothing may be sent. */
export type Verdict = VerdictBase & { problems: RequestProblem[] } & (
    | { decision: 'deny'; code: 'denied_by_rule' | 'no_rule'; message: string }
    | { decision: 'approve'; code: 'approved_by_rule'; claimMs: number }
    | {
        decision: 'ask';
        code: 'approvals_needed';
        requirements: Requirement[];
        isInOrder: boolean;
        escalate: { afterMs: number; to: Source } | null;
        pendingMs: number;
        claimMs: number;
        remindMs: number;
      }
  );

export type RequestField = 'target' | 'role' | 'duration' | 'reason' | 'ticket';
export type RequestProblem = {
  field: RequestField;
  code:
    | 'unknown_target'
    | 'unknown_role'
    | 'duration_over_cap'
    | 'bad_duration'
    | 'reason_missing'
    | 'reason_too_short'
    | 'reason_too_long'
    | 'ticket_missing'
    | 'ticket_mismatch'
    | 'ticket_too_long';
  facts: Record<string, string | number>;
};
