/** Who may not, and whose address it is. */
import { sentenceList } from '../messages/render/text.ts';
import { list, named, sentenceCase, words } from './facts.ts';
import type { Sentences } from './sentences.ts';

export const PERSON_SENTENCES = {
  unknown_person: () =>
    'Latchkey serves full members of its own workspace only: no guests, bots or people from other organisations.',
  inactive_person: () => 'That Slack account is deactivated, so nothing was done.',
  person_unreadable: (facts) =>
    `I do not know who \`${words(facts, 'text') ?? ''}\` is. Type \`@\` and choose the person from the list that Slack shows.`,
  admins_only: () => 'Only admins of Latchkey may do this. Nothing was changed.',
  auditors_only: (facts) => {
    const who = list(facts, 'who');
    return `Only auditors and admins of Latchkey${who.length > 0 ? ` (${sentenceList(who, 'or')})` : ''} may have evidence and reports. Ask one of them for it.`;
  },
  own_address: () => 'You cannot confirm an address for your own account. Another admin does.',
  address_not_theirs: (facts) =>
    `${sentenceCase(named(facts, 'name', 'account'))} does not have the address ${words(facts, 'address') ?? ''} in Slack now, so nothing was confirmed.`,
  address_shared: (facts) =>
    `Several accounts have the address ${words(facts, 'address') ?? ''} now, so it can name none of them. Close one or give it another address, or name people by Slack id in the policy.`,
} satisfies Sentences;
