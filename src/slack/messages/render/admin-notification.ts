/** What admins are notified of that belongs to no request: the policy, late expirations, revoked access, targets that were changed. */
import type { AdminNotification, AdminNotificationKind } from '../../../application/record/admin-notification-ports.ts';
import { actions, leaveDriftButton, repairDriftButton } from './buttons.ts';
import { card, iconOf } from './card.ts';
import type { Tone } from './card.ts';
import { CONTEXT_TEXT_MAX, ERROR_SHOWN_MAX, SECTION_TEXT_MAX } from './limits.ts';
import { sayButtons } from './line-buttons.ts';
import { context, cut, date, inline, section } from './text.ts';
import type { Message } from './text.ts';

/** `detail` follows the heading in small. `more` is where lines beyond those shown are found, null where nowhere. */
type Words = { tone: Tone; heading: string; detail: string; more: string | null };

const POLICY = { more: '`latchkey policy check` and the audit log have them all' };
const DOCTOR = { tone: 'trouble', more: '`latchkey doctor` shows the rest' } as const;
const DRIFT = { more: 'the audit log has them all' };
const LOOKS_AGAIN = 'Latchkey looks again every few minutes.';

const WORDS = {
  policy_adopted: {
    ...POLICY,
    tone: 'note',
    heading: 'A new policy is in force',
    detail: 'Waiting requests are judged by it at their next vote.',
  },
  policy_rejected: {
    ...POLICY,
    tone: 'failed',
    heading: 'The changed policy file was refused',
    detail: 'The policy before stays in force.',
  },
  calendar_changed: {
    ...POLICY,
    tone: 'note',
    heading: 'The calendar of a freeze changed',
    detail: 'Requests are judged by its new times from now on.',
  },
  targets_found: {
    ...POLICY,
    tone: 'note',
    heading: 'A list of targets changed',
    detail:
      'Requests are judged by it from now on. Access that is live in a target that left the list still ends on time.',
  },
  list_unreadable: {
    ...DOCTOR,
    heading: 'A list of targets cannot be read',
    detail: 'The last good list stays in force until it can be read again.',
  },
  overdue: {
    tone: 'alarm',
    heading: 'Access has not ended in time',
    detail: 'The target has not confirmed that it is gone. Latchkey keeps trying until it does.',
    more: '`/prod-access who` shows the rest',
  },
  overdue_resolved: { tone: 'done', heading: 'Nothing is overdue any more', detail: '', more: null },
  revocation: {
    tone: 'trouble',
    heading: 'Access is being revoked',
    detail: 'The audit log has each of them.',
    more: null,
  },
  drift_found: {
    ...DRIFT,
    tone: 'trouble',
    heading: 'A target was changed outside of Latchkey',
    detail: 'Every finding and repair is in the audit log.',
  },
  drift_asked: {
    ...DRIFT,
    tone: 'alarm',
    heading: 'Many changes in a target were made outside of Latchkey',
    detail: 'Nothing was repaired yet. An admin decides.',
  },
  drift_repaired: {
    ...DRIFT,
    tone: 'done',
    heading: 'Changes made outside of Latchkey were repaired',
    detail: 'As an admin decided.',
  },
  email_conflict: {
    tone: 'trouble',
    heading: 'An email address is not trusted',
    detail: 'The policy or an on-call schedule names it. Until this is settled, no one gets access or approves by it.',
    more: '`/prod-access people` shows the rest',
  },
  channel_taken: {
    ...DOCTOR,
    heading: 'A channel name of the policy belongs to another channel now',
    detail: 'Latchkey keeps the id of each channel that the policy names.',
  },
  channel_gone: {
    ...DOCTOR,
    heading: 'Latchkey cannot post in a channel of the policy',
    detail: `Approvers get direct messages instead. ${LOOKS_AGAIN}`,
  },
  account_gone: {
    ...DOCTOR,
    heading: 'The policy names an account that cannot be used',
    detail: `The others named there decide or are notified. ${LOOKS_AGAIN}`,
  },
  group_gone: {
    ...DOCTOR,
    heading: 'A group of the policy cannot be read',
    detail: `No one counts as its member, and requests that need it are refused. ${LOOKS_AGAIN}`,
  },
  targets_unfit: {
    tone: 'trouble',
    heading: 'Targets cannot grant what the policy says',
    detail: 'Approved requests for these roles wait until it is fixed. `latchkey doctor` looks again.',
    more: '`latchkey doctor` has them all',
  },
  user_group_moved: {
    tone: 'alarm',
    heading: 'Another Slack user group has taken a handle of the policy',
    detail: 'Until an admin writes its id into the policy, rules with that group let no one in.',
    more: 'the audit log has them all',
  },
  target_name_moved: {
    tone: 'alarm',
    heading: 'A name in the policy leads to another group, team or repository',
    detail: 'Latchkey gives nothing by this name until an admin changes the scope of the role.',
    more: 'the audit log has them all',
  },
  key_revoked: {
    tone: 'alarm',
    heading: 'The key that signs the audit log was revoked',
    detail: 'Latchkey signs no checkpoint, evidence or report until it is given another key.',
    more: '`latchkey audit keys` has them all',
  },
  report_failed: {
    tone: 'trouble',
    heading: 'A report could not be made or delivered',
    detail: LOOKS_AGAIN,
    more: 'the log of the process has the rest',
  },
  checkpoint_refused: {
    tone: 'alarm',
    heading: 'The audit log is not the one that was signed before',
    detail: 'Latchkey signs no checkpoint until this is explained. `latchkey audit verify` shows what differs.',
    more: '`latchkey audit verify` has them all',
  },
  app_removed: {
    tone: 'trouble',
    heading: 'Latchkey was removed from a workspace',
    detail: 'Access that was given goes on, and ends on time.',
    more: 'the audit log has them all',
  },
} satisfies Record<AdminNotificationKind, Words>;

/** With heading and foot no more than six lines. */
const LINES_SHOWN = 4;
/** What an admin decides on is shown as far as a message goes. */
const DECIDED_SHOWN = 15;

const shownOf = ({ kind, lines, offer, closing }: AdminNotification): string[] => {
  const room = offer && closing === null ? DECIDED_SHOWN : closing === null ? LINES_SHOWN : LINES_SHOWN - 1;
  const isAll = lines.length <= room;
  const shown = lines.slice(0, isAll ? room : room - 1).map((line) => `• ${inline(line, ERROR_SHOWN_MAX)}`);
  const where = WORDS[kind].more;
  return isAll ? shown : [...shown, `and ${lines.length - shown.length} more${where === null ? '' : `; ${where}`}`];
};

/** Commands that show or settle it, as a button. */
const NEXT: Partial<Record<AdminNotificationKind, { line: string; label: string }>> = {
  email_conflict: { line: 'people', label: 'Show addresses' },
  revocation: { line: 'revoke', label: 'Show live access' },
  overdue: { line: 'who', label: 'Who has access' },
};

const nextSteps = ({ kind, offer, closing }: AdminNotification): Message['blocks'] => {
  if (closing !== null) return [];
  if (offer) return [actions(repairDriftButton(offer), leaveDriftButton(offer))];
  const next = NEXT[kind];
  return next ? [actions(...sayButtons([next]))] : [];
};

export const announcementMessage = (notification: AdminNotification): Message => {
  const { kind, createdAt, closing, closedAt } = notification;
  const { heading, detail, tone: due } = WORDS[kind];
  const tone = closing === null ? due : 'over';
  const lines = shownOf(notification);
  // First, since what follows may no longer hold.
  const became =
    closing === null
      ? []
      : [section(`*Since then:* ${inline(closing, ERROR_SHOWN_MAX)}${closedAt ? ` (${date(closedAt)})` : ''}`)];
  const foot = [date(createdAt), closing === null ? detail : ''].filter(Boolean).join(' · ');
  return card({
    tone,
    text: `${heading}. ${detail}`,
    head: [section(`${iconOf(tone)} *${heading}*`)],
    body: [
      ...became,
      ...(lines.length > 0 ? [section(cut(lines.join('\n'), SECTION_TEXT_MAX))] : []),
      context(cut(foot, CONTEXT_TEXT_MAX)),
      ...nextSteps(notification),
    ],
  });
};
