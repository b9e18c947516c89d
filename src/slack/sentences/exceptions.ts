/** What is wrong with break-glass, with the override of a freeze, and with reviews. */
import { sentenceList } from '../messages/render/text.ts';
import { list, named, words } from './facts.ts';
import type { Sentences } from './sentences.ts';

export const EXCEPTION_SENTENCES = {
  break_glass_off: () => 'Break-glass is not set up here. Request access with `/prod-access` instead.',
  break_glass_role: (facts) =>
    `Break-glass does not reach ${named(facts, 'role', 'role')}${words(facts, 'target') ? ` of \`${words(facts, 'target') ?? ''}\`` : ''}: the policy does not list it. Request access with \`/prod-access\` instead.`,
  break_glass_who: (facts) => {
    const who = list(facts, 'who');
    return `You are not one of those who may use break-glass${who.length > 0 ? ` (${sentenceList(who, 'or')})` : ''}. Request access with \`/prod-access\` instead.`;
  },
  break_glass_blocked: (facts) =>
    `A review of access you took before is overdue${words(facts, 'grantId') ? ` (grant \`${words(facts, 'grantId') ?? ''}\`)` : ''}, so you cannot use break-glass again. Ask the reviewers to close it, or an admin of Latchkey to allow it.`,
  frozen_not_found: () => 'There is no such denied request. The message of the denial has its id.',
  frozen_over: () =>
    'That denied request can no longer be overridden: it was already, or it is older than a day. The requester requests again.',
  override_own: () =>
    'You cannot override a freeze for your own request, nor for a job that you started. Another person who may override it can.',
  override_changed: () =>
    'It was requested again with other terms after this window opened, so nothing was overridden. Type the command again, and read what is requested now.',
  override_who: (facts) => {
    const who = list(facts, 'who');
    return `You are not one of those who may override ${named(facts, 'freeze', 'freeze')}${who.length > 0 ? ` (${sentenceList(who, 'or')})` : ''}. Nothing was changed.`;
  },
  override_cause: () =>
    'An override is tied to an open incident or to an alert that fires, and this one is neither. Open an incident channel first, or choose another.',
  override_blocked: (facts) =>
    `A follow-up of yours is overdue${words(facts, 'grantId') ? ` (grant \`${words(facts, 'grantId') ?? ''}\`)` : ''}, so you cannot override a freeze. Ask the reviewers to close it, or an admin of Latchkey to allow it.`,
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
} satisfies Sentences;
