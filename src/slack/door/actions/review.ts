/** Justified or not: the click opens a view for the note; whether the person may is judged when it is sent. */
import type { ReviewOutcome } from '../../../domain/break-glass/follow-up.ts';
import { ACTION } from '../../messages/render/buttons.ts';
import type { Action } from '../context.ts';
import { reviewForm } from '../views/review-form.ts';

const opens = (id: string, outcome: ReviewOutcome): Action => ({
  id,
  run: async ({ slack, triggerId, value: grantId }) => {
    await slack.client.views.open({ trigger_id: triggerId, view: reviewForm(grantId, outcome) });
  },
});

export const justified = opens(ACTION.justified, 'justified');
export const notJustified = opens(ACTION.notJustified, 'not_justified');
