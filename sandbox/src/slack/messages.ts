/** Messages: posting, editing, deleting, and who may see which. */
import { attachedBlocks, storedAttachments } from './blocks/attachments.ts';
import { isMember } from './organisation.ts';
import type { State } from './state.ts';
import type { Block, Channel, Json, Message } from './types.ts';

export type Content = {
  text: string;
  blocks?: Block[];
  attachments?: Json[];
  metadata?: Json;
};

export type Author = { userId: string; isApp: boolean; username?: string };

const withBlockIds = (state: State, blocks: Block[]): Block[] =>
  blocks.map((block) => ({ ...block, block_id: block.block_id ?? state.nextId('bk') }));

/** Slack fills in the block_ids and action_ids an app left out. */
export const completeBlocks = (state: State, blocks: Block[] | undefined): Block[] =>
  withBlockIds(state, structuredClone(blocks ?? [])).map((block) => {
    const complete = (element: unknown): void => {
      const one = element as Json | undefined;
      const isInteractive = one !== undefined && one.type !== 'image' && one.type !== undefined;
      if (isInteractive && one.action_id === undefined) one.action_id = state.nextId('ac');
    };
    if (block.type === 'actions') for (const element of (block.elements as Json[]) ?? []) complete(element);
    complete(block.accessory);
    complete(block.element);
    return block;
  });

const completeAttachments = (state: State, attachments: Json[]): Json[] =>
  storedAttachments(structuredClone(attachments), (blocks) => completeBlocks(state, blocks));

/** All that can be read and used in a message: its own blocks, then those of its attachments. */
export const blocksOf = (message: Pick<Message, 'blocks' | 'attachments'>): Block[] => [
  ...(message.blocks ?? []),
  ...attachedBlocks(message.attachments).flatMap(({ blocks }) => blocks),
];

export type NewMessage = {
  channel: Channel;
  author: Author;
  content: Content;
  threadTs?: string;
  ephemeralFor?: string;
  subtype?: string;
  files?: Json[];
  /** Fields that belong to a subtype. */
  extra?: Partial<Message>;
};

const optionalParts = (state: State, given: NewMessage): Partial<Message> => ({
  ...(given.content.blocks ? { blocks: completeBlocks(state, given.content.blocks) } : {}),
  ...(given.content.attachments ? { attachments: completeAttachments(state, given.content.attachments) } : {}),
  ...(given.content.metadata ? { metadata: given.content.metadata } : {}),
  ...(given.threadTs ? { thread_ts: given.threadTs } : {}),
  ...(given.files ? { files: given.files } : {}),
  ...(given.subtype ? { subtype: given.subtype } : {}),
  ...(given.ephemeralFor ? { ephemeralFor: given.ephemeralFor } : {}),
  ...(given.author.username ? { username: given.author.username } : {}),
  ...(given.author.isApp ? { bot_id: state.app.botId, app_id: state.app.appId } : {}),
});

export const post = (state: State, given: NewMessage): Message => {
  const message: Message = {
    type: 'message',
    channel: given.channel.id,
    ts: state.nextTs(),
    user: given.author.userId,
    text: given.content.text,
    reactions: [],
    ...given.extra,
    ...optionalParts(state, given),
  };
  messagesOf(state, given.channel.id).push(message);
  state.emit({ type: 'message_posted', channelId: given.channel.id, message });
  return message;
};

/** Another app or integration of the workspace: `userId` where it has a bot user, which classic ones have not. */
export type OtherBot = { botId: string; appId?: string; userId?: string; username?: string };

/** Slack: docs.slack.dev/reference/events/message/bot_message: without a user the message has the subtype. */
export const postByBot = (
  state: State,
  channel: Channel,
  { bot, content }: { bot: OtherBot; content: Content },
): Message => {
  const { botId, appId, userId, username } = bot;
  const message: Message = {
    type: 'message',
    channel: channel.id,
    ts: state.nextTs(),
    text: content.text,
    reactions: [],
    bot_id: botId,
    ...(userId ? { user: userId } : { subtype: 'bot_message' }),
    ...(appId ? { app_id: appId } : {}),
    ...(username ? { username } : {}),
    ...(content.attachments ? { attachments: completeAttachments(state, content.attachments) } : {}),
  };
  messagesOf(state, channel.id).push(message);
  state.emit({ type: 'message_posted', channelId: channel.id, message });
  return message;
};

export const messagesOf = (state: State, channelId: string): Message[] => {
  const found = state.messages.get(channelId);
  if (found !== undefined) return found;
  const fresh: Message[] = [];
  state.messages.set(channelId, fresh);
  return fresh;
};

export const findMessage = (state: State, channelId: string, ts: string): Message | undefined =>
  messagesOf(state, channelId).find((message) => message.ts === ts);

/** What is not named in the change stays; an empty list of blocks or attachments takes them away. */
export const edit = (
  state: State,
  message: Message,
  change: { content: Partial<Content>; editor?: string },
): Message => {
  const previous = structuredClone(message);
  const { content } = change;
  if (content.text !== undefined) message.text = content.text;
  if (content.attachments !== undefined) {
    if (content.attachments.length > 0) message.attachments = completeAttachments(state, content.attachments);
    else delete message.attachments;
  }
  if (content.metadata !== undefined) message.metadata = content.metadata;
  if (content.blocks !== undefined) {
    if (content.blocks.length > 0) message.blocks = completeBlocks(state, content.blocks);
    else delete message.blocks;
  }
  if (change.editor !== undefined) message.edited = { user: change.editor, ts: state.nextTs() };
  state.emit({ type: 'message_changed', channelId: message.channel, message, previous });
  return message;
};

export const remove = (state: State, message: Message, deletedBy: string): void => {
  const all = messagesOf(state, message.channel);
  const index = all.indexOf(message);
  if (index < 0) return;
  all.splice(index, 1);
  state.emit({ type: 'message_deleted', channelId: message.channel, message, deletedBy });
};

/** Direct messages and private channels are for members; public ones for everyone of the team. */
export const canRead = (state: State, channel: Channel, userId: string): boolean => {
  if (channel.members.has(userId)) return true;
  const person = state.people.get(userId);
  if (channel.kind !== 'public' || person === undefined) return false;
  return state.organisation === null
    ? isMember(state, person)
    : channel.teamIds.some((id) => person.teamIds.includes(id));
};

export const visibleTo = (state: State, channel: Channel, userId: string): Message[] =>
  canRead(state, channel, userId)
    ? messagesOf(state, channel.id).filter(
        (message) => message.ephemeralFor === undefined || message.ephemeralFor === userId,
      )
    : [];

const repliesTo = (state: State, message: Message): Message[] =>
  messagesOf(state, message.channel).filter(
    (one) => one.thread_ts === message.ts && one.ts !== message.ts && !one.ephemeralFor,
  );

/** A message as the Web API and payloads show it. */
export const messageWire = (state: State, message: Message): Json => {
  const { channel: _channel, reactions, ephemeralFor, ...rest } = message;
  const replies = repliesTo(state, message);
  const thread =
    replies.length === 0
      ? {}
      : {
          thread_ts: message.ts,
          reply_count: replies.length,
          reply_users: [...new Set(replies.map((reply) => reply.user))],
          latest_reply: replies.at(-1)?.ts,
        };
  return {
    ...structuredClone(rest),
    team: state.team.id,
    ...(ephemeralFor === undefined ? {} : { is_ephemeral: true }),
    ...(reactions.length === 0 ? {} : { reactions: reactions.map((one) => ({ ...one, count: one.users.length })) }),
    ...thread,
  };
};
