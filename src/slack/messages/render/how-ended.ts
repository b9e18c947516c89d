/** What an end has come to in the target, in one sentence. */
import type { EndOutcome } from '../../../domain/grants/end-cause.ts';
import type { Grant } from '../../../domain/grants/grant.ts';
import type { MessageFacts } from '../../../application/messages/facts.ts';

const HOW_ENDED = {
  removed: 'No login works and no session is left, confirmed by the target.',
  already_absent: 'It was already gone when Latchkey came to remove it.',
  still_held: 'The access itself stays for now: other access to the same, which has not ended, holds it.',
  had_already: 'The access itself stays: it was there before Latchkey gave it, so Latchkey took nothing away.',
} as const satisfies Record<EndOutcome, string>;

/** Of an attempt that nobody got in by. */
export const NOTHING_LEFT = {
  removed: 'Nothing of the attempt can be used, confirmed by the target.',
  already_absent: 'Nothing is left in the target.',
  still_held: 'Nothing of it is left in the target.',
  had_already: 'Nothing of it is left in the target.',
} as const satisfies Record<EndOutcome, string>;

export type AtTheEnd = Pick<MessageFacts, 'guarantee'>;

/** Where it is not known to cut everything, as in a list that looks no target up, only what was confirmed is said. */
export const cutsAll = (facts: AtTheEnd | undefined): boolean => facts?.guarantee?.survives === null;

export const howEnded = ({ endOutcome }: Grant, facts: AtTheEnd | undefined): string => {
  const outcome = endOutcome ?? 'removed';
  return outcome === 'removed' && !cutsAll(facts)
    ? 'It lets no one in any more, confirmed by the target.'
    : HOW_ENDED[outcome];
};
