/** What Slack says of a channel now: an event only says that there is something to look at. */
import type { WebClient } from '@slack/web-api';
import { slackFailureOf } from '../connection/failures.ts';
import { nameOf, topicOf } from './channel-events.ts';

type Conversation = NonNullable<Awaited<ReturnType<WebClient['conversations']['info']>>['channel']>;

export type SeenChannel = {
  channelId: string;
  name: string;
  topic: string;
  purpose: string;
  isArchived: boolean;
  isPrivate: boolean;
  teamId: string | null;
  createdAtMs: number;
  /** Who gave it its name: its creator, where it never had another; null where that is not known. */
  namedBy: string | null;
  /** When its settings last changed, as Slack counts; null where it does not say. */
  updatedMs: number | null;
};

/** Slack: docs.slack.dev/reference/methods/conversations.info, "Errors": deleted, or private and not ours to see. */
const GONE = 'channel_not_found';
const UNSEEN = new Set([GONE, 'missing_scope', 'team_not_found']);

/**
 * null for what cannot be an incident's: direct messages, and channels shared with another organisation, whose people must not
 * read what there is to enter here. Slack: docs.slack.dev/reference/objects/conversation-object
 */
export const toSeen = (channel: Conversation): SeenChannel | null => {
  const {
    id,
    name,
    is_im: isIm,
    is_mpim: isMpim,
    is_ext_shared: isShared,
    is_pending_ext_shared: isToBeShared,
  } = channel;
  if (!id || !name || isIm || isMpim || isShared || isToBeShared) return null;
  return {
    channelId: id,
    name: nameOf(name),
    // Slack gives topics as it gives messages: escaped, with people and links as markup.
    topic: topicOf(channel.topic?.value ?? ''),
    purpose: topicOf(channel.purpose?.value ?? ''),
    isArchived: channel.is_archived ?? false,
    isPrivate: channel.is_private ?? false,
    teamId: channel.context_team_id ?? null,
    namedBy: channel.previous_names?.length === 0 ? (channel.creator ?? null) : null,
    createdAtMs: (channel.created ?? 0) * 1_000,
    updatedMs: channel.updated ?? null,
  };
};

/** `gone` when Slack knows no such channel for us; null for what it does not show, or what cannot be an incident's. */
export const lookAtChannel = async (client: WebClient, channelId: string): Promise<SeenChannel | 'gone' | null> => {
  try {
    const { channel } = await client.conversations.info({ channel: channelId });
    return channel ? toSeen(channel) : null;
  } catch (error) {
    const failure = slackFailureOf(error);
    if (failure?.kind !== 'permanent' || !UNSEEN.has(failure.code)) throw error;
    return failure.code === GONE ? 'gone' : null;
  }
};

/** null when there is no such channel for us, or none that can be an incident's. */
export const readChannel = async (client: WebClient, channelId: string): Promise<SeenChannel | null> => {
  const channel = await lookAtChannel(client, channelId);
  return channel === 'gone' ? null : channel;
};
