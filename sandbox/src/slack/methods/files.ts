/** Uploading in three steps. Slack: docs.slack.dev/reference/methods/files.getuploadurlexternal */
import { SlackError } from '../errors.ts';
import { isChannelHere } from '../organisation.ts';
import { findMessage, post } from '../messages.ts';
import { isBotIn } from '../state.ts';
import type { State } from '../state.ts';
import type { Channel, Json, StoredFile } from '../types.ts';
import { fileWire } from '../wire.ts';
import { checkedBlocks } from './chat.ts';
import { bot, needText, structure, text } from './method.ts';
import type { CallContext, Method } from './method.ts';

const getUploadUrl = (call: CallContext): Json => {
  const { state } = call;
  const name = needText(call, 'filename');
  const length = Number(needText(call, 'length'));
  if (!Number.isInteger(length) || length <= 0) throw new SlackError('invalid_arguments');
  const id = state.nextId('F');
  state.files.set(id, {
    id,
    name,
    title: name,
    bytes: Buffer.alloc(0),
    userId: state.app.botUserId,
    createdAtS: Math.floor(state.now().getTime() / 1_000),
    isComplete: false,
  });
  return { upload_url: `${call.baseUrl}/upload/v1/${id}`, file_id: id };
};

/** The bytes, taken at the upload URL. */
export const receiveUpload = (state: State, fileId: string, bytes: Buffer): boolean => {
  const file = state.files.get(fileId);
  if (file === undefined || file.isComplete) return false;
  file.bytes = bytes;
  return true;
};

const target = (call: CallContext, id: string): Channel => {
  const channel = call.state.channels.get(id);
  const isHidden = channel?.kind !== 'public' && !(channel && isBotIn(call.state, channel));
  if (channel === undefined || isHidden || !isChannelHere(call.state, channel))
    throw new SlackError('channel_not_found');
  if (!isBotIn(call.state, channel)) throw new SlackError('not_in_channel');
  if (channel.isArchived) throw new SlackError('posting_to_channel_denied');
  return channel;
};

const finish = (call: CallContext, given: Json): StoredFile => {
  const file = call.state.files.get(String(given.id));
  if (file === undefined || file.bytes.length === 0) throw new SlackError('file_not_found');
  file.isComplete = true;
  file.title = typeof given.title === 'string' ? given.title : file.name;
  return file;
};

const complete = (call: CallContext): Json => {
  const { state } = call;
  const given = structure(call, 'files', 'invalid_arguments');
  if (!Array.isArray(given) || given.length === 0) throw new SlackError('invalid_arguments');
  const channelId = text(call, 'channel_id') ?? text(call, 'channels')?.split(',')[0];
  const channel = channelId === undefined ? undefined : target(call, channelId);
  const files = (given as Json[]).map((one) => finish(call, one));
  if (channel !== undefined) share(call, channel, files);
  return { files: files.map((file) => fileWire(state, file)) };
};

const share = (call: CallContext, channel: Channel, files: StoredFile[]): void => {
  const { state } = call;
  const threadTs = text(call, 'thread_ts');
  if (threadTs !== undefined && findMessage(state, channel.id, threadTs) === undefined) {
    throw new SlackError('invalid_thread_ts');
  }
  const blocks = checkedBlocks(structure(call, 'blocks', 'invalid_blocks_format'));
  post(state, {
    channel,
    author: { userId: state.app.botUserId, isApp: true },
    content: { text: text(call, 'initial_comment') ?? '', ...(blocks ? { blocks } : {}) },
    files: files.map((file) => fileWire(state, file)),
    ...(threadTs === undefined ? {} : { threadTs }),
  });
  for (const file of files) {
    state.emit({ type: 'file_shared', fileId: file.id, channelId: channel.id });
  }
};

export const fileMethods: Record<string, Method> = {
  'files.getUploadURLExternal': bot(['files:write'], getUploadUrl),
  'files.completeUploadExternal': bot(['files:write'], complete),
};
