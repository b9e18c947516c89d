/** The form by which an approver allows a client one use of a window. */
import type { KnownBlock, ModalView } from '@slack/types';
import type { AllowClientResult } from '../../../application/requests/allow-client.ts';
import { factsOf } from '../../../application/messages/facts.ts';
import { formatDuration } from '../../../domain/time/durations.ts';
import { readTypedDuration } from '../../../domain/time/typed-duration.ts';
import type { Policy } from '../../../domain/policy/types.ts';
import { INPUT_TEXT_MAX, OPTION_TEXT_MAX, REASON_PUSHED_MAX, SECTION_TEXT_MAX } from '../../messages/render/limits.ts';
import { howLong, what, whoMayApprove } from '../../messages/render/phrases.ts';
import { status } from '../../messages/render/status.ts';
import { context, cut, mention, plain, said, section } from '../../messages/render/text.ts';
import { sentenceOfDenial, sentenceOfProblem } from '../../sentences/problems.ts';
import type { Slack, SubmitCall, ViewHandler } from '../context.ts';
import { answerWithView, refusedBy } from './answer-submit.ts';
import type { Done, Refused } from './answer-submit.ts';
import { text } from './texts.ts';

const ALLOW_CLIENT_FORM = 'allow_client_form';
const FIELDS = { client: 'client', role: 'role', window: 'window', time: 'time', reason: 'reason', ticket: 'ticket' };
/** Slack: docs.slack.dev/reference/block-kit/block-elements/select-menu-element: at most 100 options, and a value of at most 150 characters. */
const OPTIONS_MAX = 100;
const VALUE_MAX = 150;
const TICKET_MAX = 200;
const TIME_MAX = 40;

const option = (value: string, label = value) => ({
  text: text(plain(label, OPTION_TEXT_MAX), OPTION_TEXT_MAX),
  value,
});

const select = (id: string, label: string, options: ReturnType<typeof option>[]): KnownBlock => ({
  type: 'input',
  block_id: id,
  label: text(label, 50),
  element: { type: 'static_select', action_id: id, options: options.slice(0, OPTIONS_MAX) },
});

type Typed = { label: string; max: number; isMultiline?: boolean; isOptional?: boolean };

const input = (id: string, { label, max, isMultiline = false, isOptional = false }: Typed): KnownBlock => ({
  type: 'input',
  block_id: id,
  optional: isOptional,
  label: text(label, 50),
  element: { type: 'plain_text_input', action_id: id, multiline: isMultiline, max_length: max },
});

const rolesOf = ({ targets }: Policy) =>
  Object.values(targets).flatMap((target) =>
    Object.values(target.roles).map((role) =>
      option(`${target.name}/${role.name}`, `${target.title || target.name} · ${role.title || role.name}`),
    ),
  );

const windowsOf = ({ windows }: Policy) => Object.keys(windows).map((name) => option(name));

const nothing = (why: string): ModalView => ({
  type: 'modal',
  title: text('Allow a client'),
  close: text('Close'),
  blocks: [section(why)],
});

const form = (policy: Policy): ModalView => {
  const clients = Object.keys(policy.clients).map((name) => option(name));
  const [roles, windows] = [rolesOf(policy), windowsOf(policy)].map((all) =>
    all.filter(({ value }) => value.length <= VALUE_MAX),
  );
  if (clients.length === 0) return nothing('The policy has no clients, so there is nothing to allow.');
  if (!windows?.length) return nothing('The policy has no windows. An admin adds one to `windows` in the policy.');
  const isCut = [clients, roles ?? [], windows].some(({ length }) => length > OPTIONS_MAX);
  return {
    type: 'modal',
    callback_id: ALLOW_CLIENT_FORM,
    title: text('Allow a client'),
    submit: text('Allow'),
    close: text('Back'),
    blocks: [
      section('One use by a job of this client in the next opening of the window, with your approval.'),
      select(FIELDS.client, 'Client', clients),
      select(FIELDS.role, 'Role', roles ?? []),
      select(FIELDS.window, 'Window', windows),
      input(FIELDS.time, { label: 'How long', max: TIME_MAX, isOptional: true }),
      input(FIELDS.reason, { label: 'Reason', max: INPUT_TEXT_MAX, isMultiline: true }),
      input(FIELDS.ticket, { label: 'Ticket', max: TICKET_MAX, isOptional: true }),
      context(
        `The rules and their limits still hold. Without a time it is the usual one of the role.${isCut ? ' Not everything fits here: the command takes any name.' : ''}`,
      ),
    ],
  };
};

export const openAllowClient = async (slack: Slack, triggerId: string): Promise<void> => {
  await slack.client.views.open({ trigger_id: triggerId, view: form(slack.policy()) });
};

/** The answer to the command and to the form. */
export const allowedText = (policy: Policy, result: AllowClientResult): { isAllowed: boolean; text: string } => {
  if (result.outcome === 'refused')
    return { isAllowed: false, text: `Not allowed. ${result.problems.map(sentenceOfProblem).join(' ')}` };
  if (result.outcome === 'denied') return { isAllowed: false, text: sentenceOfDenial(result) };
  const { view } = result;
  const facts = factsOf(policy, view.request);
  if (result.outcome === 'longer') {
    const there = `${mention(view.requester)}: ${what(view, facts)} is requested for this opening already, for *${howLong(view)}*: ${said(view.request.reason, REASON_PUSHED_MAX)}`;
    const next = `You allow ${formatDuration(result.allowedMs)}, so nothing was approved. Decide on it in its message: *Approve with changes* makes it shorter.`;
    return { isAllowed: false, text: [there, next].join('\n') };
  }
  const { isNeedless } = result;
  const lines = [
    `${mention(view.requester)}: ${what(view, facts)} for *${howLong(view)}*.`,
    status(view),
    isNeedless ? 'Its rule approves it by itself, so your approval was not needed.' : null,
    view.request.state === 'pending'
      ? `Your approval counts. *It is not enough alone:* ${whoMayApprove(view, facts)}`
      : null,
  ];
  return { isAllowed: true, text: lines.filter((line) => line !== null).join('\n') };
};

const doneView = (answer: string): ModalView => ({ ...nothing(cut(answer, SECTION_TEXT_MAX)), title: text('Allowed') });

const allow = async ({ slack, userId, view: { values } }: SubmitCall): Promise<Refused | Done> => {
  const chosen = (id: string): string => values[id]?.[id]?.selected_option?.value ?? '';
  const typed = (id: string): string => values[id]?.[id]?.value?.trim() ?? '';
  const time = typed(FIELDS.time);
  const durationMs = time === '' ? null : readTypedDuration(time);
  if (time !== '' && durationMs === null)
    return {
      field: FIELDS.time,
      sentence: `“${plain(time, TIME_MAX)}” is no duration. Write it like 20m, 1h or 1h30m.`,
    };
  const [target = '', role = ''] = chosen(FIELDS.role).split('/');
  try {
    const result = await slack.useCases.allowClient({
      userId,
      client: chosen(FIELDS.client),
      target,
      role,
      durationMs,
      window: chosen(FIELDS.window),
      reason: typed(FIELDS.reason),
      ticket: typed(FIELDS.ticket) || null,
    });
    const answer = allowedText(slack.policy(), result);
    return answer.isAllowed
      ? { text: answer.text, view: doneView(answer.text) }
      : { field: FIELDS.reason, sentence: answer.text };
  } catch (error) {
    return refusedBy(error, { slack, field: FIELDS.client });
  }
};

export const allowClientSubmit: ViewHandler = {
  callbackId: ALLOW_CLIENT_FORM,
  run: (call) => answerWithView(call, allow(call)),
};
