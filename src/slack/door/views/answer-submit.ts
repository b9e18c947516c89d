/** Answers a submit by what its work says. */
import type { Button, ModalView } from '@slack/types';
import { withinMs } from '../../../lib/timeout.ts';
import { explainError, forField } from '../../errors.ts';
import { stepsAfter } from '../../next-steps.ts';
import { answerWith } from '../answer.ts';
import type { Reply, SubmitCall } from '../context.ts';

/** Slack waits three seconds for the answer to a submit; the rest is for the way there and back. */
export const ANSWER_WITHIN_MS = 1_800;

/** `steps`: what the person can do then, for the message; a field has no buttons. */
export type Refused = { sentence: string; field: string; steps?: readonly Button[] };

export const refusedBy = (
  error: unknown,
  { slack, field }: { slack: Pick<SubmitCall['slack'], 'log'>; field: string },
): Refused => ({ field, sentence: explainError(error, slack.log), steps: stepsAfter(error) });

const asMessage = ({ sentence, steps = [] }: Refused): Reply => answerWith(sentence, steps);

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
  if (late !== null) await call.reply(asMessage(late));
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
    return call.reply('view' in late ? { text: late.text } : asMessage(late));
  }
  const { value } = soon;
  return call.ack(
    'view' in value
      ? { response_action: 'update', view: value.view }
      : { response_action: 'errors', errors: { [value.field]: forField(value.sentence) } },
  );
};
