/** From the workspace's state to what one person's window draws. */
import { canRead, visibleTo } from '../slack/messages.ts';
import type { State } from '../slack/state.ts';
import type { Channel, Json, Message, StoredView } from '../slack/types.ts';
import { stackOf } from '../slack/views.ts';
import type { Workspace } from '../slack/workspace.ts';
import type { ChannelCard, MessageCard, PersonCard, UsergroupCard, ViewCard } from './protocol.ts';

/** Of each channel; a demo has far fewer, and a window must stay quick. */
const HISTORY_MAX = 400;

export const peopleCards = (state: State): PersonCard[] =>
  [...state.people.values()].map(({ id, name, realName, title, isBot, isDeleted }) => ({
    id,
    name,
    realName: id === state.app.botUserId ? state.app.name : realName,
    title,
    isApp: id === state.app.botUserId,
    isBot,
    isDeleted,
  }));

export const usergroupCards = (state: State): UsergroupCard[] =>
  [...state.usergroups.values()].map(({ id, handle, name }) => ({ id, handle, name }));

export type ReadTs = (userId: string, channelId: string) => string;

export const channelCards = (state: State, userId: string, readTs: ReadTs): ChannelCard[] =>
  [...state.channels.values()]
    .filter((channel) => canRead(state, channel, userId))
    .map((channel) => ({
      id: channel.id,
      name: channel.name,
      kind: channel.kind,
      isMember: channel.members.has(userId),
      isArchived: channel.isArchived,
      topic: channel.topic,
      memberIds: [...channel.members],
      readTs: readTs(userId, channel.id),
    }));

export const messageCard = (state: State, userId: string, message: Message): MessageCard => ({
  channel: message.channel,
  ts: message.ts,
  text: message.text,
  reactions: message.reactions,
  ...(message.user === undefined ? {} : { user: message.user }),
  ...(message.username === undefined ? {} : { username: message.username }),
  ...(message.subtype === undefined ? {} : { subtype: message.subtype }),
  ...(message.blocks === undefined ? {} : { blocks: message.blocks }),
  ...(message.attachments === undefined ? {} : { attachments: message.attachments }),
  ...(message.files === undefined ? {} : { files: message.files }),
  ...(message.thread_ts === undefined ? {} : { thread_ts: message.thread_ts }),
  ...(message.edited === undefined ? {} : { edited: message.edited }),
  isEphemeral: message.ephemeralFor !== undefined,
  isFromApp: message.bot_id !== undefined,
  values: state.messageInputs.get(`${userId}/${message.channel}/${message.ts}`) ?? {},
});

export const maySee = (state: State, userId: string, message: Message): boolean => {
  const channel = state.channels.get(message.channel);
  if (channel === undefined || !canRead(state, channel, userId)) return false;
  return message.ephemeralFor === undefined || message.ephemeralFor === userId;
};

export const historyOf = (state: State, userId: string, channel: Channel): MessageCard[] =>
  visibleTo(state, channel, userId)
    .slice(-HISTORY_MAX)
    .map((message) => messageCard(state, userId, message));

const textOf = (text: Json | null): string | null => (typeof text?.text === 'string' ? text.text : null);

const viewCard = (view: StoredView): ViewCard => ({
  id: view.id,
  type: view.type,
  title: textOf(view.title) ?? '',
  submit: textOf(view.submit),
  close: textOf(view.close),
  blocks: view.blocks,
  isSubmitDisabled: view.isSubmitDisabled,
  isRoot: view.previousViewId === null,
  values: view.values,
  errors: view.errors,
});

export const modalCards = (state: State, userId: string): ViewCard[] => stackOf(state, userId).map(viewCard);

export const homeCard = (state: State, userId: string): ViewCard | null => {
  const home = state.homes.get(userId);
  return home === undefined ? null : viewCard(home);
};

/** In HTTP mode there is no connection to count; an app that calls is there. */
export const isAppHere = (workspace: Workspace): boolean =>
  workspace.connectionCount() > 0 ||
  (workspace.state.calls.length > 0 && !workspace.state.calls.some((call) => call.method === 'apps.connections.open'));
