/** What is wrong with a grant, its extension, its credentials or its end, and with findings in targets. */
import { date, sentenceList } from '../messages/render/text.ts';
import { duration, list, named, words } from './facts.ts';
import type { Sentences } from './sentences.ts';

export const GRANT_SENTENCES = {
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
  not_your_grant: () => 'This is another person’s access. Nothing was changed.',
  not_an_admin: (facts) =>
    `Only admins of Latchkey and owners of ${named(facts, 'target', 'target')} may end another person’s access.`,
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
    `Its incident was closed, so this access ends with it${typeof facts.endsAt === 'string' ? ` at ${date(new Date(facts.endsAt), new Date())}` : ''}, and more time of its own would change nothing. *Keep mine* in the message about the close lets it run until it expires, where the rules allow that. Then it can be extended.`,
  grant_not_live: (facts) =>
    words(facts, 'state') === 'activating'
      ? 'This access is not set up yet. You get a message when it is.'
      : 'This access is not active any more.',
  public_key_missing: () =>
    'This access is for your own SSH key, and none is known. Set it with `/prod-access key` and the line of a file that ends in `.pub`.',
  bad_public_key: (facts) => `The public key ${words(facts, 'problem') ?? 'cannot be read'}.`,
  credentials_gone: () => 'The credentials of this access no longer exist. End it, then request access again.',
  drift_not_found: () => 'There is no such list of findings any more.',
  drift_decided: (facts) =>
    `This was already decided${words(facts, 'by') ? ` by ${words(facts, 'by') ?? ''}` : ''}. Your click changed nothing.`,
  not_a_revoker: (facts) =>
    words(facts, 'what') === 'all'
      ? 'Only admins of Latchkey may end all access. Nothing was changed.'
      : 'Only admins of Latchkey may do this, and owners within their own targets. Nothing was changed.',
  nothing_to_revoke: () => 'There is nothing to end: no access, no pending request, and no pre-approval.',
} satisfies Sentences;
