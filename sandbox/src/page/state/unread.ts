/** What a person has not read yet. Pure. */
import type { ChannelCard, MessageCard } from '../../page-server/protocol.ts';
import type { Data } from './data.ts';

/** Messages of the channel itself; replies are seen in their thread. */
export const isInChannel = (message: MessageCard): boolean =>
  message.thread_ts === undefined || message.thread_ts === message.ts || message.subtype === 'thread_broadcast';

const isForMe = (data: Data, channel: ChannelCard, message: MessageCard): boolean =>
  channel.kind === 'im' ||
  channel.kind === 'mpim' ||
  message.isEphemeral ||
  `${message.text} ${JSON.stringify([message.blocks, message.attachments])}`.includes(`<@${data.me}>`);

export type Unread = { count: number; forMe: number };

export const unreadOf = (data: Data, channel: ChannelCard): Unread => {
  if (!channel.isMember) return { count: 0, forMe: 0 };
  const fresh = (data.messages[channel.id] ?? []).filter(
    (message) => message.ts > channel.readTs && message.user !== data.me && isInChannel(message),
  );
  return { count: fresh.length, forMe: fresh.filter((message) => isForMe(data, channel, message)).length };
};
