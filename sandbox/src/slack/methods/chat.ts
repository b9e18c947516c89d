/** chat.*, reactions.add and pins.add. Slack: docs.slack.dev/reference/methods/chat.postmessage and its siblings */
import { checkAttachments, doAttachmentsSay } from '../blocks/attachments.ts';
import type { Problem } from '../blocks/rules.ts';
import { checkMessageBlocks, inSlacksWords } from '../blocks/validate.ts';
import { openDirect } from '../channels.ts';
import { SlackError } from '../errors.ts';
import { isChannelHere, isMember } from '../organisation.ts';
import { edit, findMessage, messageWire, post, remove } from '../messages.ts';
import type { Content } from '../messages.ts';
import { isBotIn } from '../state.ts';
import type { State } from '../state.ts';
import type { Block, Channel, Json, Message } from '../types.ts';
import { bot, needChannel, needScope, needText, structure, text } from './method.ts';
import type { CallContext, Method } from './method.ts';

/** Slack: docs.slack.dev/reference/methods/chat.postmessage#truncating (4,000 advised, 40,000 at most). */
const POST_TEXT_MAX = 40_000;
/** Slack: docs.slack.dev/reference/methods/chat.update, msg_too_long "cannot exceed 4,000 characters". */
const UPDATE_TEXT_MAX = 4_000;
const ATTACHMENTS_MAX = 100;

/** Not documented; seen at about this size of all blocks together: github.com/slackapi/bolt-js/issues/2509 */
const BLOCKS_CHARACTERS_MAX = 13_200;

const refuse = (code: string, found: Problem[]): void => {
  if (found.length === 0) return;
  const errors = inSlacksWords(found);
  throw new SlackError(code, { errors, response_metadata: { messages: errors.map((one) => `[ERROR] ${one}`) } });
};

export const checkedBlocks = (given: unknown): Block[] | undefined => {
  if (given === undefined || given === null) return undefined;
  if (!Array.isArray(given)) throw new SlackError('invalid_blocks_format');
  refuse('invalid_blocks', checkMessageBlocks(given));
  if (JSON.stringify(given).length > BLOCKS_CHARACTERS_MAX) throw new SlackError('msg_blocks_too_long');
  return given as Block[];
};

export const checkedAttachments = (given: unknown): Json[] | undefined => {
  if (given === undefined || given === null) return undefined;
  refuse('invalid_attachments', checkAttachments(given));
  const attachments = given as Json[];
  if (attachments.length > ATTACHMENTS_MAX) throw new SlackError('too_many_attachments');
  if (!doAttachmentsSay(attachments)) throw new SlackError('no_text');
  return attachments;
};

const contentOf = (call: CallContext, textMax: number): Partial<Content> => {
  const written = text(call, 'text');
  if (written !== undefined && written.length > textMax) throw new SlackError('msg_too_long');
  const blocks = checkedBlocks(structure(call, 'blocks', 'invalid_blocks_format'));
  const attachments = checkedAttachments(structure(call, 'attachments', 'invalid_attachments'));
  const metadata = structure(call, 'metadata', 'invalid_metadata_format') as Json | undefined;
  return {
    ...(written === undefined ? {} : { text: written }),
    ...(blocks === undefined ? {} : { blocks }),
    ...(attachments === undefined ? {} : { attachments }),
    ...(metadata === undefined ? {} : { metadata }),
  };
};

export const someContent = (content: Partial<Content>): Content => {
  const isEmpty =
    (content.text ?? '') === '' && (content.blocks?.length ?? 0) === 0 && (content.attachments?.length ?? 0) === 0;
  if (isEmpty) throw new SlackError('no_text');
  return { ...content, text: content.text ?? '' };
};

/** Slack takes an id, a person's id (opens the direct message) or a channel's name here. */
const target = (call: CallContext): Channel => {
  const { state } = call;
  const given = text(call, 'channel') ?? '';
  const person = state.people.get(given);
  if (person !== undefined) {
    if (person.id === state.app.botUserId || (state.organisation !== null && !isMember(state, person)))
      throw new SlackError('channel_not_found');
    return openDirect(state, [state.app.botUserId, person.id]).channel;
  }
  const name = given.replace(/^#/, '');
  const channel =
    state.channels.get(given) ??
    [...state.channels.values()].find((one) => one.name === name && name !== '' && isChannelHere(state, one));
  const isHidden = channel !== undefined && channel.kind !== 'public' && !isBotIn(state, channel);
  if (channel === undefined || isHidden || !isChannelHere(state, channel)) throw new SlackError('channel_not_found');
  return channel;
};

const checkMayPost = (call: CallContext, channel: Channel): void => {
  const { state } = call;
  if (channel.isArchived) throw new SlackError('is_archived');
  if (channel.kind === 'im' && !state.app.isMessagesTabEnabled) throw new SlackError('messages_tab_disabled');
  if (isBotIn(state, channel) || state.app.scopes.has('chat:write.public')) return;
  throw new SlackError('not_in_channel');
};

const threadOf = (call: CallContext, channel: Channel): { threadTs?: string } => {
  const ts = text(call, 'thread_ts');
  if (ts === undefined || ts === '') return {};
  const parent = findMessage(call.state, channel.id, ts);
  if (parent === undefined) throw new SlackError('thread_not_found');
  return { threadTs: parent.thread_ts ?? parent.ts };
};

const authorOf = (call: CallContext): { userId: string; isApp: true; username?: string } => {
  const username = text(call, 'username');
  if (username !== undefined) needScope(call, ['chat:write.customize']);
  return {
    userId: call.state.app.botUserId,
    isApp: true,
    ...(username === undefined ? {} : { username }),
  };
};

const postMessage = (call: CallContext): Json => {
  const channel = target(call);
  checkMayPost(call, channel);
  const content = someContent(contentOf(call, POST_TEXT_MAX));
  const thread = threadOf(call, channel);
  const message = post(call.state, { channel, author: authorOf(call), content, ...thread });
  return { channel: channel.id, ts: message.ts, message: messageWire(call.state, message) };
};

const postEphemeral = (call: CallContext): Json => {
  const channel = target(call);
  checkMayPost(call, channel);
  const userId = needText(call, 'user');
  if (!channel.members.has(userId)) throw new SlackError('user_not_in_channel');
  const content = someContent(contentOf(call, POST_TEXT_MAX));
  const message = post(call.state, {
    channel,
    author: authorOf(call),
    content,
    ephemeralFor: userId,
    ...threadOf(call, channel),
  });
  return { message_ts: message.ts };
};

/** Ephemeral messages cannot be reached by ts: docs.slack.dev/messaging, "Ephemeral messages". */
const reachable = (state: State, channel: Channel, ts: string): Message => {
  const message = findMessage(state, channel.id, ts);
  if (message === undefined || message.ephemeralFor !== undefined) {
    throw new SlackError('message_not_found');
  }
  return message;
};

const update = (call: CallContext): Json => {
  const { state } = call;
  const channel = needChannel(call);
  const message = reachable(state, channel, needText(call, 'ts'));
  if (message.bot_id !== state.app.botId) throw new SlackError('cant_update_message');
  if (channel.isArchived) throw new SlackError('is_archived');
  const content = contentOf(call, UPDATE_TEXT_MAX);
  if (Object.keys(content).length === 0) throw new SlackError('no_text');
  // Slack: docs.slack.dev/reference/methods/chat.update: text without blocks takes the old blocks away.
  const dropsBlocks = content.text !== undefined && content.blocks === undefined;
  const whole = dropsBlocks ? { ...content, blocks: [] } : content;
  someContent({ text: message.text, ...(message.attachments ? { attachments: message.attachments } : {}), ...whole });
  // Slack shows "(edited)" only where text was changed without blocks.
  const editor = content.blocks === undefined ? { editor: state.app.botUserId } : {};
  edit(state, message, { content: whole, ...editor });
  return {
    channel: channel.id,
    ts: message.ts,
    text: message.text,
    message: messageWire(state, message),
  };
};

const deleteMessage = (call: CallContext): Json => {
  const { state } = call;
  const channel = needChannel(call);
  const message = reachable(state, channel, needText(call, 'ts'));
  if (message.bot_id !== state.app.botId) throw new SlackError('cant_delete_message');
  remove(state, message, state.app.botUserId);
  return { channel: channel.id, ts: message.ts };
};

const getPermalink = (call: CallContext): Json => {
  const { state } = call;
  const channel = needChannel(call);
  const message = reachable(state, channel, needText(call, 'message_ts'));
  const parent = message.thread_ts ?? message.ts;
  const thread = parent === message.ts ? '' : `?thread_ts=${parent}&cid=${channel.id}`;
  const place = `archives/${channel.id}/p${message.ts.replace('.', '')}${thread}`;
  return {
    channel: channel.id,
    permalink: `https://${state.team.domain}.slack.com/${place}`,
  };
};

const addReaction = (call: CallContext): Json => {
  const { state } = call;
  const channel = needChannel(call);
  const message = reachable(state, channel, needText(call, 'timestamp'));
  const name = needText(call, 'name').replaceAll(':', '');
  const known = message.reactions.find((one) => one.name === name);
  const userId = state.app.botUserId;
  if (known?.users.includes(userId) === true) throw new SlackError('already_reacted');
  if (known === undefined) message.reactions.push({ name, users: [userId] });
  else known.users.push(userId);
  state.emit({ type: 'reaction_added', channelId: channel.id, ts: message.ts, name, userId });
  return {};
};

const addPin = (call: CallContext): Json => {
  const { state } = call;
  const channel = needChannel(call);
  const message = reachable(state, channel, needText(call, 'timestamp'));
  if (!isBotIn(state, channel)) throw new SlackError('not_in_channel');
  if (channel.pins.has(message.ts)) throw new SlackError('already_pinned');
  channel.pins.add(message.ts);
  const userId = state.app.botUserId;
  state.emit({ type: 'pin_added', channelId: channel.id, ts: message.ts, userId });
  return {};
};

const removePin = (call: CallContext): Json => {
  const channel = needChannel(call);
  if (!channel.pins.delete(needText(call, 'timestamp'))) throw new SlackError('no_pin');
  return {};
};

export const chatMethods: Record<string, Method> = {
  'chat.postMessage': bot(['chat:write'], postMessage),
  'chat.postEphemeral': bot(['chat:write'], postEphemeral),
  'chat.update': bot(['chat:write'], update),
  'chat.delete': bot(['chat:write'], deleteMessage),
  'chat.getPermalink': bot([], getPermalink),
  'reactions.add': bot(['reactions:write'], addReaction),
  'pins.add': bot(['pins:write'], addPin),
  'pins.remove': bot(['pins:write'], removePin),
};
