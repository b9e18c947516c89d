/** Approve counts at once; Deny asks why first. */
import { ACTION, readShownValue, withdrawVoteButton } from '../../messages/render/buttons.ts';
import { answerWith } from '../answer.ts';
import type { Action } from '../context.ts';
import { denyForm } from '../views/deny.ts';
import { refreshHome } from './refresh-home.ts';

export const approve: Action = {
  id: ACTION.approve,
  run: async (call) => {
    const { slack, userId, value } = call;
    const { requestId, shown } = readShownValue(value);
    const { outcome } = await slack.useCases.vote({ userId, requestId, shown, kind: 'approve', reason: null });
    if (outcome === 'counted')
      await call.reply(
        answerWith('Your approval counts. It needs one more approver.', [withdrawVoteButton(requestId)]),
      );
    await refreshHome(call);
  },
};

/** A mistaken Approve that has decided nothing yet; one that has is undone by *End now*. */
export const withdrawVote: Action = {
  id: ACTION.withdrawVote,
  run: async (call) => {
    await call.slack.useCases.withdrawVote({ userId: call.userId, requestId: call.value });
    await call.reply({ text: 'Your approval is withdrawn. The request waits as before.' });
    await refreshHome(call);
  },
};

export const deny: Action = {
  id: ACTION.deny,
  run: async ({ slack, triggerId, value, view }) => {
    await slack.client.views.open({ trigger_id: triggerId, view: denyForm(value, view?.type === 'home') });
  },
};
