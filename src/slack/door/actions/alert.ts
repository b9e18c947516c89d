/** What those who are notified of an alert can do: request at once what it is mapped to, or look the request over in the form first. */
import type { Button } from '@slack/types';
import { mappingNamed, reasonOf } from '../../../domain/alerts/mapping.ts';
import { ACTION, changeForAlertButton } from '../../messages/render/buttons.ts';
import { roomOf } from '../../messages/channels.ts';
import { answerWith } from '../answer.ts';
import type { Action, Slack } from '../context.ts';
import { overrideHint } from '../../errors.ts';
import { sentenceOfDenial, sentenceOfProblem } from '../../sentences/problems.ts';
import { choose, EMPTY } from '../views/form-state.ts';
import { refreshForm } from '../views/open-form.ts';
import { loadingForm } from '../views/request-form.ts';
import { sentLines } from '../views/result-view.ts';
import { deliveryKey } from '../delivered-once.ts';

/** The form is a person's: a job's request is not changed there. */
const changing = async (slack: Slack, alertId: string): Promise<Button[]> => {
  const view = await slack.store.read.alertView(alertId);
  const mapping = view && mappingNamed(slack.policy(), view.alert.mapping);
  return mapping?.client === null ? [changeForAlertButton(alertId)] : [];
};

/** The one who clicks requests; the alert's message is refreshed, and the request's own messages say the rest. */
export const requestForAlertNow: Action = {
  id: ACTION.requestForAlertAction,
  run: async ({ slack, userId, triggerId, value: alertId, message, reply }) => {
    const incidentChannelId = message && roomOf(message.channelId);
    const key = { idempotencyKey: deliveryKey('trigger', triggerId), isAutomatic: false };
    const input = { userId, alertId, incidentChannelId, ...key };
    const result = await slack.useCases.requestForAlert(input);
    if (result.outcome === 'sent') return reply({ text: sentLines(slack.policy(), result).join('\n') });
    const change = await changing(slack, alertId);
    if (result.outcome === 'denied')
      return reply(answerWith(`${sentenceOfDenial(result.verdict)}${overrideHint(result.override)}`, change));
    return reply(answerWith(`Not sent. ${result.problems.map(sentenceOfProblem).join(' ')}`, change));
  },
};

export const changeForAlert: Action = {
  id: ACTION.changeForAlert,
  run: async ({ slack, userId, triggerId, value: alertId, message }) => {
    const opened = await slack.client.views.open({ trigger_id: triggerId, view: loadingForm() });
    const { id, hash } = opened.view ?? {};
    const view = await slack.store.read.alertView(alertId);
    const mapping = view && mappingNamed(slack.policy(), view.alert.mapping);
    const { target = '', role = '', durationMs = null } = mapping ?? {};
    const channelId = message && roomOf(message.channelId);
    const room = channelId ? { channelId, isIncident: true } : null;
    const reason = view ? reasonOf(view.alert) : '';
    const state = { ...EMPTY, ...choose(slack.policy(), target, role), durationMs, reason, alertId, room };
    if (id) await refreshForm(slack, { userId, view: { id, hash: hash ?? '' }, state });
  },
};
