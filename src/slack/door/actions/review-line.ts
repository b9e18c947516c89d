/** A line of a review campaign: kept with a click, or changed with a note. */
import { ACTION } from '../../messages/render/buttons.ts';
import { inline } from '../../messages/render/text.ts';
import type { Action } from '../context.ts';
import { lineForm } from '../views/review-line-form.ts';

const SUBJECT_SHOWN_MAX = 150;

export const keepLine: Action = {
  id: ACTION.keepLine,
  run: async ({ slack, userId, value: lineId, reply }) => {
    const { line, view } = await slack.useCases.decideLine({ userId, lineId, decision: 'keep', note: null });
    const { undecided } = view.counts;
    const rest = undecided === 0 ? 'The review is complete.' : `${undecided} lines of the review are undecided.`;
    await reply({ text: `Kept: *${inline(line.subject, SUBJECT_SHOWN_MAX)}*. ${rest}` });
  },
};

export const changeLine: Action = {
  id: ACTION.changeLine,
  run: async ({ slack, triggerId, value: lineId }) => {
    await slack.client.views.open({ trigger_id: triggerId, view: lineForm(lineId) });
  },
};
