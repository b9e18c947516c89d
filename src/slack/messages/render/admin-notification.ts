/** What admins are told that belongs to no request: the policy, ends that are late, access that was revoked, targets that were changed. */
import type { KnownBlock } from '@slack/types';
import type { AdminNotification, AdminNotificationKind } from '../../../application/record/admin-notification-ports.ts';
import { actions, leaveDriftButton, repairDriftButton } from './buttons.ts';
import { ERROR_SHOWN_MAX, MESSAGE_TEXT_MAX, SECTION_TEXT_MAX } from './limits.ts';
import { context, cut, date, inline, section } from './text.ts';
import type { Message } from './text.ts';

/** `more` is where lines beyond those shown are found. */
type Words = { heading: string; foot: string; more: string };

const POLICY = {
  foot: 'Every change of the policy is recorded.',
  more: '`latchkey policy check` and the audit log have them all.',
};
const OVERDUE = { foot: 'Ends are tried until the target confirms them.', more: '`/prod-access who` shows the rest.' };
const DRIFT = { foot: 'Every finding and repair is in the audit log.', more: 'the audit log has them all.' };

const WORDS = {
  policy_adopted: {
    ...POLICY,
    heading: '*A new policy is in force.* Requests that wait are judged by it at their next vote.',
  },
  policy_rejected: {
    ...POLICY,
    heading: '*The changed policy file was refused.* The policy before stays in force; nothing was changed.',
  },
  overdue: {
    ...OVERDUE,
    heading: '*Access has not ended in time.* It should be gone and is not confirmed gone.',
  },
  overdue_resolved: { ...OVERDUE, heading: '*Nothing is overdue any more.*' },
  revocation: { heading: '*Access is being revoked.*', foot: 'The audit log has each of them.', more: 'more.' },
  drift_found: { ...DRIFT, heading: '*A target was changed past Latchkey.*' },
  drift_asked: {
    ...DRIFT,
    heading: '*Much was changed in a target past Latchkey, so nothing was repaired yet.* Look at it, then say.',
  },
  address_doubted: {
    heading: '*An address of the policy or of an on-call schedule counts for nobody.* Nobody is let in or asked by it.',
    foot: 'Every such doubt is in the audit log.',
    more: '`/prod-access people` shows the rest.',
  },
  channel_taken: {
    heading: '*The name of a channel in the policy belongs to another channel now.*',
    foot: 'Latchkey keeps the id of each channel that the policy names.',
    more: '`latchkey doctor` shows the rest.',
  },
  channel_gone: {
    heading: '*Latchkey cannot post in a channel of the policy.* Approvers and others concerned get direct messages.',
    foot: 'Latchkey looks again every few minutes.',
    more: '`latchkey doctor` shows the rest.',
  },
  group_gone: {
    heading: '*A group of the policy cannot be read.* No one counts as a member of it, and what needs it is refused.',
    foot: 'Latchkey looks again every few minutes and with each request that needs it.',
    more: '`latchkey doctor` shows the rest.',
  },
  targets_unfit: {
    heading: '*Targets cannot grant what the policy says.* Approved requests for these roles wait until it is fixed.',
    foot: 'The same is not repeated for a day. `latchkey doctor` looks again.',
    more: '`latchkey doctor` has them all.',
  },
  user_group_moved: {
    heading:
      '*Another Slack user group has taken a handle of the policy.* Until an admin writes an id, rules with that group fail closed.',
    foot: 'It is in the audit log.',
    more: 'the audit log has them all.',
  },
  checkpoint_refused: {
    heading:
      '*The audit log is not the one that was signed before.* Latchkey signs no checkpoint until this is explained.',
    foot: 'Run `latchkey audit verify` to see what differs.',
    more: '`latchkey audit verify` has them all.',
  },
  drift_repaired: { ...DRIFT, heading: '*What was changed past Latchkey was repaired, as an admin said.*' },
} satisfies Record<AdminNotificationKind, Words>;

const LINES_SHOWN_MAX = 15;

export const announcementMessage = ({
  kind,
  lines,
  createdAt,
  closing,
  closedAt,
  offer,
}: AdminNotification): Message => {
  const { heading, foot, more } = WORDS[kind];
  const shown = lines.slice(0, LINES_SHOWN_MAX).map((line) => `• ${inline(line, ERROR_SHOWN_MAX)}`);
  const rest = lines.length - shown.length;
  const andMore = rest > 0 ? [`and ${rest} more; ${more}`] : [];
  const became: KnownBlock[] =
    closing === null
      ? []
      : [section(`*Since then:* ${inline(closing, ERROR_SHOWN_MAX)}${closedAt ? ` (${date(closedAt)})` : ''}`)];
  return {
    text: cut(heading, MESSAGE_TEXT_MAX),
    blocks: [
      // First, since what follows may no longer hold.
      ...became,
      section(heading),
      ...(lines.length > 0 ? [section(cut([...shown, ...andMore].join('\n'), SECTION_TEXT_MAX))] : []),
      ...(offer && closing === null ? [actions(repairDriftButton(offer), leaveDriftButton(offer))] : []),
      context(`${date(createdAt)}. ${foot}`),
    ],
  };
};
