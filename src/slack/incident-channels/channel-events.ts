/** Which events are about a channel that may be an incident's. What they carry may be late or out of order: only the id is believed. */
import { z } from 'zod';
import type { SaidOfChannel } from '../../application/incidents/incident-types.ts';
import { storableStart } from '../../lib/storable.ts';
import { readable } from '../door/commands/readable.ts';
import { text } from '../door/payloads.ts';

export type ChannelReport = {
  channelId: string;
  /** `said`: a notice in the channel says what `userId` changed it to. */
  how: 'created' | 'renamed' | 'unarchived' | 'archived' | 'deleted' | 'invited' | 'said';
  userId: string | null;
  /** Where the event has it. */
  name: string | null;
  said?: SaidOfChannel;
};

export type ChannelEvent = {
  type:
    | 'channel_created'
    | 'channel_rename'
    | 'group_rename'
    | 'channel_archive'
    | 'group_archive'
    | 'channel_unarchive'
    | 'group_unarchive'
    | 'channel_deleted'
    | 'group_deleted'
    | 'member_joined_channel';
  /** null when it is about nothing that matters here. */
  read(event: unknown, botUserId: string): ChannelReport | null;
};

/** Slack allows 80 for a name and 250 for a topic or purpose, counted before it escapes them. */
const NAME_MAX = 200;
const TOPIC_MAX = 2_000;
export const nameOf = (given: string): string => storableStart(given, NAME_MAX);
export const topicOf = (given: string): string => storableStart(readable(given), TOPIC_MAX);

/** Slack: docs.slack.dev/reference/events/channel_created, channel_rename, group_rename */
const named = z.object({
  channel: z.object({ id: text, name: z.string().default('').transform(nameOf), creator: text.optional() }),
});
/** Slack: docs.slack.dev/reference/events/channel_archive, channel_unarchive, channel_deleted and their group_ siblings */
const bare = z.object({ channel: text, user: text.optional() });
/** Slack: docs.slack.dev/reference/events/member_joined_channel */
const joined = z.object({ channel: text, user: text, inviter: text.optional() });

const withName =
  (how: 'created' | 'renamed'): ChannelEvent['read'] =>
  (event) => {
    const { channel } = named.parse(event);
    return {
      channelId: channel.id,
      how,
      userId: how === 'created' ? (channel.creator ?? null) : null,
      name: channel.name,
    };
  };

const withId =
  (how: 'archived' | 'unarchived' | 'deleted'): ChannelEvent['read'] =>
  (event) => {
    const { channel, user } = bare.parse(event);
    return { channelId: channel, how, userId: user ?? null, name: null };
  };

/** Bolt keeps this one even when it is about ourselves; of others we need not know. */
const invited: ChannelEvent['read'] = (event, botUserId) => {
  const { channel, user, inviter } = joined.parse(event);
  return user === botUserId ? { channelId: channel, how: 'invited', userId: inviter ?? null, name: null } : null;
};

export const channelEvents: readonly ChannelEvent[] = [
  { type: 'channel_created', read: withName('created') },
  { type: 'channel_rename', read: withName('renamed') },
  { type: 'group_rename', read: withName('renamed') },
  { type: 'channel_archive', read: withId('archived') },
  { type: 'group_archive', read: withId('archived') },
  { type: 'channel_unarchive', read: withId('unarchived') },
  { type: 'group_unarchive', read: withId('unarchived') },
  { type: 'channel_deleted', read: withId('deleted') },
  { type: 'group_deleted', read: withId('deleted') },
  { type: 'member_joined_channel', read: invited },
];
