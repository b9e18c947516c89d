/** What the requester can do with their own request or grant. */
import { isDomainError } from '../../../domain/errors.ts';
import { userIdIn } from '../../../domain/principals/requester.ts';
import type { Policy } from '../../../domain/policy/types.ts';
import type { RequestView } from '../../../application/record/request-view.ts';
import { ACTION } from '../../messages/render/buttons.ts';
import type { Action, ActionCall } from '../context.ts';
import { explainError } from '../../errors.ts';
import { credentialsProblem, credentialsView, loadingCredentials } from '../views/credentials.ts';
import { choose, EMPTY } from '../views/form-state.ts';
import type { FormState } from '../views/form-state.ts';
import { openForm, refreshForm } from '../views/open-form.ts';
import { publicKeyForm } from '../views/public-key.ts';
import { loadingForm } from '../views/request-form.ts';
import { refreshHome } from './refresh-home.ts';

export const ENDING = 'It is ending. You get a message when the target has confirmed it.';

/** The view opens before anything is read, because the trigger lives three seconds; then it is filled. */
export const showCredentials: Action = {
  id: ACTION.showCredentials,
  run: async ({ slack, userId, triggerId, value: grantId }) => {
    const opened = await slack.client.views.open({ trigger_id: triggerId, view: loadingCredentials() });
    const viewId = opened.view?.id;
    if (!viewId) throw new Error('views.open gave no view id');
    const view = await credentialsOf(() => slack.useCases.showCredentials({ userId, grantId }), { slack, grantId });
    await slack.client.views.update({ view_id: viewId, view });
  },
};

const credentialsOf = async (
  show: () => ReturnType<ActionCall['slack']['useCases']['showCredentials']>,
  { slack: { log }, grantId }: Pick<ActionCall, 'slack'> & { grantId: string },
): Promise<ReturnType<typeof credentialsView>> => {
  try {
    return credentialsView(await show());
  } catch (error) {
    if (isDomainError(error) && error.code === 'public_key_missing') return publicKeyForm(grantId);
    return credentialsProblem(explainError(error, log));
  }
};

export const done: Action = {
  id: ACTION.done,
  run: async (call) => {
    await call.slack.useCases.end({ userId: call.userId, id: call.value, cause: 'done', reason: null });
    await call.reply({ text: ENDING });
    await refreshHome(call);
  },
};

export const cancel: Action = {
  id: ACTION.cancel,
  run: async (call) => {
    await call.slack.useCases.cancel({ userId: call.userId, requestId: call.value });
    await refreshHome(call);
  },
};

export const ask: Action = {
  id: ACTION.ask,
  run: ({ slack, userId, triggerId }) => openForm(slack, { userId, triggerId }),
};

/** A start that has passed is left out: then it begins at once. */
const stateOf = (policy: Policy, { request, now }: RequestView): FormState => {
  const { target, role, durationMs, reason, ticket, startsAt } = request;
  const ahead = startsAt && startsAt > now ? startsAt : null;
  return { ...EMPTY, ...choose(policy, target, role), durationMs, reason, ticket: ticket ?? '', startsAt: ahead };
};

/** The same ask again, to be looked over before it is sent; only one's own is filled in. */
export const requestAgain: Action = {
  id: ACTION.requestAgain,
  run: async ({ slack, userId, triggerId, value: requestId }) => {
    const opened = await slack.client.views.open({ trigger_id: triggerId, view: loadingForm() });
    const { id, hash } = opened.view ?? {};
    const view = await slack.store.read.view(requestId);
    const isOwn = view !== null && userIdIn(view.requester) === userId;
    const state = isOwn ? stateOf(slack.policy(), view) : EMPTY;
    if (id) await refreshForm(slack, { userId, view: { id, hash: hash ?? '' }, state });
  },
};
