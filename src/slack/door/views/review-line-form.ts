/** What is to be changed about a line of a review: a note for the person who edits the policy. */
import type { ModalView } from '@slack/types';
import { VOTE_REASON_SHOWN_MAX } from '../../messages/render/limits.ts';
import type { SubmitCall, ViewHandler } from '../context.ts';
import { answerSubmit, refusedBy } from './answer-submit.ts';
import type { Refused } from './answer-submit.ts';
import { text } from './texts.ts';

const LINE_FORM = 'review_line_form';
const NOTE = 'note';

export const lineForm = (lineId: string): ModalView => ({
  type: 'modal',
  callback_id: LINE_FORM,
  private_metadata: lineId,
  title: text('Change'),
  submit: text('Record'),
  close: text('Back'),
  blocks: [
    {
      type: 'input',
      block_id: NOTE,
      label: text('What is to be changed', 50),
      hint: text('It is kept with the review. Nothing is changed by itself.', 75),
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

/** null when it was recorded. */
const record = async ({ slack, userId, view }: SubmitCall): Promise<Refused | null> => {
  const note = view.values[NOTE]?.[NOTE]?.value?.trim() || null;
  try {
    await slack.useCases.decideLine({ userId, lineId: view.privateMetadata, decision: 'change', note });
    return null;
  } catch (error) {
    return refusedBy(error, { slack, field: NOTE });
  }
};

export const lineSubmit: ViewHandler = {
  callbackId: LINE_FORM,
  run: async (call) => {
    await answerSubmit(call, record(call));
  },
};
