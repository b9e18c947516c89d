/** views.*. Slack: docs.slack.dev/reference/methods/views.open and its siblings */
import { SlackError } from '../errors.ts';
import type { Json, StoredView } from '../types.ts';
import { exchangeTrigger } from '../interaction-keys.ts';
import { homeKey } from '../organisation.ts';
import { openModal, publishHome, pushModal, readView, replaceView, stackOf, viewWire } from '../views.ts';
import { bot, needText, text } from './method.ts';
import type { CallContext, Method } from './method.ts';

const triggerOf = (call: CallContext): unknown => call.args.trigger_id ?? call.args.interactivity_pointer;

const answer = (call: CallContext, view: StoredView): Json => ({
  view: viewWire(call.state, view),
});

const open = (call: CallContext): Json => {
  const view = readView(call.state, call.args.view, 'modal');
  const userId = exchangeTrigger(call.state, triggerOf(call));
  return answer(call, openModal(call.state, userId, view));
};

const push = (call: CallContext): Json => {
  const view = readView(call.state, call.args.view, 'modal');
  const userId = exchangeTrigger(call.state, triggerOf(call));
  // Measured in slackapi/python-slack-sdk issue 804: a trigger from outside a modal is invalid here.
  if (stackOf(call.state, userId).length === 0) throw new SlackError('invalid_trigger_id');
  return answer(call, pushModal(call.state, userId, view));
};

const checkHash = (call: CallContext, view: StoredView | undefined): void => {
  const hash = text(call, 'hash');
  if (view !== undefined && hash !== undefined && hash !== '' && hash !== view.hash) {
    throw new SlackError('hash_conflict');
  }
};

const find = (call: CallContext): StoredView => {
  const { state } = call;
  const externalId = text(call, 'external_id');
  const found =
    externalId === undefined
      ? state.views.get(needText(call, 'view_id'))
      : [...state.views.values()].find((view) => view.externalId === externalId);
  if (found === undefined) throw new SlackError('not_found');
  return found;
};

const update = (call: CallContext): Json => {
  const target = find(call);
  const view = readView(call.state, call.args.view, target.type);
  checkHash(call, target);
  return answer(call, replaceView(call.state, target, view));
};

const publish = (call: CallContext): Json => {
  const { state } = call;
  const userId = needText(call, 'user_id');
  if (!state.people.has(userId)) {
    throw new SlackError('invalid_arguments', {
      response_metadata: { messages: ['[ERROR] invalid user_id'] },
    });
  }
  const view = readView(state, call.args.view, 'home');
  checkHash(call, state.homes.get(homeKey(state, userId)));
  return answer(call, publishHome(state, userId, view));
};

export const viewMethods: Record<string, Method> = {
  'views.open': bot([], open),
  'views.push': bot([], push),
  'views.update': bot([], update),
  'views.publish': bot([], publish),
};
