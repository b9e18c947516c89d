/** Deny asks why before it counts. */
import type { ModalView } from '@slack/types';
import { readShownValue } from '../../messages/render/buttons.ts';
import { VOTE_REASON_SHOWN_MAX } from '../../messages/render/limits.ts';
import type { SubmitCall, ViewHandler } from '../context.ts';
import { answerSubmit, refusedBy } from './answer-submit.ts';
import type { Refused } from './answer-submit.ts';
import { publishHome } from '../home/home.ts';
import { text } from './texts.ts';

const DENY_FORM = 'deny_form';
const REASON = 'reason';

/** The form remembers where it was opened: a home tab is refreshed afterwards, since nobody else does that. */
const HOME = ' home';

/** `value`: of the button that was clicked. */
export const denyForm = (value: string, isFromHome: boolean): ModalView => ({
  type: 'modal',
  callback_id: DENY_FORM,
  private_metadata: isFromHome ? value + HOME : value,
  title: text('Deny request'),
  submit: text('Deny'),
  close: text('Back'),
  blocks: [
    {
      type: 'input',
      block_id: REASON,
      label: text('Why not', 50),
      hint: text('The requester reads this, and it is kept.', 75),
      element: {
        type: 'plain_text_input',
        action_id: REASON,
        multiline: true,
        max_length: VOTE_REASON_SHOWN_MAX,
        focus_on_load: true,
      },
    },
  ],
});

export const denySubmit: ViewHandler = {
  callbackId: DENY_FORM,
  run: async (call) => {
    const reason = call.view.values[REASON]?.[REASON]?.value?.trim() ?? '';
    if (!reason) return call.ack({ response_action: 'errors', errors: { [REASON]: 'Say why, in a few words.' } });
    const isOver = await answerSubmit(call, deny(call, reason));
    if (isOver && call.view.privateMetadata.endsWith(HOME)) await publishHome(call.slack, call.userId);
  },
};

/** null when the vote counted. */
const deny = async ({ slack, userId, view }: SubmitCall, reason: string): Promise<Refused | null> => {
  try {
    const { requestId, shown } = readShownValue(view.privateMetadata.replace(HOME, ''));
    await slack.useCases.vote({ userId, requestId, shown, kind: 'deny', reason });
    return null;
  } catch (error) {
    return refusedBy(error, { slack, field: REASON });
  }
};
