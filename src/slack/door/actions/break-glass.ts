/** The form's break-glass button: what is filled in goes over into the view that asks once more. */
import { ACTION } from '../../messages/render/buttons.ts';
import type { Action } from '../context.ts';
import { openBreakGlass } from '../views/break-glass-form.ts';
import { readForm } from '../views/form-state.ts';

export const breakGlass: Action = {
  id: ACTION.breakGlass,
  run: async ({ slack, userId, triggerId, view }) => {
    if (!view) return;
    const { target, role, durationMs, reason, ticket, room } = readForm(slack.policy(), view);
    const ask = {
      target: target?.name ?? '',
      role: role?.name ?? '',
      durationMs,
      reason,
      ticket: ticket || null,
      incidentChannelId: room?.channelId ?? null,
    };
    await openBreakGlass(slack, { userId, triggerId, ask }, 'push');
  },
};
