/** A button that says a line, for the person who clicks it. */
import { FORM_WITH_LINE_IDS, SAY_LINE_IDS } from '../../messages/render/line-buttons.ts';
import { roomOf } from '../../messages/channels.ts';
import type { Action, ActionCall } from '../context.ts';
import { deliveryKey } from '../delivered-once.ts';
import { runCommand } from '../commands/registry.ts';
import { parseRequestLine, ticketPatterns } from '../commands/parse-request.ts';
import { choose, EMPTY } from '../views/form-state.ts';
import type { FormState } from '../views/form-state.ts';
import { openForm } from '../views/open-form.ts';

/** A second click on one button of one message is the same request; in a view each click is its own. */
const keyOf = ({ message, triggerId, value }: ActionCall): string | null =>
  message === null
    ? deliveryKey('trigger', triggerId)
    : deliveryKey('message', JSON.stringify([message.channelId, message.ts, value]));

const say = async (call: ActionCall): Promise<void> => {
  const channelId = call.message?.channelId ?? '';
  await runCommand({ ...call, channelId, text: call.value, deliveryKey: keyOf(call) });
};

export const sayLineActions: readonly Action[] = SAY_LINE_IDS.map((id) => ({ id, run: say }));

const stateOf = ({ slack, value, message }: ActionCall): FormState => {
  const policy = slack.policy();
  const read = parseRequestLine(policy, value, { tickets: ticketPatterns(policy) });
  if (!read.isRead) return EMPTY;
  const { target, role, durationMs, reason, ticket, start } = read.line;
  const channelId = roomOf(message?.channelId ?? '');
  return {
    ...EMPTY,
    ...choose(policy, target, role),
    durationMs,
    reason,
    ticket: ticket ?? '',
    startsAt: start?.kind === 'at' ? start.at : null,
    room: channelId === null ? null : { channelId, isIncident: false },
  };
};

const openWithLine = (call: ActionCall): Promise<void> => openForm(call.slack, { ...call, state: stateOf(call) });

export const formWithLineActions: readonly Action[] = FORM_WITH_LINE_IDS.map((id) => ({ id, run: openWithLine }));
