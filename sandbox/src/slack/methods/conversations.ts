/** conversations.*. Slack: docs.slack.dev/reference/methods/conversations.list and its siblings */
import * as channels from '../channels.ts';
import { SlackError } from '../errors.ts';
import { messageWire, messagesOf } from '../messages.ts';
import { isChannelHere, isMember } from '../organisation.ts';
import { isBotIn } from '../state.ts';
import type { Channel, ChannelKind, Json, Message } from '../types.ts';
import { channelWire } from '../wire.ts';
import { bot, flag, needChannel, needKindScope, needScope, needText, page, text } from './method.ts';
import type { CallContext, Method } from './method.ts';

const READ = ['channels:read', 'groups:read', 'im:read', 'mpim:read'];
const HISTORY = ['channels:history', 'groups:history', 'im:history', 'mpim:history'];
const MANAGE = ['channels:manage', 'groups:write'];

const kinds: Record<string, { kind: ChannelKind; scope: string }> = {
  public_channel: { kind: 'public', scope: 'channels:read' },
  private_channel: { kind: 'private', scope: 'groups:read' },
  im: { kind: 'im', scope: 'im:read' },
  mpim: { kind: 'mpim', scope: 'mpim:read' },
};

/** A channel as its kind allows: public ones ask channels:manage, private ones groups:write. */
const managed = (call: CallContext): Channel => {
  const channel = needChannel(call);
  needKindScope(call, channel, channel.kind === 'public' ? 'manage' : 'write');
  return channel;
};

const memberOnly = (call: CallContext, channel: Channel): Channel => {
  if (!isBotIn(call.state, channel)) throw new SlackError('not_in_channel');
  return channel;
};

const askedKinds = (call: CallContext): ChannelKind[] => {
  const wanted = (text(call, 'types') ?? 'public_channel').split(',').map((one) => one.trim());
  return wanted.map((type) => {
    const known = kinds[type];
    if (known === undefined) throw new SlackError('invalid_types');
    needScope(call, [known.scope]);
    return known.kind;
  });
};

const listChannels = (call: CallContext): Json => {
  const { state } = call;
  const asked = askedKinds(call);
  const all = [...state.channels.values()].filter(
    (channel) =>
      asked.includes(channel.kind) &&
      isChannelHere(state, channel) &&
      (channel.kind === 'public' || isBotIn(state, channel)) &&
      !(flag(call, 'exclude_archived') && channel.isArchived),
  );
  const { items, metadata } = page(call, all, { fallback: 100, max: 999 });
  return {
    channels: items.map((channel) => channelWire(state, channel)),
    response_metadata: metadata,
  };
};

const info = (call: CallContext): Json => {
  const channel = needChannel(call);
  needKindScope(call, channel, 'read');
  return { channel: channelWire(call.state, channel) };
};

const open = (call: CallContext): Json => {
  const { state } = call;
  const users = (text(call, 'users') ?? '').split(',').filter((id) => id !== '');
  if (text(call, 'channel') !== undefined) {
    const known = needChannel(call);
    return { channel: channelWire(state, known), no_op: true, already_open: true };
  }
  if (users.length === 0) throw new SlackError('users_list_not_supplied');
  if (users.length > 8) throw new SlackError('too_many_users');
  for (const id of users) {
    const person = state.people.get(id);
    if (person === undefined) throw new SlackError('user_not_found');
    if (person.isDeleted) throw new SlackError('user_disabled');
  }
  needScope(call, [users.length > 1 ? 'mpim:write' : 'im:write']);
  const { channel, isNew } = channels.openDirect(state, [state.app.botUserId, ...users]);
  const found = isNew ? {} : { no_op: true, already_open: true };
  return { ...found, channel: flag(call, 'return_im') ? channelWire(state, channel) : { id: channel.id } };
};

const joinChannel = (call: CallContext): Json => {
  const { state } = call;
  const channel = needChannel(call);
  if (channel.kind !== 'public') throw new SlackError('method_not_supported_for_channel_type');
  if (channel.isArchived) throw new SlackError('is_archived');
  const isAlready = isBotIn(state, channel);
  channels.join(state, channel, { userId: state.app.botUserId });
  return {
    channel: channelWire(state, channel),
    ...(isAlready ? { warning: 'already_in_channel' } : {}),
  };
};

const inviteProblem = (call: CallContext, channel: Channel, id: string): string | undefined => {
  const person = call.state.people.get(id);
  if (person === undefined) return 'user_not_found';
  if (id === call.state.app.botUserId) return 'cant_invite_self';
  if (channel.members.has(id)) return 'already_in_channel';
  const isOutside = !isMember(call.state, person) && !channel.connectedTeamIds.includes(person.teamId);
  return person.isDeleted || isOutside ? 'cant_invite' : undefined;
};

const invite = (call: CallContext): Json => {
  const { state } = call;
  const channel = memberOnly(call, managed(call));
  if (channel.isArchived) throw new SlackError('is_archived');
  const users = (text(call, 'users') ?? '').split(',').filter((id) => id !== '');
  if (users.length === 0) throw new SlackError('no_user');
  const errors = users.flatMap((user) => {
    const error = inviteProblem(call, channel, user);
    return error === undefined ? [] : [{ user, ok: false, error }];
  });
  const [first] = errors;
  if (first !== undefined && !flag(call, 'force')) throw new SlackError(first.error, { errors });
  const refused = new Set(errors.map((one) => one.user));
  for (const userId of users.filter((user) => !refused.has(user))) {
    channels.join(state, channel, { userId, inviterId: state.app.botUserId });
  }
  return { channel: channelWire(state, channel) };
};

const members = (call: CallContext): Json => {
  const channel = needChannel(call);
  needKindScope(call, channel, 'read');
  const { items, metadata } = page(call, [...channel.members], { fallback: 100, max: 1_000 });
  return { members: items, response_metadata: metadata };
};

const readable = (call: CallContext): { channel: Channel; messages: Message[] } => {
  const channel = needChannel(call);
  needKindScope(call, channel, 'history');
  memberOnly(call, channel);
  const oldest = Number(text(call, 'oldest') ?? 0);
  const latest = Number(text(call, 'latest') ?? Number.POSITIVE_INFINITY);
  const isInside = (ts: number): boolean =>
    flag(call, 'inclusive') ? ts >= oldest && ts <= latest : ts > oldest && ts < latest;
  const messages = messagesOf(call.state, channel.id).filter(
    (message) => message.ephemeralFor === undefined && isInside(Number(message.ts)),
  );
  return { channel, messages };
};

const answerMessages = (call: CallContext, found: Message[]): Json => {
  const { items, metadata } = page(call, found, { fallback: 100, max: 999 });
  return {
    messages: items.map((message) => messageWire(call.state, message)),
    has_more: metadata.next_cursor !== '',
    ...(metadata.next_cursor === '' ? {} : { response_metadata: metadata }),
  };
};

const history = (call: CallContext): Json => {
  const top = readable(call).messages.filter((one) => (one.thread_ts ?? one.ts) === one.ts);
  return answerMessages(call, top.reverse());
};

const replies = (call: CallContext): Json => {
  const ts = needText(call, 'ts');
  const thread = readable(call).messages.filter((one) => one.ts === ts || one.thread_ts === ts);
  if (thread.length === 0) throw new SlackError('thread_not_found');
  return answerMessages(call, thread);
};

const create = (call: CallContext): Json => {
  const { state } = call;
  const isPrivate = flag(call, 'is_private');
  needScope(call, [isPrivate ? 'groups:write' : 'channels:manage']);
  const name = text(call, 'name') ?? '';
  const creator = state.app.botUserId;
  return { channel: channelWire(state, channels.createChannel(state, { name, isPrivate, creator })) };
};

const rename = (call: CallContext): Json => {
  const channel = memberOnly(call, managed(call));
  channels.rename(call.state, channel, { name: text(call, 'name') ?? '', userId: call.state.app.botUserId });
  return { channel: channelWire(call.state, channel) };
};

const archive = (call: CallContext): Json => {
  const channel = memberOnly(call, managed(call));
  channels.archive(call.state, channel, call.state.app.botUserId);
  return {};
};

const unarchive = (call: CallContext): Json => {
  const channel = managed(call);
  channels.unarchive(call.state, channel, call.state.app.botUserId);
  return {};
};

const topicScopes: Record<ChannelKind, string[]> = {
  public: ['channels:manage', 'channels:write.topic'],
  private: ['groups:write', 'groups:write.topic'],
  im: ['im:write', 'im:write.topic'],
  mpim: ['mpim:write', 'mpim:write.topic'],
};

const setTopic = (call: CallContext): Json => {
  const channel = memberOnly(call, needChannel(call));
  needScope(call, topicScopes[channel.kind]);
  const topic = text(call, 'topic') ?? '';
  channels.setTopic(call.state, channel, { topic, userId: call.state.app.botUserId });
  return { channel: channelWire(call.state, channel) };
};

const leaveChannel = (call: CallContext): Json => {
  const { state } = call;
  const channel = needChannel(call);
  if (!isBotIn(state, channel)) return { not_in_channel: true };
  if (channel.name === 'general') throw new SlackError('cant_leave_general');
  channels.leave(state, channel, { userId: state.app.botUserId });
  return {};
};

const kick = (call: CallContext): Json => {
  const { state } = call;
  const channel = memberOnly(call, managed(call));
  const userId = needText(call, 'user');
  if (!state.people.has(userId)) throw new SlackError('user_not_found');
  if (userId === state.app.botUserId) throw new SlackError('cant_kick_self');
  if (!channel.members.has(userId)) throw new SlackError('not_in_channel');
  channels.leave(state, channel, { userId, actorId: state.app.botUserId });
  return {};
};

/** Slack: docs.slack.dev/reference/methods/users.conversations: the bot's own, or what it shares with a person. */
const conversationsOf = (call: CallContext): Json => {
  const { state } = call;
  const userId = text(call, 'user') ?? state.app.botUserId;
  if (!state.people.has(userId)) throw new SlackError('user_not_found');
  const asked = askedKinds(call);
  const all = [...state.channels.values()].filter(
    (channel) =>
      asked.includes(channel.kind) &&
      channel.members.has(userId) &&
      (channel.kind === 'public' || isBotIn(state, channel)) &&
      !(flag(call, 'exclude_archived') && channel.isArchived),
  );
  const { items, metadata } = page(call, all, { fallback: 100, max: 999 });
  return { channels: items.map((channel) => channelWire(state, channel)), response_metadata: metadata };
};

export const conversationMethods: Record<string, Method> = {
  'conversations.list': bot(READ, listChannels),
  'conversations.info': bot(READ, info),
  'conversations.open': bot(['im:write', 'mpim:write'], open),
  'conversations.join': bot(['channels:join'], joinChannel),
  'conversations.invite': bot(
    ['channels:manage', 'channels:write.invites', 'groups:write', 'groups:write.invites'],
    invite,
  ),
  'conversations.members': bot(READ, members),
  'conversations.history': bot(HISTORY, history),
  'conversations.replies': bot(HISTORY, replies),
  'conversations.create': bot(MANAGE, create),
  'conversations.rename': bot(MANAGE, rename),
  'conversations.archive': bot(MANAGE, archive),
  'conversations.leave': bot(['channels:manage', 'groups:write', 'im:write', 'mpim:write'], leaveChannel),
  'conversations.kick': bot(MANAGE, kick),
  'users.conversations': bot(READ, conversationsOf),
  'conversations.unarchive': bot(MANAGE, unarchive),
  'conversations.setTopic': bot(
    ['channels:manage', 'channels:write.topic', 'groups:write', 'groups:write.topic'],
    setTopic,
  ),
};
