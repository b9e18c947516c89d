/** Channel names to ids. The policy names channels as people do; `#name@T…` is the one of that workspace. */
import type { WebClient } from '@slack/web-api';
import type { Log } from '../../lib/log.ts';
import { slackFailureOf } from '../connection/failures.ts';
import { newId } from '../../lib/ids.ts';
import { createLoader } from '../../lib/loader.ts';
import { channelProblemText } from './channel-problems.ts';
import { channelFor } from '../../application/messages/channel-names.ts';
import type { ChannelProblem } from '../../application/messages/review-places.ts';
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
  /** Whether everybody in the workspace can read it. */
  isPublic(channelId: string): Promise<boolean>;
  /** Why the bot cannot post there now, asked of Slack; null where it can. That its name was taken has a notice of its own. */
  problem(channel: string): Promise<ChannelProblem | null>;
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
    const byName = async (listed: Promise<Map<string, string | null>>): Promise<string | null> =>
      (await listed).get(name) ?? null;
    const recent = (): Promise<string | null> => byName(names.recent('all'));
    const fresh = (): Promise<string | null> => byName(names.fresh('all'));
    return channelFor({ store, ids: { next: newId } }, { name, recent, fresh });
  };
  return {
    idOf,
    isPublic: async (channelId) => {
      const { channel } = await client.conversations.info({ channel: channelId });
      return channel?.is_private !== true && channel?.is_im !== true;
    },
    problem: async (channel) => {
      const id = await idOf(channel);
      const code = id === null ? 'channel_not_found' : await problemCode(client, id);
      if (code === null) return null;
      return { why: channelProblemText(code), isTaken: id === null && (await isTaken(store, channel)) };
    },
  };
};

const isTaken = async ({ read }: ChannelSettings['store'], channel: string): Promise<boolean> =>
  ((await read.channelName(channel.replace(/^#/, '').toLowerCase()))?.takenBy ?? null) !== null;

/** Slack: docs.slack.dev/reference/methods/conversations.info */
const problemCode = async (client: WebClient, id: string): Promise<string | null> => {
  try {
    const { channel } = await client.conversations.info({ channel: id });
    if (channel?.is_archived === true) return 'is_archived';
    return channel?.is_member === true ? null : 'not_in_channel';
  } catch (error) {
    const failure = slackFailureOf(error);
    if (failure?.kind !== 'permanent') throw error;
    return 'channel_not_found';
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

const listNames = async (client: WebClient): Promise<Map<string, string | null>> => {
  const ids = new Map<string, string | null>();
  let cursor = '';
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const answer = await client.conversations.list({
      types: 'public_channel,private_channel',
      exclude_archived: true,
      limit: PAGE,
      ...(cursor ? { cursor } : {}),
    });
    for (const { id, name, context_team_id: teamId } of answer.channels ?? []) {
      if (!id || !name) continue;
      const known = ids.get(name.toLowerCase());
      // In an organisation each workspace may have a channel of this name: none of them is meant.
      ids.set(name.toLowerCase(), known === undefined || known === id ? id : null);
      if (teamId) ids.set(`${name}@${teamId}`.toLowerCase(), id);
    }
    cursor = answer.response_metadata?.next_cursor ?? '';
    if (!cursor) break;
  }
  return ids;
};
