/** Why a request was not sent, cancelled or tried again. */
import type { Facts } from '../../domain/errors.ts';
import { date, sentenceList } from '../messages/render/text.ts';
import { TRY_LATER, duration, list, named, sentenceCase, words } from './facts.ts';
import type { Sentences } from './sentences.ts';

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
  `You have ${words(facts, 'count') ?? 'too many'} open requests; one person may have ${words(facts, 'max') ?? 'no more'}. ${notSent(facts)}Cancel one with \`/prod-access cancel\`, or wait for a decision.${heldLines(held(facts, 'open'), 'requestId', 'lapsesAt')}`;

const liveReached = (facts: Facts): string => {
  const name = words(facts, 'name');
  const [count, max] = [words(facts, 'count') ?? 'too many', words(facts, 'max') ?? 'no more'];
  const what = facts.isBreakGlass === true ? 'live grants by break-glass' : 'live grants';
  const lines = heldLines(held(facts, 'live'), 'grantId', 'expiresAt');
  if (name)
    return `${name} has ${count} ${what}; one person may have ${max}. Nothing was changed, and your vote was not counted. Vote again when one of them has ended.${lines}`;
  return `You have ${count} ${what}; one person may have ${max}. ${notSent(facts)}Give one back with \`/prod-access done\`, or request more time with \`/prod-access extend\`.${lines}`;
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

const unknownThere = (facts: Facts): string => {
  const why = words(facts, 'message');
  return `Nothing was sent, since Latchkey does not know who you are there${why ? `: ${why.replace(/[.]$/, '')}.` : '. An admin adds you to `identity` of the target.'}`;
};

export const REQUEST_SENTENCES = {
  nobody_can_approve: nobody,
  identity_unknown: (facts) =>
    facts['isOfTarget'] === true && words(facts, 'message')
      ? `Nothing was sent. ${words(facts, 'message') ?? ''}`
      : unknownThere(facts),
  not_a_helper: (facts) =>
    `Only the requester, owners of ${named(facts, 'target', 'target')} and admins of Latchkey may try again. Nothing was changed.`,
  retry_needless: (facts) =>
    words(facts, 'state') === 'active'
      ? 'This access is set up already.'
      : 'This access does not wait for a fix any more. The requester can request it again.',
  open_requests_reached: openReached,
  live_grants_reached: liveReached,
  request_not_found: () => 'There is no such request. `/prod-access list` shows yours.',
  not_your_request: () => 'This is another person’s request. Only the requester can cancel it.',
  already_started: () =>
    'It was approved and has begun, so it cannot be cancelled any more. Give it back with `/prod-access done`.',
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
  lookup_failed: lookupFailed,
  target_unavailable: (facts) => `Right now ${named(facts, 'target', 'target')} cannot be reached. ${TRY_LATER}`,
  bad_transition: () => `It changed while you clicked, so nothing was done. Look again and decide on what you see.`,
  conflict: () => `Another person changed this at the same moment. ${TRY_LATER}`,
} satisfies Sentences;
