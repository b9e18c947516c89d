/** The buttons of an incident's messages. What they are about stands in them; who may is judged by the use cases at the click. */
import type { Button } from '@slack/types';
import { userIdIn } from '../../../domain/principals/requester.ts';
import { DomainError } from '../../../domain/errors.ts';
import type { Incident } from '../../../domain/incidents/incident.ts';
import { reasonFor } from '../../../application/queries/incident-briefing.ts';
import type { IncidentView } from '../../../application/incidents/incident-types.ts';
import type { RequestView } from '../../../application/record/request-view.ts';
import type { PreviewResult } from '../../../application/queries/preview.ts';
import { ACTION, incidentRequestButton, showCredentialsButton } from '../../messages/render/buttons.ts';
import { factsOf } from '../../../application/messages/facts.ts';
import { names, roomName } from '../../messages/render/incident-lines.ts';
import { incidentSubject, readSubject } from '../../messages/render/incident-subject.ts';
import { missingWords } from '../../messages/render/incident.ts';
import { ruleName, what } from '../../messages/render/phrases.ts';
import { date } from '../../messages/render/text.ts';
import { answerWith } from '../answer.ts';
import type { Action, ActionCall, Reply, Slack } from '../context.ts';
import { overrideHint } from '../../errors.ts';
import { sentenceOfDenial, sentenceOfProblem } from '../../sentences/problems.ts';
import { readChannel } from '../../incident-channels/read-channel.ts';
import { choose, EMPTY, onlyRole } from '../views/form-state.ts';
import type { FormState } from '../views/form-state.ts';
import { openForm, refreshForm } from '../views/open-form.ts';
import { loadingForm } from '../views/request-form.ts';

const openIncidentOf = async ({ store }: Slack, incidentId: string): Promise<Incident> => {
  const incident = await store.read.incident(incidentId);
  if (!incident) throw new DomainError('incident_not_found', { id: incidentId });
  if (incident.state !== 'open') throw new DomainError('incident_closed', { channel: incident.channelName });
  return incident;
};

const formFor = (slack: Slack, incident: Incident, chosen: { target: string; role: string }): FormState => ({
  ...EMPTY,
  ...choose(slack.policy(), chosen.target, chosen.role || onlyRole(slack.policy(), chosen.target)),
  room: { channelId: incident.channelId, isIncident: true },
});

export const incidentRequest: Action = {
  id: ACTION.incidentRequest,
  run: async ({ slack, userId, triggerId, value }) => {
    const { incidentId, target = '', role = '' } = readSubject(value);
    const incident = await openIncidentOf(slack, incidentId);
    await openForm(slack, { userId, triggerId, state: formFor(slack, incident, { target, role }) });
  },
};

/** The same as this person last requested here, to be looked over before it is sent. */
export const incidentAgain: Action = {
  id: ACTION.incidentAgain,
  run: async ({ slack, userId, triggerId, value: incidentId, reply }) => {
    const opened = await slack.client.views.open({ trigger_id: triggerId, view: loadingForm() });
    const { id, hash = '' } = opened.view ?? {};
    const incident = await openIncidentOf(slack, incidentId);
    const view = await slack.useCases.incidentView({ id: incidentId });
    const own = (view?.requests ?? []).filter(({ requester }) => userIdIn(requester) === userId);
    const last = own.toSorted((a, b) => b.request.createdAt.getTime() - a.request.createdAt.getTime())[0]?.request;
    if (!last) await reply({ text: 'You have not requested access in this incident yet, so the form is empty.' });
    const { durationMs = null, reason = '', ticket = null } = last ?? {};
    const chosen = formFor(slack, incident, { target: last?.target ?? '', role: last?.role ?? '' });
    const state = { ...chosen, durationMs, reason, ticket: ticket ?? '' };
    if (id) await refreshForm(slack, { userId, view: { id, hash }, state });
  },
};

type Wish = { incident: Incident; target: string; role: string; view: IncidentView };

const ownLive = ({ view, target, role }: Wish, userId: string) =>
  view.requests.find(
    ({ request, requester, grant }) =>
      userIdIn(requester) === userId &&
      request.target === target &&
      request.role === role &&
      (grant?.state === 'active' || grant?.state === 'activating'),
  );

/** Two clicks before the first was stored are one request; after it ended, a click is another one. */
const keyOf = ({ incident, target, role, view }: Wish, userId: string): string => {
  const before = view.requests.filter(
    ({ request, requester }) => userIdIn(requester) === userId && request.target === target && request.role === role,
  );
  return `incident:${incident.id}:${userId}:${target}/${role}:${before.length}`;
};

/** Requests only what a rule gives at once: no approver is notified because of this button. */
export const incidentRead: Action = {
  id: ACTION.incidentRead,
  run: async (call) => {
    const { slack, userId } = call;
    const { incidentId, target = '', role = '' } = readSubject(call.value);
    const incident = await openIncidentOf(slack, incidentId);
    const view = await slack.useCases.incidentView({ id: incidentId });
    if (!view) throw new DomainError('incident_not_found', { id: incidentId });
    const wish = { incident, target, role, view };
    const live = ownLive(wish, userId);
    if (live?.grant?.state === 'active')
      return call.reply(
        answerWith(`You have this access already, until ${date(live.grant.expiresAt, live.now)}.`, [
          showCredentialsButton(live.grant.id),
        ]),
      );
    if (live) return call.reply({ text: 'It is being set up already. You get a direct message when it is ready.' });
    const wanted = {
      userId,
      target,
      role,
      reason: reasonFor(incident),
      ticket: null,
      incidentChannelId: incident.channelId,
    };
    const looked = await slack.useCases.preview({ ...wanted, durationMs: null });
    const no = refusal(looked);
    if (no) return call.reply(answerWith(no, [requestButton(wish)]));
    await take(call, wish, { ...wanted, durationMs: usualMs(slack, wish, looked.verdict.capMs) });
  },
};

const usualMs = ({ policy }: Slack, { target, role }: Wish, capMs: number): number =>
  Math.min(policy().targets[target]?.roles[role]?.defaultMs ?? capMs, capMs);

/** The form, which sends it to the approvers. */
const requestButton = ({ incident, target, role }: Wish): Button =>
  incidentRequestButton(incidentSubject({ incidentId: incident.id, target, role }));

/** null when a rule gives it at once. */
const refusal = ({ verdict, eligible }: PreviewResult): string | null => {
  if (verdict.decision === 'approve') return null;
  if (verdict.decision === 'deny') return `You do not get in at once. ${sentenceOfDenial(verdict)}`;
  const may = eligible.flatMap(({ people }) => people);
  const who = may.length > 0 ? ` (${names(may)})` : '';
  return `You do not get in at once: this button is for the person on call. For you, rule ${ruleName(verdict.rule)} needs an approval by ${missingWords(verdict.requirements)}${who}.`;
};

type Wanted = Parameters<Slack['useCases']['preview']>[0];

const take = async (call: ActionCall, wish: Wish, wanted: Wanted): Promise<void> => {
  const { slack, userId } = call;
  const result = await slack.useCases.createRequest({ ...wanted, idempotencyKey: keyOf(wish, userId) });
  if (result.outcome === 'denied')
    return call.reply(
      answerWith(`${sentenceOfDenial(result.verdict)}${overrideHint(result.override)}`, [requestButton(wish)]),
    );
  if (result.outcome === 'refused')
    return call.reply(answerWith(result.problems.map(sentenceOfProblem).join(' '), [requestButton(wish)]));
  return call.reply(takenReply(slack, result.view));
};

/** The way in is on it; until the target has confirmed the access, the button says so. */
const takenReply = ({ policy }: Slack, { request, grant }: RequestView): Reply => {
  const name = what({ request }, factsOf(policy(), request));
  if (request.state === 'pending') return { text: `${name} is requested. The approvers were notified.` };
  const words = `${name} is approved by rule ${ruleName(request.rule)}.`;
  return answerWith(words, grant === null ? [] : [showCredentialsButton(grant.id)]);
};

/** By anyone who may open incidents: from then on the rules take it for one. */
export const incidentConfirm: Action = {
  id: ACTION.incidentConfirm,
  run: async ({ slack, userId, value: incidentId, reply }) => {
    const { channelId, channelName } = await openIncidentOf(slack, incidentId);
    const channel = await readChannel(slack.client, channelId);
    if (!channel) throw new DomainError('incident_not_found', { id: incidentId });
    const { isConfirmed, outcome, incident } = await slack.useCases.openIncident({ userId, channel, severity: null });
    if (outcome === 'renamed')
      return reply({
        text: `The channel is called ${roomName(incident)} since a moment ago, so nothing was confirmed. Look at it and press the button again.`,
      });
    if (!isConfirmed)
      return reply({
        text: `You may not open incidents, so ${roomName({ channelName })} stays as it is. Ask a member of a group that the policy names.`,
      });
    return reply({ text: `${roomName({ channelName })} is confirmed: rules about incidents apply to it now.` });
  },
};

export const keepGrant: Action = {
  id: ACTION.keepGrant,
  run: async ({ slack, userId, value: grantId, reply }) => {
    const { view } = await slack.useCases.keepGrant({ userId, grantId });
    const { grant, now } = view;
    const until = grant ? ` until ${date(grant.expiresAt, now)}` : '';
    return reply({
      text: `${what(view, factsOf(slack.policy(), view.request))} stays yours${until}. Give it back when you are done.`,
    });
  },
};
