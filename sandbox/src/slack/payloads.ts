/** What Slack sends when a person acts. Slack: docs.slack.dev/reference/interaction-payloads */
import { escapeCommandText } from './command-text.ts';
import { attachedBlocks } from './blocks/attachments.ts';
import { messageWire } from './messages.ts';
import type { Runtime } from './runtime.ts';
import type { State } from './state.ts';
import { newResponseUrl, newTrigger } from './interaction-keys.ts';
import type { Channel, Json, Message, StoredView } from './types.ts';
import { viewWire } from './views.ts';

const who = (state: State, userId: string): Json => {
  const person = state.people.get(userId);
  const name = person?.name ?? userId;
  const teamId = person?.teamIds.includes(state.team.id) === true ? state.team.id : person?.teamId;
  return { id: userId, username: name, name, team_id: teamId };
};

/** `team` is where the app is installed, null where in the whole organisation; a person of another team is known by `user.team_id`. */
const common = (state: State, userId: string): Json => {
  const { team, organisation } = state;
  const isForAll = state.installation?.teamId === null;
  const ofEnterprise = organisation && { enterprise_id: organisation.id, enterprise_name: organisation.name };
  return {
    user: who(state, userId),
    api_app_id: state.app.appId,
    token: 'local',
    team: isForAll ? null : { id: team.id, domain: team.domain, ...ofEnterprise },
    enterprise: organisation && { id: organisation.id, name: organisation.name },
    is_enterprise_install: isForAll,
  };
};

const channelLabel = (channel: Channel): string => {
  if (channel.kind === 'im') return 'directmessage';
  return channel.kind === 'private' || channel.kind === 'mpim' ? 'privategroup' : channel.name;
};

/** Slack: docs.slack.dev/interactivity/implementing-slash-commands#app_command_handling */
export const commandPayload = (
  runtime: Runtime,
  given: { userId: string; channel: Channel; command: string; text: string },
): Json => {
  const { state } = runtime;
  const { team, organisation } = state;
  const isEscaped = state.app.commands?.find(({ command }) => command === given.command)?.isEscaped === true;
  const url = newResponseUrl(state, {
    userId: given.userId,
    channelId: given.channel.id,
    sourceTs: undefined,
    threadTs: undefined,
  });
  return {
    token: 'local',
    team_id: team.id,
    team_domain: team.domain,
    ...(organisation ? { enterprise_id: organisation.id, enterprise_name: organisation.name } : {}),
    channel_id: given.channel.id,
    channel_name: channelLabel(given.channel),
    user_id: given.userId,
    user_name: state.people.get(given.userId)?.name ?? given.userId,
    command: given.command,
    text: isEscaped ? escapeCommandText(state, given.text) : given.text,
    api_app_id: state.app.appId,
    is_enterprise_install: String(state.installation?.teamId === null),
    response_url: `${runtime.baseUrl()}${url.path}`,
    trigger_id: newTrigger(state, given.userId),
  };
};

/** Where an interaction happened: in a message, or in a view. */
export type Place = { is: 'message'; message: Message; channel: Channel } | { is: 'view'; view: StoredView };

/** A message holds the element itself, or one of its attachments does. */
const holderOf = (message: Message, blockId: unknown): Json => {
  const attached = attachedBlocks(message.attachments);
  const found = attached.find(({ blocks }) => blocks.some((block) => block.block_id === blockId));
  return found === undefined
    ? { type: 'message' }
    : { type: 'message_attachment', attachment_id: found.id, is_app_unfurl: false };
};

type Used = { place: Place; blockId: unknown };

const messageParts = (
  runtime: Runtime,
  userId: string,
  { place, blockId }: Used & { place: Place & { is: 'message' } },
): { container: Json; rest: Json } => {
  const { state } = runtime;
  const { message, channel } = place;
  const isEphemeral = message.ephemeralFor !== undefined;
  const thread = message.thread_ts === undefined ? {} : { thread_ts: message.thread_ts };
  const container = {
    ...holderOf(message, blockId),
    message_ts: message.ts,
    channel_id: channel.id,
    is_ephemeral: isEphemeral,
    ...thread,
  };
  const values = state.messageInputs.get(`${userId}/${channel.id}/${message.ts}`) ?? {};
  // Slack sends no message for an ephemeral one: it does not keep them.
  const shown = isEphemeral ? {} : { message: messageWire(state, message) };
  return {
    container,
    rest: {
      channel: { id: channel.id, name: channelLabel(channel) },
      ...shown,
      state: { values: structuredClone(values) },
    },
  };
};

const placeParts = (runtime: Runtime, userId: string, { place, blockId }: Used): { container: Json; rest: Json } =>
  place.is === 'message'
    ? messageParts(runtime, userId, { place, blockId })
    : {
        container: { type: 'view', view_id: place.view.id },
        rest: { view: viewWire(runtime.state, place.view) },
      };

/** Slack: docs.slack.dev/reference/interaction-payloads/block_actions-payload */
export const blockActionsPayload = (runtime: Runtime, userId: string, given: { place: Place; action: Json }): Json => {
  const { state } = runtime;
  const { container, rest } = placeParts(runtime, userId, {
    place: given.place,
    blockId: given.action.block_id,
  });
  const url =
    given.place.is === 'view'
      ? undefined
      : newResponseUrl(state, {
          userId,
          channelId: given.place.channel.id,
          sourceTs: given.place.message.ts,
          threadTs: given.place.message.thread_ts,
        });
  return {
    type: 'block_actions',
    ...common(state, userId),
    container,
    trigger_id: newTrigger(state, userId),
    ...rest,
    ...(url === undefined ? {} : { response_url: `${runtime.baseUrl()}${url.path}` }),
    actions: [given.action],
  };
};

/** Slack: docs.slack.dev/reference/interaction-payloads/block_suggestion-payload */
export const suggestionPayload = (
  runtime: Runtime,
  userId: string,
  given: { place: Place; blockId: string; actionId: string; value: string },
): Json => {
  const { container, rest } = placeParts(runtime, userId, given);
  const { state: _state, ...shown } = rest;
  return {
    type: 'block_suggestion',
    ...common(runtime.state, userId),
    container,
    ...shown,
    block_id: given.blockId,
    action_id: given.actionId,
    value: given.value,
  };
};

/** Slack: docs.slack.dev/reference/interaction-payloads/view-interactions-payload */
export const submissionPayload = (runtime: Runtime, view: StoredView): Json => ({
  type: 'view_submission',
  ...common(runtime.state, view.userId),
  trigger_id: newTrigger(runtime.state, view.userId),
  view: viewWire(runtime.state, view),
  response_urls: responseUrls(runtime, view),
});

const responseUrls = (runtime: Runtime, view: StoredView): Json[] =>
  view.blocks.flatMap((block) => {
    const element = block.element as Json | undefined;
    if (element?.response_url_enabled !== true) return [];
    const value = view.values[String(block.block_id)]?.[String(element.action_id)];
    const channelId = value?.selected_conversation ?? value?.selected_channel;
    if (typeof channelId !== 'string') return [];
    const url = newResponseUrl(runtime.state, {
      userId: view.userId,
      channelId,
      sourceTs: undefined,
      threadTs: undefined,
    });
    return [
      {
        block_id: block.block_id,
        action_id: element.action_id,
        channel_id: channelId,
        response_url: `${runtime.baseUrl()}${url.path}`,
      },
    ];
  });

export const closedPayload = (runtime: Runtime, view: StoredView, isCleared: boolean): Json => ({
  type: 'view_closed',
  ...common(runtime.state, view.userId),
  view: viewWire(runtime.state, view),
  is_cleared: isCleared,
});

/** Slack: docs.slack.dev/reference/interaction-payloads/shortcuts-interaction-payload */
export const shortcutPayload = (
  runtime: Runtime,
  userId: string,
  given: { callbackId: string; place?: Place & { is: 'message' } },
): Json => {
  const { state } = runtime;
  const base = {
    ...common(state, userId),
    callback_id: given.callbackId,
    trigger_id: newTrigger(state, userId),
    action_ts: state.nextTs(),
  };
  if (given.place === undefined) return { type: 'shortcut', ...base };
  const { message, channel } = given.place;
  const url = newResponseUrl(state, {
    userId,
    channelId: channel.id,
    sourceTs: message.ts,
    threadTs: message.thread_ts,
  });
  return {
    type: 'message_action',
    ...base,
    channel: { id: channel.id, name: channelLabel(channel) },
    message_ts: message.ts,
    message: messageWire(state, message),
    response_url: `${runtime.baseUrl()}${url.path}`,
  };
};
