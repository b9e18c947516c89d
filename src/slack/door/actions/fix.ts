/** What owners and admins can do about one grant: try to set it up again once the target is fixed, or end it. */
import { ERROR_SHOWN_MAX } from '../../messages/render/limits.ts';
import { ACTION } from '../../messages/render/buttons.ts';
import { inline } from '../../messages/render/text.ts';
import type { Action } from '../context.ts';
import { ENDING } from './own.ts';
import { refreshHome } from './refresh-home.ts';

export const tryAgain: Action = {
  id: ACTION.tryAgain,
  run: async (call) => {
    const result = await call.slack.useCases.tryAgain({ userId: call.userId, grantId: call.value });
    const cause =
      result.outcome === 'not_fixed' && result.problem !== null ? ` ${inline(result.problem, ERROR_SHOWN_MAX)}` : '';
    await call.reply({
      text:
        result.outcome === 'begun'
          ? 'It is being set up. The message changes when it is.'
          : `It is not fixed yet.${cause || ' The owners and the admins have the cause.'}`,
    });
    await refreshHome(call);
  },
};

export const endNow: Action = {
  id: ACTION.endNow,
  run: async (call) => {
    await call.slack.useCases.end({ userId: call.userId, id: call.value, cause: 'revoked', reason: null });
    await call.reply({ text: ENDING });
    await refreshHome(call);
  },
};
