/** Before much is ended at once: what exactly, and why. */
import type { Button, KnownBlock, ModalView } from '@slack/types';
import type { Policy } from '../../../domain/policy/types.ts';
import type { RevocationPreview, RevokeWhat } from '../../../application/revocations/revoke-all.ts';
import { SECTION_TEXT_MAX, VOTE_REASON_SHOWN_MAX } from '../../messages/render/limits.ts';
import { previewBlocks } from '../../messages/render/revocation.ts';
import { cut, section } from '../../messages/render/text.ts';
import type { Slack, SubmitCall, ViewHandler } from '../context.ts';
import { explainError, forField } from '../../errors.ts';
import { sayButtons } from '../../messages/render/line-buttons.ts';
import { stepsAfter } from '../../next-steps.ts';
import { answerWith } from '../answer.ts';
import { withinMs } from '../../../lib/timeout.ts';
import { ANSWER_WITHIN_MS } from './answer-submit.ts';
import { text } from './texts.ts';
import { pluralize } from '../../../lib/pluralize.ts';

const REVOKE_FORM = 'revoke_form';
const REASON = 'reason';
const AGAIN = { line: 'revoke', label: 'Show live access' };

const shell = (blocks: KnownBlock[], rest: Partial<ModalView> = {}): ModalView => ({
  type: 'modal',
  title: text('Revoke access'),
  close: text('Back'),
  ...rest,
  blocks,
});

const reasonInput: KnownBlock = {
  type: 'input',
  block_id: REASON,
  optional: true,
  label: text('Why', 50),
  hint: text('Everybody whose access ends reads this, and it is kept.', 75),
  element: { type: 'plain_text_input', action_id: REASON, multiline: true, max_length: VOTE_REASON_SHOWN_MAX },
};

/** `person U0ADA`, `target orders-db`, `all`: who may is judged again when it is sent. */
const written = (what: RevokeWhat): string =>
  what.kind === 'all' ? 'all' : `${what.kind} ${what.kind === 'person' ? what.userId : what.target}`;

const readBack = (metadata: string): RevokeWhat | null => {
  const [kind = '', ...rest] = metadata.split(' ');
  const name = rest.join(' ');
  if (kind === 'all') return { kind };
  if (kind === 'person' && name) return { kind, userId: name };
  return kind === 'target' && name ? { kind, target: name } : null;
};

const confirmView = (policy: Policy, what: RevokeWhat, preview: RevocationPreview): ModalView => {
  const blocks = previewBlocks(policy, preview, what.kind === 'target' ? what.target : null);
  const { grants, requests, preApprovals } = preview;
  if (grants + requests + preApprovals === 0)
    return shell([section('There is nothing to end: no access, no pending request, no pre-approval.')]);
  const submit = grants > 0 ? `End ${pluralize(grants, 'grant')}` : 'Revoke';
  const rest = { callback_id: REVOKE_FORM, private_metadata: written(what), submit: text(submit) };
  return shell([...blocks, reasonInput], rest);
};

/** The view opens before anything is read, because the trigger lives three seconds; then it is filled. */
export const openRevokeForm = async (
  slack: Slack,
  { userId, triggerId, what }: { userId: string; triggerId: string; what: RevokeWhat },
): Promise<void> => {
  const opened = await slack.client.views.open({
    trigger_id: triggerId,
    view: shell([section('Looking what there is…')]),
  });
  const viewId = opened.view?.id;
  if (!viewId) throw new Error('views.open gave no view id');
  await slack.client.views.update({ view_id: viewId, view: await filled(slack, userId, what) });
};

const filled = async (slack: Slack, userId: string, what: RevokeWhat): Promise<ModalView> => {
  try {
    return confirmView(slack.policy(), what, await slack.useCases.previewRevocation({ userId, what }));
  } catch (error) {
    return shell([section(cut(explainError(error, slack.log), SECTION_TEXT_MAX))]);
  }
};

type Ordered = { id: string } | { problem: string; steps: readonly Button[] };

const order = async ({ slack, userId, view }: SubmitCall): Promise<Ordered> => {
  const what = readBack(view.privateMetadata);
  if (!what) return { problem: 'What to end could not be read. Choose it again.', steps: sayButtons([AGAIN]) };
  const reason = view.values[REASON]?.[REASON]?.value?.trim() || null;
  try {
    return await slack.useCases.revokeAll({ userId, what, reason });
  } catch (error) {
    return { problem: explainError(error, slack.log), steps: stepsAfter(error) };
  }
};

export const revokeSubmit: ViewHandler = {
  callbackId: REVOKE_FORM,
  run: async (call) => {
    const ordering = order(call);
    const soon = await withinMs(ordering, ANSWER_WITHIN_MS);
    if (soon.isThere && 'problem' in soon.value)
      return call.ack({ response_action: 'errors', errors: { [REASON]: forField(soon.value.problem) } });
    await call.ack();
    const ordered = await ordering;
    if ('problem' in ordered) return call.reply(answerWith(ordered.problem, ordered.steps));
    // At once and here: this needs neither Redis nor another process. Workers go on where this one stops.
    await call.slack.useCases.runRevocation({ id: ordered.id });
  },
};
