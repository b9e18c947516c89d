/** Answers a submit by what its work says. */
import type { ModalView } from '@slack/types';
import { withinMs } from '../../../lib/timeout.ts';
import { forField } from '../../errors.ts';
import type { SubmitCall } from '../context.ts';

/** Slack waits three seconds for the answer to a submit; the rest is for the way there and back. */
export const ANSWER_WITHIN_MS = 1_800;

export type Refused = { sentence: string; field: string };

/**
 * A refusal stands under its field while Slack waits, and comes as a message when it is later. `work` gives null when it was done.
 * False where the form stays open.
 */
export const answerSubmit = async (call: SubmitCall, work: Promise<Refused | null>): Promise<boolean> => {
  const soon = await withinMs(work, ANSWER_WITHIN_MS);
  if (soon.isThere && soon.value !== null) {
    const { field, sentence } = soon.value;
    await call.ack({ response_action: 'errors', errors: { [field]: forField(sentence) } });
    return false;
  }
  await call.ack();
  const late = await work;
  if (late !== null) await call.reply({ text: late.sentence });
  return true;
};

/** What was done: as a message, and as the view that takes the form's place. */
export type Done = { text: string; view: ModalView };

/** As `answerSubmit`, where what was done is shown too: in the form's place while Slack waits, as a message when it is later. */
export const answerWithView = async (call: SubmitCall, work: Promise<Refused | Done>): Promise<void> => {
  const soon = await withinMs(work, ANSWER_WITHIN_MS);
  if (!soon.isThere) {
    await call.ack();
    const late = await work;
    return call.reply({ text: 'view' in late ? late.text : late.sentence });
  }
  const { value } = soon;
  return call.ack(
    'view' in value
      ? { response_action: 'update', view: value.view }
      : { response_action: 'errors', errors: { [value.field]: forField(value.sentence) } },
  );
};
