/** Channel names to ids. The policy names channels as people do. */
import type { WebClient } from '@slack/web-api';
import type { Log } from '../../lib/log.ts';
import { slackFailureOf } from '../connection/client.ts';
import { newId } from '../../lib/ids.ts';
import { createLoader } from '../../lib/loader.ts';
import { channelFor } from '../../application/messages/channel-names.ts';
import type { Store } from '../../application/deps.ts';

const RECENT_MS = 5 * 60_000;
const PAGE = 999;
const PAGES_MAX = 50;
/** Slack: docs.slack.dev/reference/objects/conversation-object */
const CHANNEL_ID = /^[CG][A-Z0-9]{6,}$/;

/** The channel something was typed in; null for a direct message. */
export const roomOf = (channelId: string): string | null => (CHANNEL_ID.test(channelId) ? channelId : null);

export type Channels = {
  idOf(channel: string): Promise<string | null>;
  /** Whether the bot can post there now, asked of Slack. */
  isUsable(channel: string): Promise<boolean>;
};
export type ChannelSettings = {
  client: WebClient;
  store: Pick<Store, 'transaction'> & { read: Pick<Store['read'], 'channelName'> };
};

/** Only channels the bot can see: public ones, and private ones it is in. */
export const createChannels = ({ client, store }: ChannelSettings): Channels => {
  const names = createLoader(() => listNames(client), RECENT_MS);
  const idOf = async (channel: string): Promise<string | null> => {
    if (CHANNEL_ID.test(channel)) return channel;
    const name = channel.replace(/^#/, '').toLowerCase();
    const byName = async (listed: Promise<Map<string, string>>): Promise<string | null> =>
      (await listed).get(name) ?? null;
    const recent = (): Promise<string | null> => byName(names.recent('all'));
    const fresh = (): Promise<string | null> => byName(names.fresh('all'));
    return channelFor({ store, ids: { next: newId } }, { name, recent, fresh });
  };
  return {
    idOf,
    isUsable: async (channel) => {
      const id = await idOf(channel);
      return id !== null && isOpenToUs(client, id);
    },
  };
};

/** Slack: docs.slack.dev/reference/methods/conversations.info */
const isOpenToUs = async (client: WebClient, id: string): Promise<boolean> => {
  try {
    const { channel } = await client.conversations.info({ channel: id });
    return channel?.is_archived !== true && channel?.is_member === true;
  } catch (error) {
    const failure = slackFailureOf(error);
    if (failure?.kind !== 'permanent') throw error;
    return false;
  }
};

/** null when there is no such channel for us, or when Slack will not list any: then people are written to. */
export const findChannel = async (
  { channels, log }: { channels: Channels; log: Log },
  channel: string,
): Promise<string | null> => {
  try {
    return await channels.idOf(channel);
  } catch (error) {
    const failure = slackFailureOf(error);
    if (failure?.kind !== 'permanent') throw error;
    log.warn({ channel, code: failure.code }, 'channels cannot be listed');
    return null;
  }
};

const listNames = async (client: WebClient): Promise<Map<string, string>> => {
  const ids = new Map<string, string>();
  let cursor = '';
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const answer = await client.conversations.list({
      types: 'public_channel,private_channel',
      exclude_archived: true,
      limit: PAGE,
      ...(cursor ? { cursor } : {}),
    });
    for (const { id, name } of answer.channels ?? []) if (id && name) ids.set(name.toLowerCase(), id);
    cursor = answer.response_metadata?.next_cursor ?? '';
    if (!cursor) break;
  }
  return ids;
};
