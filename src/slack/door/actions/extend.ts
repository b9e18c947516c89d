/** *+30 min*: requests more time at once. What is shown after it says what became of it. */
import { ACTION, readExtendValue } from '../../messages/render/buttons.ts';
import { extendAnswer } from '../commands/extend.ts';
import type { Action } from '../context.ts';
import { refreshHome } from './refresh-home.ts';
import { deliveryKey } from '../delivered-once.ts';

export const extend: Action = {
  id: ACTION.extend,
  run: async (call) => {
    const { slack, userId, triggerId, value } = call;
    const wanted = { ...readExtendValue(value), userId, byMs: null, reason: null };
    const result = await slack.useCases.extend({ ...wanted, idempotencyKey: deliveryKey('trigger', triggerId) });
    const isDone = result.outcome === 'sent' && result.view.request.state === 'approved';
    // Its direct message says where it ends now; here only what that would not.
    if (!isDone) await call.reply(extendAnswer(slack, result));
    await refreshHome(call);
  },
};
