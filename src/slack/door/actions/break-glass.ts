/** Break-glass from the form and from a request that waits: what is filled in goes over into the view that confirms it. */
import { DomainError } from '../../../domain/errors.ts';
import type { Policy } from '../../../domain/policy/types.ts';
import { userIdIn } from '../../../domain/principals/requester.ts';
import { ACTION } from '../../messages/render/buttons.ts';
import type { Action } from '../context.ts';
import { openBreakGlass } from '../views/break-glass-form.ts';
import { readForm } from '../views/form-state.ts';

/** The view has no field for it, and says how long it is: what was meant for an approval may be longer than break-glass gives. */
const capped = ({ breakGlass: allowed }: Policy, durationMs: number | null): number | null =>
  durationMs === null || !allowed ? durationMs : Math.min(durationMs, allowed.maxMs);

export const breakGlass: Action = {
  id: ACTION.breakGlass,
  run: async ({ slack, userId, triggerId, view }) => {
    if (!view) return;
    const { target, role, durationMs, reason, ticket, room } = readForm(slack.policy(), view);
    const requested = {
      target: target?.name ?? '',
      role: role?.name ?? '',
      durationMs: capped(slack.policy(), durationMs),
      reason,
      ticket: ticket || null,
      incidentChannelId: room?.channelId ?? null,
    };
    await openBreakGlass(slack, { userId, triggerId, requested }, 'push');
  },
};

/** Only one's own; whether they may is judged when they take it. */
export const breakGlassFor: Action = {
  id: ACTION.breakGlassFor,
  run: async ({ slack, userId, triggerId, value: requestId }) => {
    const view = await slack.store.read.view(requestId);
    if (!view || userIdIn(view.requester) !== userId) throw new DomainError('request_not_found', { id: requestId });
    const { target, role, durationMs, reason, ticket } = view.request;
    const requested = { target, role, reason, ticket, incidentChannelId: view.incident?.channelId ?? null };
    const opening = { userId, triggerId, requested: { ...requested, durationMs: capped(slack.policy(), durationMs) } };
    await openBreakGlass(slack, opening, 'open');
  },
};
