/** Closing a review takes a note: wanted always, needed where the access was not justified. */
import type { ModalView } from '@slack/types';
import type { ReviewOutcome } from '../../../domain/break-glass/follow-up.ts';
import { REVIEW_OUTCOMES } from '../../../domain/break-glass/follow-up.ts';
import { VOTE_REASON_SHOWN_MAX } from '../../messages/render/limits.ts';
import type { SubmitCall, ViewHandler } from '../context.ts';
import { answerSubmit, refusedBy } from './answer-submit.ts';
import type { Refused } from './answer-submit.ts';
import { text } from './texts.ts';

const REVIEW_FORM = 'review_form';
const NOTE = 'note';

const TITLES = { justified: 'Justified', not_justified: 'Not justified' } satisfies Record<ReviewOutcome, string>;

export const reviewForm = (grantId: string, outcome: ReviewOutcome): ModalView => ({
  type: 'modal',
  callback_id: REVIEW_FORM,
  private_metadata: `${outcome} ${grantId}`,
  title: text(TITLES[outcome]),
  submit: text('Close review'),
  close: text('Back'),
  blocks: [
    {
      type: 'input',
      block_id: NOTE,
      optional: outcome === 'justified',
      label: text('What you found', 50),
      hint: text('The person who took the access reads this, and it is kept.', 75),
      element: {
        type: 'plain_text_input',
        action_id: NOTE,
        multiline: true,
        max_length: VOTE_REASON_SHOWN_MAX,
        focus_on_load: true,
      },
    },
  ],
});

const closing = ({ view }: SubmitCall): { grantId: string; outcome: ReviewOutcome; note: string | null } => {
  const [word = '', grantId = ''] = view.privateMetadata.split(' ');
  // Read strictly: what is no outcome must never count as the kinder one.
  const outcome = REVIEW_OUTCOMES.find((one) => one === word) ?? 'not_justified';
  return { grantId, outcome, note: view.values[NOTE]?.[NOTE]?.value?.trim() || null };
};

/** null when the review was closed. */
const close = async (call: SubmitCall): Promise<Refused | null> => {
  try {
    await call.slack.useCases.closeReview({ userId: call.userId, ...closing(call) });
    return null;
  } catch (error) {
    return refusedBy(error, { slack: call.slack, field: NOTE });
  }
};

export const reviewSubmit: ViewHandler = {
  callbackId: REVIEW_FORM,
  run: async (call) => {
    await answerSubmit(call, close(call));
  },
};
