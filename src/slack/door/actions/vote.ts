/** Approve counts at once; Deny asks why first. */
import { ACTION } from '../../messages/render/buttons.ts';
import type { Action } from '../context.ts';
import { denyForm } from '../views/deny.ts';
import { refreshHome } from './refresh-home.ts';

export const approve: Action = {
  id: ACTION.approve,
  run: async (call) => {
    const { slack, userId, value: requestId } = call;
    const { outcome } = await slack.useCases.vote({ userId, requestId, kind: 'approve', reason: null });
    if (outcome === 'counted') await call.reply({ text: 'Your approval counts. Somebody else has to agree too.' });
    await refreshHome(call);
  },
};

export const deny: Action = {
  id: ACTION.deny,
  run: async ({ slack, triggerId, value: requestId, view }) => {
    await slack.client.views.open({ trigger_id: triggerId, view: denyForm(requestId, view?.type === 'home') });
  },
};
