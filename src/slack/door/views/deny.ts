/** Deny asks why before it counts. */
import type { ModalView } from '@slack/types';
import { VOTE_REASON_SHOWN_MAX } from '../../messages/render/limits.ts';
import type { SubmitCall, ViewHandler } from '../context.ts';
import { explainError, forField } from '../../errors.ts';
import { publishHome } from '../home/home.ts';
import { withinMs } from '../../../lib/timeout.ts';
import { text } from './request-form.ts';

const DENY_FORM = 'deny_form';
const REASON = 'reason';
/** Slack waits three seconds for the answer to a submit. */
const ANSWER_WITHIN_MS = 1_800;

/** The form remembers where it was opened: a home tab is drawn again afterwards, since nobody else does that. */
const HOME = ' home';

export const denyForm = (requestId: string, isFromHome: boolean): ModalView => ({
  type: 'modal',
  callback_id: DENY_FORM,
  private_metadata: isFromHome ? requestId + HOME : requestId,
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
    const refusing = deny(call, reason);
    const soon = await withinMs(refusing, ANSWER_WITHIN_MS);
    if (soon.isThere && soon.value !== null)
      return call.ack({ response_action: 'errors', errors: { [REASON]: forField(soon.value) } });
    await call.ack();
    const late = await refusing;
    if (late !== null) await call.reply({ text: late });
    if (call.view.privateMetadata.endsWith(HOME)) await publishHome(call.slack, call.userId);
  },
};

/** null when the vote counted, else the sentence that says why not. */
const deny = async ({ slack, userId, view }: SubmitCall, reason: string): Promise<string | null> => {
  try {
    await slack.useCases.vote({ userId, requestId: view.privateMetadata.replace(HOME, ''), kind: 'deny', reason });
    return null;
  } catch (error) {
    return explainError(error, slack.log);
  }
};
