/**
 * Everything a use case can refuse. The code is the contract: each channel (Slack, CLI, HTTP) turns it into words in one place.
 * `facts` hold what those words need; never a secret.
 */
export const ERROR_CODES = [
  'unknown_person',
  'inactive_person',
  'unknown_target',
  'unknown_role',
  'bad_duration',
  'duration_over_cap',
  'reason_missing',
  'reason_too_short',
  'reason_too_long',
  'ticket_missing',
  'ticket_mismatch',
  'ticket_too_long',
  'denied_by_rule',
  'no_rule',
  'nobody_can_approve',
  'target_unavailable',
  'request_not_found',
  'grant_not_found',
  'ambiguous_id',
  'own_request',
  'not_an_approver',
  'not_your_request',
  'not_your_grant',
  'not_an_admin',
  'already_voted',
  'stead_used',
  'change_nothing',
  'change_longer',
  'change_wider_role',
  'change_sensitive',
  'change_more_people',
  'change_denied',
  'change_unfit',
  'change_extension',
  'extend_over_cap',
  'extend_at_cap',
  'extend_pending',
  'extend_ended',
  'extend_stale',
  'extend_with_incident',
  'absence_unreadable',
  'absence_past',
  'absence_too_long',
  'absence_none',
  'delegate_self',
  'delegate_unfit',
  'person_unreadable',
  'already_decided',
  'already_cancelled',
  'already_lapsed',
  'grant_not_live',
  'credentials_gone',
  'lookup_failed',
  'bad_transition',
  'conflict',
  'own_address',
  'address_not_theirs',
  'address_shared',
  'break_glass_off',
  'break_glass_role',
  'break_glass_who',
  'break_glass_blocked',
  'review_not_found',
  'review_closed',
  'own_review',
  'not_a_reviewer',
  'note_missing',
  'nothing_to_allow',
  'admins_only',
  'start_in_past',
  'start_too_far',
  'already_started',
  'own_allowance',
  'allowance_needless',
  'allowance_too_long',
  'allowance_not_found',
  'alert_not_found',
  'alert_resolved',
  'alert_not_automatic',
  'not_your_allowance',
  'incidents_off',
  'incident_not_found',
  'incident_closed',
  'incident_who',
  'bad_severity',
  'keep_needless',
  'keep_too_late',
  'keep_denied',
  'not_a_revoker',
  'drift_not_found',
  'drift_decided',
  'nothing_to_revoke',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];
export type Facts = Record<string, unknown>;

export class DomainError extends Error {
  override readonly name = 'DomainError';
  readonly code: ErrorCode;
  readonly facts: Facts;
  constructor(code: ErrorCode, facts: Facts = {}, options?: ErrorOptions) {
    super(`${code} ${JSON.stringify(facts)}`, options);
    this.code = code;
    this.facts = facts;
  }
}

export const isDomainError = (error: unknown): error is DomainError => error instanceof DomainError;
