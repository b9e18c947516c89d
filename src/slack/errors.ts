/** What a refused click, command or form says. One sentence per code: what is wrong, and what to do. */
import { ACCOUNT_SENTENCES } from './account-sentences.ts';
import type { RequestProblem } from '../domain/policy/types.ts';
import { formatDuration } from '../domain/time/durations.ts';
import { isDomainError } from '../domain/errors.ts';
import type { DomainError, ErrorCode, Facts } from '../domain/errors.ts';
import type { FreezeOverride } from '../application/requests/request-types.ts';
import { newId } from '../lib/ids.ts';
import type { Log } from '../lib/log.ts';
import { slackFailureOf } from './connection/client.ts';
import { FIELD_ERROR_MAX } from './messages/render/limits.ts';
import { date, inline, plain, sentenceList, unescape } from './messages/render/text.ts';

const SHOWN_MAX = 200;
const TRY_LATER = 'Nothing was changed; try again in a moment.';

const words = (facts: Facts, key: string): string | null => {
  const value = facts[key];
  if (typeof value === 'string' && value) return inline(value, SHOWN_MAX);
  return typeof value === 'number' ? String(value) : null;
};

const list = (facts: Facts, key: string): string[] => {
  const value = facts[key];
  return Array.isArray(value)
    ? value.filter((item) => typeof item === 'string').map((item) => inline(item, SHOWN_MAX))
    : [];
};

const duration = (facts: Facts, key: string): string | null => {
  const value = facts[key];
  return typeof value === 'number' ? formatDuration(value) : null;
};

const named = (facts: Facts, key: string, noun: string): string => {
  const name = words(facts, key);
  return name ? `${noun} \`${name.replace(/`/g, "'")}\`` : `that ${noun}`;
};

const alreadyDecided = (facts: Facts): string => {
  const by = words(facts, 'by');
  const state = words(facts, 'state') ?? 'decided';
  return by
    ? `This was already ${state} by ${by}. Your click changed nothing.`
    : `This was already ${state}. Your click changed nothing.`;
};

const nobody = (facts: Facts): string => {
  const label = words(facts, 'label');
  if (facts.isOnlyRequester === true) {
    return `You are the only approver${label ? ` (${label})` : ''}, and you cannot approve your own request. Ask an admin to add another approver.`;
  }
  const count = words(facts, 'count');
  const have = words(facts, 'have');
  const need = label ? ` The rule needs ${count ?? 'one'} of ${label}${have ? `, and has ${have}` : ''}.` : '';
  const conflicts = list(facts, 'conflicts');
  const why =
    conflicts.length > 0 ? ` ${sentenceCase(conflicts.join('; '))}. An admin can confirm whose address it is.` : '';
  return `There is no approver now, so it was not sent.${need}${why || ' Ask an admin to add an approver.'}`;
};

const deniedByRule = (facts: Facts): string => {
  const rule = words(facts, 'rule');
  const message = words(facts, 'message');
  const who = rule ? `Rule “${rule}” says no` : 'A rule says no';
  if (!message) return `${who}.`;
  return `${who}: ${message}${/[.!?…]$/.test(message) ? '' : '.'}`;
};

const ABSENCE_EXAMPLES =
  'Write it like `/prod-access away until Friday @omar`, `away 3d @omar`, `away until 2026-12-24` or `away until tomorrow 14:00`.';

const sentenceCase = (sentence: string): string => sentence.charAt(0).toUpperCase() + sentence.slice(1);

const deniedOrNoRule = (facts: Facts): string =>
  facts.code === 'no_rule' ? 'No rule of the policy covers it.' : deniedByRule(facts);

type Held = Record<string, unknown>;

const held = (facts: Facts, key: string): Held[] => {
  const value = facts[key];
  return Array.isArray(value) ? value.filter((item): item is Held => typeof item === 'object' && item !== null) : [];
};

const heldLines = (items: Held[], id: string, until: string): string => {
  const lines = items.map((item) => {
    const [at, what] = [item[until], `${words(item, 'target') ?? ''}/${words(item, 'role') ?? ''}`];
    return `\`${words(item, id) ?? ''}\` ${what}${typeof at === 'string' ? `, until ${date(new Date(at), new Date())}` : ''}.`;
  });
  return lines.length > 0 ? `\n• ${lines.join('\n• ')}` : '';
};

/** In the form nothing is sent yet, and that needs no words. */
const notSent = (facts: Facts): string => (facts.isAhead === true ? '' : 'Nothing was sent. ');

const openReached = (facts: Facts): string =>
  `You have ${words(facts, 'count') ?? 'too many'} open requests; one person may have ${words(facts, 'max') ?? 'no more'}. ${notSent(facts)}Cancel one with \`/prod-access cancel\` and its id, or wait for a decision.${heldLines(held(facts, 'open'), 'requestId', 'lapsesAt')}`;

const liveReached = (facts: Facts): string => {
  const name = words(facts, 'name');
  const [count, max] = [words(facts, 'count') ?? 'too many', words(facts, 'max') ?? 'no more'];
  const what = facts.isBreakGlass === true ? 'live grants by break-glass' : 'live grants';
  const lines = heldLines(held(facts, 'live'), 'grantId', 'expiresAt');
  if (name)
    return `${name} has ${count} ${what}; one person may have ${max}. Nothing was changed, and your vote was not counted. Vote again when one of them has ended.${lines}`;
  return `You have ${count} ${what}; one person may have ${max}. ${notSent(facts)}Give one back with \`/prod-access done\` and its id, or stay longer with \`/prod-access extend\` and its id.${lines}`;
};

/** What stays so until somebody fixes it is not said to be a matter of moments. */
const lookupFailed = (facts: Facts): string => {
  const lasting = list(facts, 'lasting').map((why) => (/[.!?…]$/.test(why) ? why : `${why}.`));
  const what = words(facts, 'what');
  if (lasting.length === 0)
    return `Who may do this could not be looked up just now${what ? ` (${what})` : ''}. ${words(facts, 'why') ?? TRY_LATER}`;
  const known = facts['isNotified'] === true ? ' The admins were notified.' : '';
  return `Who may do this cannot be looked up${what ? ` (${what})` : ''}. ${lasting.join(' ')}${known} Nothing was sent or changed; do it again once that is fixed.`;
};

const isRequestProblem = (value: unknown): value is RequestProblem =>
  typeof value === 'object' && value !== null && 'code' in value && 'field' in value && 'facts' in value;

const SENTENCES = {
  unknown_person: () =>
    'Latchkey serves full members of its own workspace only: no guests, bots or people from other organisations.',
  inactive_person: () => 'That Slack account is deactivated, so nothing was done.',
  unknown_target: (facts) =>
    `There is no ${named(facts, 'target', 'target')}. \`/prod-access\` alone opens the form with all of them.`,
  unknown_role: (facts) => {
    const target = words(facts, 'target');
    return `There is no ${named(facts, 'role', 'role')}${target ? ` in \`${target}\`` : ''}. \`/prod-access who ${target ?? '<target>'}\` lists its roles.`;
  },
  bad_duration: (facts) =>
    `${words(facts, 'text') ? `\`${words(facts, 'text') ?? ''}\`` : 'That'} is no duration. Write it like 30m, 1h or 1h30m.`,
  duration_over_cap: (facts) => {
    const cap = duration(facts, 'capMs');
    const asked = duration(facts, 'askedMs') ?? duration(facts, 'durationMs');
    return `${asked ? `${asked} is` : 'That is'} too long. ${cap ? `At most ${cap} here.` : 'Choose a shorter time.'}`;
  },
  reason_missing: () => 'Say why you need it, in a few words. Approvers read it.',
  reason_too_short: (facts) =>
    `Say a little more: at least ${words(facts, 'minimum') ?? 'a few'} characters of real text.`,
  reason_too_long: (facts) =>
    `The reason is too long${words(facts, 'maximum') ? `: at most ${words(facts, 'maximum') ?? ''} characters` : ''}. Say it shorter and link to the rest.`,
  ticket_missing: (facts) =>
    `This rule needs a ticket${words(facts, 'pattern') ? ` that matches \`${words(facts, 'pattern') ?? ''}\`` : ''}. Add one.`,
  ticket_mismatch: (facts) =>
    `This ticket does not fit${words(facts, 'pattern') ? `: write one that matches \`${words(facts, 'pattern') ?? ''}\`` : '; check it'}.`,
  ticket_too_long: (facts) =>
    `The ticket is too long${words(facts, 'maximum') ? `: at most ${words(facts, 'maximum') ?? ''} characters` : ''}. Give only its number.`,
  denied_by_rule: deniedByRule,
  no_rule: () => 'No rule of the policy covers this, so it was not sent. Ask an admin of Latchkey to add one.',
  nobody_can_approve: nobody,
  identity_unknown: (facts) =>
    `Nothing was sent, since Latchkey does not know who you are there${words(facts, 'message') ? `: ${(words(facts, 'message') ?? '').replace(/[.]$/, '')}.` : '. An admin adds you to `identity` of the target.'}`,
  not_a_helper: (facts) =>
    `Only the requester, owners of ${named(facts, 'target', 'target')} and admins of Latchkey may try again. Nothing was changed.`,
  retry_needless: (facts) =>
    words(facts, 'state') === 'active'
      ? 'This access is set up already.'
      : 'This access does not wait for a fix any more. The requester can request it again.',
  open_requests_reached: openReached,
  live_grants_reached: liveReached,
  target_unavailable: (facts) => `Right now ${named(facts, 'target', 'target')} cannot be reached. ${TRY_LATER}`,
  request_not_found: () => 'There is no such request. `/prod-access list` shows yours.',
  grant_not_found: (facts) =>
    words(facts, 'id')
      ? `There is no ${named(facts, 'id', 'grant')}. \`/prod-access list\` shows yours.`
      : 'You have no live access to give back. `/prod-access list` shows what you have.',
  ambiguous_id: (facts) => {
    const ids = list(facts, 'ids')
      .slice(0, 10)
      .map((id) => `\`${id}\``);
    return `More than one grant fits${ids.length > 0 ? `: ${sentenceList(ids)}` : ''}. Name one by its id.`;
  },
  own_request: () => 'You cannot decide on your own request. Another approver decides.',
  not_an_approver: (facts) => {
    const labels = list(facts, 'labels');
    return `You are not an approver of this request${labels.length > 0 ? `: that is ${sentenceList(labels, 'or')}` : ''}. Nothing was changed.`;
  },
  not_your_request: () => 'This is another person’s request. Only the requester can cancel it.',
  not_your_grant: () => 'This is another person’s access. Nothing was changed.',
  not_an_admin: (facts) =>
    `Only admins of Latchkey and owners of ${named(facts, 'target', 'target')} may end another person’s access.`,
  already_voted: () => 'You have already voted on this. Your vote counts once.',
  no_vote: () => 'You have no vote on this request now, so there is nothing to withdraw.',
  stead_used: (facts) =>
    `${words(facts, 'name') ?? 'The approver'} has voted already, so you cannot vote on their behalf.`,
  change_nothing: () =>
    'That is the request as it is. Choose a shorter time or a smaller role, or approve it unchanged.',
  change_longer: (facts) =>
    `That is longer than requested${words(facts, 'asked') ? ` (${words(facts, 'asked') ?? ''})` : ''}. Choose a shorter time.`,
  change_wider_role: (facts) =>
    `${sentenceCase(named(facts, 'role', 'role'))} is not smaller than the requested role (\`${words(facts, 'asked') ?? ''}\`): the policy lists it later. Choose one that the policy lists earlier.`,
  change_sensitive: (facts) =>
    `${sentenceCase(named(facts, 'role', 'role'))} is sensitive and the requested role is not. Choose another role.`,
  change_more_people: (facts) =>
    `That needs more approvals than before (${words(facts, 'after') ?? 'more'} instead of ${words(facts, 'before') ?? 'fewer'}). Choose another role, or only a shorter time.`,
  change_denied: (facts) => `The rules do not allow this change. ${deniedOrNoRule(facts)}`,
  change_unfit: (facts) =>
    `The changed request does not fit its rule: ${isRequestProblem(facts.problem) ? sentenceOfProblem(facts.problem) : 'it takes a new request.'}`,
  change_extension: () =>
    'An extension is approved as requested, or denied. Deny it and say which time you would approve.',
  extend_over_cap: (facts) =>
    `That is too long: ${duration(facts, 'capMs') ?? 'the cap'} in all is the most its rule allows, so at most ${duration(facts, 'leftMs') ?? 'less'} more. Nothing was changed.`,
  extend_at_cap: (facts) =>
    `This access already has all the time its rule allows${duration(facts, 'capMs') ? ` (${duration(facts, 'capMs') ?? ''})` : ''}. When it has ended, request it again.`,
  extend_pending: (facts) =>
    `An extension${duration(facts, 'byMs') ? ` by ${duration(facts, 'byMs') ?? ''}` : ''} is already waiting for approval. You get a message when it is decided.`,
  extend_ended: () => 'This access is ending or has ended, so there is nothing to extend. Request it again.',
  extend_stale: (facts) =>
    `It was extended already${typeof facts.expiresAt === 'string' ? `, until ${date(new Date(facts.expiresAt), new Date())}` : ''}. Nothing more was requested.`,
  extend_with_incident: (facts) =>
    `Its incident was closed, so this access ends with it${typeof facts.endsAt === 'string' ? ` at ${date(new Date(facts.endsAt), new Date())}` : ''}, and more time of its own would change nothing. *Keep mine* in the message about the close lets it run to its own end, where the rules allow it; then it can be extended.`,
  absence_unreadable: (facts) =>
    `${words(facts, 'text') ? `I cannot read \`${words(facts, 'text') ?? ''}\`` : 'Say until when'}. ${ABSENCE_EXAMPLES}`,
  absence_past: (facts) =>
    `${words(facts, 'text') ? `\`${words(facts, 'text') ?? ''}\`` : 'That'} is over already. ${ABSENCE_EXAMPLES}`,
  absence_too_long: () => `That is more than a year away. Say a nearer day. ${ABSENCE_EXAMPLES}`,
  absence_none: () => 'You are not away, so there is nothing to end.',
  delegate_self: () => 'You cannot be your own delegate. Name another person, or leave the delegate out.',
  delegate_unfit: (facts) =>
    `${words(facts, 'name') ?? 'That account'} cannot be your delegate: only active full members of this workspace can. Nothing was changed.`,
  person_unreadable: (facts) =>
    `I do not know who \`${words(facts, 'text') ?? ''}\` is. Type \`@\` and choose the person from the list that Slack shows.`,
  already_decided: alreadyDecided,
  already_cancelled: () => 'The requester has cancelled this. Nothing was changed.',
  already_lapsed: () => 'This expired before it was decided. The requester can request it again.',
  grant_not_live: (facts) =>
    words(facts, 'state') === 'activating'
      ? 'This access is not set up yet. You get a message when it is.'
      : 'This access is not active any more.',
  public_key_missing: () =>
    'This access is for your own SSH key, and none is known. Set it with `/prod-access key` and the line of a file that ends in `.pub`.',
  ...ACCOUNT_SENTENCES,
  bad_public_key: (facts) => `The public key ${words(facts, 'problem') ?? 'cannot be read'}.`,
  credentials_gone: () => 'The credentials of this access no longer exist. End it, then request access again.',
  lookup_failed: lookupFailed,
  bad_transition: () => `It changed while you clicked, so nothing was done. Look again and decide on what you see.`,
  break_glass_off: () => 'The policy of Latchkey has no break-glass. Request access with `/prod-access` instead.',
  break_glass_role: (facts) =>
    `Break-glass does not reach ${named(facts, 'role', 'role')}${words(facts, 'target') ? ` of \`${words(facts, 'target') ?? ''}\`` : ''}: the policy does not list it. Request access with \`/prod-access\` instead.`,
  break_glass_who: (facts) => {
    const who = list(facts, 'who');
    return `You are not one of those who may use break-glass${who.length > 0 ? ` (${sentenceList(who, 'or')})` : ''}. Request access with \`/prod-access\` instead.`;
  },
  frozen_not_found: () => 'There is no such denied request. The id stands in the message of the denial.',
  frozen_over: () =>
    'That denied request can no longer be overridden: it was already, or it is older than a day. The requester requests again.',
  override_own: () =>
    'You cannot override a freeze for your own request, nor for a job that you started. Another person who may has to.',
  override_who: (facts) => {
    const who = list(facts, 'who');
    return `You are not one of those who may override ${named(facts, 'freeze', 'freeze')}${who.length > 0 ? ` (${sentenceList(who, 'or')})` : ''}. Nothing was changed.`;
  },
  override_cause: () =>
    'An override is tied to an open incident or to an alert that fires, and this one is neither. Open an incident channel first, or choose another.',
  override_blocked: (facts) =>
    `A follow-up of yours is overdue${words(facts, 'grantId') ? ` (grant \`${words(facts, 'grantId') ?? ''}\`)` : ''}, so you cannot override a freeze. Ask the reviewers to close it, or an admin of Latchkey to allow it.`,
  break_glass_blocked: (facts) =>
    `A review of access you took before is overdue${words(facts, 'grantId') ? ` (grant \`${words(facts, 'grantId') ?? ''}\`)` : ''}, so you cannot use break-glass again. Ask the reviewers to close it, or an admin of Latchkey to allow it.`,
  review_not_found: () => 'There is no such review. `/prod-access review` lists those that are open.',
  review_closed: (facts) =>
    `This review was already closed${words(facts, 'by') ? ` by ${words(facts, 'by') ?? ''}` : ''}. Your click changed nothing.`,
  own_review: () => 'You cannot review or allow your own break-glass. Another reviewer does.',
  not_a_reviewer: (facts) => {
    const labels = list(facts, 'labels');
    return `You are not one of the reviewers${labels.length > 0 ? ` (${sentenceList(labels, 'or')})` : ''}. Nothing was changed.`;
  },
  note_missing: () => 'Say why it was not justified, in a few words. The person reads it.',
  nothing_to_allow: (facts) =>
    `${words(facts, 'name') ? `There is no overdue review of ${words(facts, 'name') ?? ''}` : 'There is no overdue review of theirs'}, so nothing holds them up.`,
  admins_only: () => 'Only admins of Latchkey may do this. Nothing was changed.',
  campaign_unknown: (facts) => {
    const names = list(facts, 'names');
    return names.length > 0
      ? `There is no review of that name in the policy; it has ${sentenceList(names, 'and')}.`
      : 'The policy has no section `reviews`.';
  },
  line_not_found: () => 'That line is not part of a review any more.',
  line_decided: (facts) =>
    `This line was already decided${words(facts, 'by') ? ` by ${words(facts, 'by') ?? ''}` : ''}. Your click changed nothing.`,
  line_note_missing: () => 'Say what to change. The person who edits the policy reads it.',
  own_line: () => 'This line is about you, so another reviewer decides on it.',
  auditors_only: (facts) => {
    const who = list(facts, 'who');
    return `Only auditors and admins of Latchkey${who.length > 0 ? ` (${sentenceList(who, 'or')})` : ''} may have evidence and reports. Ask one of them for it.`;
  },
  zone_mismatch: (facts) =>
    `On that day the clocks of ${words(facts, 'region') ?? 'that zone'} do not show ${words(facts, 'zone') ?? 'that name'}. Name the place, as in \`22:00 ${words(facts, 'region') ?? 'Europe/Berlin'}\`, or the offset, as in \`22:00 +02:00\`.`,
  day_unclear: (facts) =>
    `\`${words(facts, 'day') ?? 'today'}\` is another day in that zone than on your clock. Write the date, as in \`2026-12-01 22:00 UTC\`.`,
  start_in_past: () => 'That start has passed already. Name a later one, or leave it out to begin at once.',
  start_too_far: (facts) =>
    `That start is too far away. ${duration(facts, 'maxMs') ? `At most ${duration(facts, 'maxMs') ?? ''} ahead.` : 'Name a nearer one.'}`,
  unknown_client: (facts) => {
    const clients = list(facts, 'clients');
    return `The policy has no client of that name${clients.length > 0 ? `; it has ${sentenceList(clients.slice(0, 20))}` : ''}.`;
  },
  unknown_window: (facts) =>
    `The policy has no window of that name${list(facts, 'windows').length > 0 ? `; it has ${sentenceList(list(facts, 'windows'))}` : ''}.`,
  window_used: () =>
    'The access of this window was used, or a person ended it. Each opening of a window is for one use.',
  approver_started_job: () =>
    'The person who approved this started the job that uses it. Another person approves it, or starts the job.',
  starter_unlinked: () =>
    'It is not known whose the account is that started the job, so it may be the approver’s. Link it with `/prod-access link`, or let an admin list it under `accounts` in the policy.',
  already_started: () =>
    'It was approved and has begun, so it cannot be cancelled any more. Give it back with `/prod-access done`.',
  own_pre_approval: () => 'You cannot pre-approve your own access. Another approver can.',
  pre_approval_needless: (facts) =>
    `No pre-approval is needed: ${words(facts, 'rule') ? `rule “${words(facts, 'rule') ?? ''}”` : 'a rule'} approves their request at once.`,
  pre_approval_too_long: (facts) =>
    `A pre-approval cannot last that long. ${duration(facts, 'maxMs') ? `Write one like 2d, at most ${duration(facts, 'maxMs') ?? ''}.` : 'Write one like 2d.'}`,
  pre_approval_not_found: () => 'There is no such pre-approval now. `/prod-access list` shows yours.',
  drift_not_found: () => 'There is no such list of findings any more.',
  drift_decided: (facts) =>
    `This was already decided${words(facts, 'by') ? ` by ${words(facts, 'by') ?? ''}` : ''}. Your click changed nothing.`,
  not_a_revoker: (facts) =>
    words(facts, 'what') === 'all'
      ? 'Only admins of Latchkey may end all access. Nothing was changed.'
      : 'Only admins of Latchkey may do this, and owners within their own targets. Nothing was changed.',
  nothing_to_revoke: () => 'There is nothing to end: no access, no pending request, and no pre-approval.',
  alert_not_found: () =>
    'There is no such alert any more, or the policy no longer has a role for it. Request access with `/prod-access`.',
  alert_resolved: () =>
    'This alert is resolved, so nothing was requested. If you still need access, request it with `/prod-access`.',
  alert_not_automatic: () =>
    'No rule gives access for this alert by itself. Use its button, or request access with `/prod-access`.',
  not_your_pre_approval: () =>
    'Only the approver who gave it, the person it is for, owners of the target and admins may withdraw a pre-approval. Nothing was changed.',
  own_address: () => 'You cannot confirm an address for your own account. Another admin does.',
  address_not_theirs: (facts) =>
    `${sentenceCase(named(facts, 'name', 'account'))} does not have the address ${words(facts, 'address') ?? ''} in Slack now, so nothing was confirmed.`,
  address_shared: (facts) =>
    `Several accounts have the address ${words(facts, 'address') ?? ''} now, so it can name none of them. Close one or give it another address, or name people by Slack id in the policy.`,
  incidents_off: () => 'The policy of Latchkey says nothing of incidents. An admin can add `incidents:` to it.',
  incident_not_found: () =>
    'There is no incident in this channel. `/prod-access incident` opens one; invite Latchkey here first.',
  incident_closed: (facts) =>
    `The incident${words(facts, 'channel') ? ` of #${words(facts, 'channel') ?? ''}` : ''} was closed, so nothing was sent. Request access without it, or reopen it with \`/prod-access incident\`.`,
  incident_who: (facts) => {
    const who = list(facts, 'who');
    return `Only those who may open incidents${who.length > 0 ? ` (${sentenceList(who, 'or')})` : ''} may do this. Nothing was changed.`;
  },
  bad_severity: (facts) =>
    `${words(facts, 'text') ? `\`${words(facts, 'text') ?? ''}\`` : 'That'} is no severity${words(facts, 'pattern') ? `: it must match \`${words(facts, 'pattern') ?? ''}\`` : '. Write it like sev1 or p2, or `none`'}.`,
  keep_needless: () => 'This access does not end with an incident now, so there is nothing to keep.',
  keep_too_late: () => 'The incident is over and its access is being ended. Request it again if you still need it.',
  keep_denied: (facts) => {
    const who = list(facts, 'who');
    if (who.length > 0)
      return `Only ${sentenceList(who, 'or')} may keep access beyond an incident. Request it again without the incident.`;
    return `Without the incident the rules would not give you this${words(facts, 'rule') ? ` (rule “${words(facts, 'rule') ?? ''}”)` : ''}, so it ends with it. Request it again for a new decision.`;
  },
  conflict: () => `Another person changed this at the same moment. ${TRY_LATER}`,
} satisfies Record<ErrorCode, (facts: Facts) => string>;

export const sentenceOf = (error: DomainError): string => SENTENCES[error.code](error.facts);

export const sentenceOfProblem = (problem: RequestProblem): string => SENTENCES[problem.code](problem.facts);

export const sentenceOfDenial = (denial: {
  code: 'denied_by_rule' | 'no_rule';
  rule: string | null;
  message: string;
}): string => SENTENCES[denial.code]({ rule: denial.rule, message: denial.message });

/** Who may override the freezes that alone denied it, and how; empty where nobody may. */
export const overrideHint = (override: FreezeOverride | null | undefined): string =>
  override
    ? ` One of ${inline(override.by.join(', '), SHOWN_MAX)} may override it for this request, because of an open incident or an alert: \`/prod-access override ${override.id}\``
    : '';

/** The same sentence where Slack formats nothing: under a field of a form. */
export const forField = (sentence: string): string => plain(unescape(sentence).replace(/`/g, ''), FIELD_ERROR_MAX);

/** Slack: docs.slack.dev/reference/methods/views.open: a trigger lives three seconds and opens one view. */
const LATE = new Set(['expired_trigger_id', 'exchanged_trigger_id', 'trigger_expired', 'trigger_exchanged']);

/** The sentence for any error. One we do not know gets an id, which the person sees and the log has. */
export const explainError = (error: unknown, log: Log): string => {
  if (isDomainError(error)) return sentenceOf(error);
  const failure = slackFailureOf(error);
  if (failure && LATE.has(failure.code)) return 'That took too long and Slack gave up waiting. Click again.';
  const errorId = newId().slice(0, 6);
  log.error({ err: error, errorId }, 'a Slack interaction failed');
  return `Something went wrong on our side (error ${errorId}). Look at \`/prod-access list\` before you try again.`;
};
