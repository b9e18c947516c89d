/** What a person can do after a refusal, as buttons: one table, so that no refusal is a dead end. */
import type { Button } from '@slack/types';
import { isDomainError } from '../domain/errors.ts';
import type { DomainError, ErrorCode } from '../domain/errors.ts';
import { sayButtons } from './messages/render/line-buttons.ts';
import type { Say } from './messages/render/line-buttons.ts';

const FORM = { line: 'form', label: 'Request access' };
const LIST = { line: 'list', label: 'Show my access' };
const DONE = { line: 'done', label: 'Give access back' };
const EXTEND = { line: 'extend', label: 'More time' };
const CANCEL = { line: 'cancel', label: 'Cancel a request' };
const REVIEW = { line: 'review', label: 'Show open reviews' };
const INCIDENT = { line: 'incident', label: 'Show the incident' };
const AWAY = { line: 'away', label: 'Show my absence' };
const KEY = { line: 'key', label: 'Show my public key' };
const PEOPLE = { line: 'people', label: 'Show addresses' };
const LINK = { line: 'link', label: 'Show my accounts' };
const HELP = { line: 'help', label: 'What can I do?' };

/** The help says what this person may do, where nothing nearer leads on. */
const STEPS: Record<ErrorCode, readonly Say[]> = {
  account_links_off: [HELP],
  account_needed: [LINK, HELP],
  account_own: [HELP],
  account_taken: [HELP],
  account_unknown: [HELP],
  account_on_hosts: [HELP],
  account_unproven: [HELP],
  approver_started_job: [HELP],
  overrider_started_job: [HELP],
  starter_unlinked: [LINK, HELP],
  unknown_client: [HELP],
  unknown_window: [HELP],
  window_used: [HELP],
  unknown_person: [HELP],
  inactive_person: [HELP],
  identity_unknown: [HELP],
  own_request: [HELP],
  not_an_approver: [HELP],
  stead_used: [HELP],
  change_nothing: [HELP],
  change_longer: [HELP],
  change_wider_role: [HELP],
  change_sensitive: [HELP],
  change_more_people: [HELP],
  change_denied: [HELP],
  change_unfit: [HELP],
  note_missing: [HELP],
  line_note_missing: [HELP],
  drift_not_found: [HELP],
  drift_decided: [HELP],
  unknown_role: [FORM, HELP],
  denied_by_rule: [FORM],
  no_rule: [FORM, LIST],
  nobody_can_approve: [FORM],
  target_unavailable: [LIST],
  retry_needless: [LIST],
  not_an_admin: [LIST],
  not_a_helper: [LIST],
  change_extension: [LIST],
  extend_with_incident: [LIST],
  delegate_self: [AWAY],
  delegate_unfit: [AWAY],
  person_unreadable: [HELP],
  own_review: [REVIEW],
  not_a_reviewer: [REVIEW],
  nothing_to_allow: [REVIEW],
  campaign_unknown: [REVIEW],
  own_line: [REVIEW],
  admins_only: [HELP],
  auditors_only: [HELP],
  not_a_revoker: [DONE, LIST],
  nothing_to_revoke: [LIST],
  own_pre_approval: [LIST],
  pre_approval_needless: [LIST],
  pre_approval_too_long: [LIST],
  not_your_pre_approval: [LIST],
  incidents_off: [FORM],
  incident_who: [INCIDENT, FORM],
  bad_severity: [INCIDENT],
  lookup_failed: [LIST],
  already_voted: [LIST],
  no_vote: [LIST],
  unknown_target: [FORM],
  bad_duration: [FORM],
  duration_over_cap: [FORM],
  reason_missing: [FORM],
  reason_too_short: [FORM],
  reason_too_long: [FORM],
  ticket_missing: [FORM],
  ticket_mismatch: [FORM],
  ticket_too_long: [FORM],
  open_requests_reached: [CANCEL, LIST],
  live_grants_reached: [DONE, EXTEND],
  request_not_found: [LIST],
  grant_not_found: [LIST],
  ambiguous_id: [LIST],
  not_your_request: [LIST],
  not_your_grant: [LIST],
  already_decided: [LIST],
  request_changed: [LIST],
  already_cancelled: [FORM],
  already_lapsed: [FORM],
  already_started: [DONE],
  bad_transition: [LIST],
  conflict: [LIST],
  extend_at_cap: [FORM],
  extend_ended: [FORM],
  extend_stale: [LIST],
  extend_pending: [LIST],
  extend_over_cap: [EXTEND],
  grant_not_live: [LIST, FORM],
  credentials_gone: [DONE, FORM],
  public_key_missing: [KEY],
  bad_public_key: [KEY],
  absence_unreadable: [AWAY],
  absence_past: [AWAY],
  absence_too_long: [AWAY],
  absence_none: [AWAY],
  break_glass_off: [FORM],
  break_glass_role: [FORM],
  break_glass_who: [FORM],
  frozen_not_found: [HELP],
  frozen_over: [LIST],
  override_own: [HELP],
  override_unlinked: [LINK, HELP],
  override_changed: [HELP],
  override_who: [HELP],
  override_cause: [HELP],
  override_blocked: [REVIEW],
  break_glass_blocked: [FORM],
  review_not_found: [REVIEW],
  review_closed: [REVIEW],
  line_not_found: [REVIEW],
  line_decided: [REVIEW],
  start_in_past: [FORM],
  start_too_far: [FORM],
  zone_mismatch: [FORM],
  day_unclear: [FORM],
  alert_not_found: [FORM],
  alert_resolved: [FORM],
  alert_not_automatic: [FORM],
  pre_approval_not_found: [LIST],
  incident_not_found: [INCIDENT],
  incident_closed: [INCIDENT, FORM],
  keep_needless: [LIST],
  keep_too_late: [FORM],
  keep_denied: [FORM],
  address_not_theirs: [PEOPLE],
  address_shared: [PEOPLE],
  own_address: [PEOPLE],
};

const text = (value: unknown): string | null =>
  typeof value === 'string' && /^[\w.-]{1,100}$/.test(value) ? value : null;

/** Where the target is known, what there is about it. */
const stepsAbout = ({ code, facts }: DomainError): readonly Say[] | null => {
  const target = text(facts['target']);
  if (target === null || (code !== 'unknown_role' && code !== 'not_an_admin' && code !== 'not_a_helper')) return null;
  return [{ line: `who ${target}`, label: `Who may what in ${target}` }];
};

export const nextSteps = (error: DomainError): Button[] => sayButtons(stepsAbout(error) ?? STEPS[error.code]);

/** After any failure; of one that nobody foresaw there are none. */
export const stepsAfter = (error: unknown): Button[] => (isDomainError(error) ? nextSteps(error) : []);
