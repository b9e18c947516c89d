/** Approve with changes: a form with what was requested, to be made smaller. */
import { ACTION, readShownValue } from '../../messages/render/buttons.ts';
import type { Action, Slack } from '../context.ts';
import { DomainError } from '../../../domain/errors.ts';
import { isAsShown } from '../../../domain/requests/fingerprint.ts';
import { explainError } from '../../errors.ts';
import { changesForm, changesLoading, changesProblem } from '../views/approve-changes.ts';

/** The view opens before anything is read, because the trigger lives three seconds; then it is filled. */
export const approveChanges: Action = {
  id: ACTION.approveChanges,
  run: async ({ slack, triggerId, value }) => {
    const opened = await slack.client.views.open({ trigger_id: triggerId, view: changesLoading() });
    const viewId = opened.view?.id;
    if (!viewId) throw new Error('views.open gave no view id');
    await slack.client.views.update({ view_id: viewId, view: await formFor(slack, value) });
  },
};

const formFor = async (slack: Slack, value: string): ReturnType<typeof draw> => {
  try {
    return await draw(slack, value);
  } catch (error) {
    return changesProblem(explainError(error, slack.log));
  }
};

/** The form says less than the message: it opens only for what that showed. */
const draw = async (slack: Slack, value: string) => {
  const { requestId, shown } = readShownValue(value);
  const view = await slack.store.read.view(requestId);
  if (!view) throw new DomainError('request_not_found', { id: requestId });
  if (view.request.state === 'pending' && !isAsShown(shown, view.request)) throw new DomainError('request_changed');
  return changesForm(slack.policy(), view, slack.useCases.roleRemains(view.request));
};
