/** What happens to conversations, by anyone; the stream is notified of each act. */
import { SlackError } from './errors.ts';
import { post } from './messages.ts';
import type { State } from './state.ts';
import type { Channel, ChannelKind, Message } from './types.ts';
import { escaped } from './wire.ts';

/** Slack: docs.slack.dev/reference/methods/conversations.create#naming */
const NAME_MAX = 80;

const checkName = (state: State, name: string): void => {
  if (name === '') throw new SlackError('invalid_name_required');
  if (name.length > NAME_MAX) throw new SlackError('invalid_name_maxlength');
  if (!/[\p{L}\p{N}]/u.test(name)) throw new SlackError('invalid_name_punctuation');
  if (/[\p{Lu}\s.]/u.test(name) || !/^[\p{L}\p{N}\p{M}_-]+$/u.test(name)) {
    throw new SlackError('invalid_name_specials');
  }
  const isTaken = [...state.channels.values()].some((channel) => channel.name === name);
  if (isTaken) throw new SlackError('name_taken');
};

type NewChannel = { name: string; kind: ChannelKind; creator: string; members: string[] };

const add = (state: State, given: NewChannel): Channel => {
  const prefix = given.kind === 'im' ? 'D' : 'C';
  const channel: Channel = {
    id: state.nextId(prefix),
    name: given.name,
    kind: given.kind,
    members: new Set(given.members),
    isArchived: false,
    topic: '',
    purpose: '',
    creator: given.creator,
    createdAtS: Math.floor(state.now().getTime() / 1_000),
    connectedTeamIds: [],
    teamIds: [state.team.id],
    pins: new Set(),
  };
  state.channels.set(channel.id, channel);
  state.messages.set(channel.id, []);
  return channel;
};

export const createChannel = (state: State, given: { name: string; isPrivate: boolean; creator: string }): Channel => {
  checkName(state, given.name);
  const kind = given.isPrivate ? 'private' : 'public';
  const { name, creator } = given;
  const channel = add(state, { name, kind, creator, members: [creator] });
  state.emit({ type: 'channel_created', channelId: channel.id, userId: creator });
  return channel;
};

const sameMembers = (channel: Channel, members: string[]): boolean =>
  channel.members.size === members.length && members.every((member) => channel.members.has(member));

/** The direct message between exactly these people, made when it is not there yet. */
export const openDirect = (state: State, members: string[]): { channel: Channel; isNew: boolean } => {
  const everyone = [...new Set(members)];
  const kind = everyone.length > 2 ? 'mpim' : 'im';
  for (const channel of state.channels.values()) {
    if (channel.kind === kind && sameMembers(channel, everyone)) return { channel, isNew: false };
  }
  const names = everyone.map((id) => state.people.get(id)?.name ?? id);
  const name = kind === 'im' ? '' : `mpdm-${names.join('--')}-1`;
  const creator = everyone[0] ?? '';
  const channel = add(state, { name, kind, creator, members: everyone });
  state.emit({ type: 'channel_created', channelId: channel.id, userId: creator });
  return { channel, isNew: true };
};

export const join = (state: State, channel: Channel, who: { userId: string; inviterId?: string }): void => {
  if (channel.members.has(who.userId)) return;
  channel.members.add(who.userId);
  state.emit({ type: 'member_joined', channelId: channel.id, ...who });
};

/** `actorId` is who removed them, where it was somebody else. */
export const leave = (state: State, channel: Channel, who: { userId: string; actorId?: string }): void => {
  if (!channel.members.delete(who.userId)) return;
  state.emit({ type: 'member_left', channelId: channel.id, ...who });
};

const touch = (state: State, channel: Channel): void => {
  channel.updatedMs = Math.max(state.now().getTime(), (channel.updatedMs ?? 0) + 1);
};

type Notice = { userId: string; what: 'topic' | 'name'; text: string; extra: Partial<Message> };

/** What Slack itself writes into a channel that changes. Slack: docs.slack.dev/reference/events/message/channel_topic and its siblings */
const notice = (state: State, channel: Channel, { userId, what, text, extra }: Notice): void => {
  if (channel.kind === 'im') return;
  const subtype = `${channel.kind === 'public' ? 'channel' : 'group'}_${what}`;
  post(state, { channel, author: { userId, isApp: false }, content: { text }, subtype, extra });
};

export const rename = (state: State, channel: Channel, change: { name: string; userId: string }): void => {
  const { name, userId } = change;
  checkName(state, name);
  const previousName = channel.name;
  channel.name = name;
  channel.previousNames = [previousName, ...(channel.previousNames ?? [])];
  touch(state, channel);
  state.emit({ type: 'channel_renamed', channelId: channel.id, previousName });
  const text = `has renamed the channel from "${previousName}" to "${name}"`;
  notice(state, channel, { userId, what: 'name', text, extra: { old_name: previousName, name } });
};

export const archive = (state: State, channel: Channel, userId: string): void => {
  if (channel.isArchived) throw new SlackError('already_archived');
  channel.isArchived = true;
  touch(state, channel);
  state.emit({ type: 'channel_archived', channelId: channel.id, userId });
};

/** Nothing of it can be found afterwards: every method answers channel_not_found. */
export const remove = (state: State, channel: Channel, userId: string): void => {
  state.channels.delete(channel.id);
  state.messages.delete(channel.id);
  state.emit({ type: 'channel_deleted', channelId: channel.id, channel, userId });
};

export const unarchive = (state: State, channel: Channel, userId: string): void => {
  if (!channel.isArchived) throw new SlackError('not_archived');
  channel.isArchived = false;
  touch(state, channel);
  state.emit({ type: 'channel_unarchived', channelId: channel.id, userId });
};

export const setTopic = (state: State, channel: Channel, change: { topic: string; userId: string }): void => {
  if (change.topic.length > 250) throw new SlackError('too_long');
  channel.topic = change.topic;
  touch(state, channel);
  state.emit({ type: 'channel_topic', channelId: channel.id, userId: change.userId });
  const text = change.topic === '' ? 'cleared the channel topic' : `set the channel topic: ${escaped(change.topic)}`;
  notice(state, channel, { userId: change.userId, what: 'topic', text, extra: { topic: change.topic } });
};
