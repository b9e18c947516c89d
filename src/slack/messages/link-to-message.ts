/** A link to a message, for places outside of Slack. */
import type { WebClient } from '@slack/web-api';

/** Null where Slack gives none: a link only adorns. */
export const linkToMessage = async (
  client: Pick<WebClient, 'chat'>,
  { channel, ts }: { channel: string; ts: string },
): Promise<string | null> => {
  try {
    const { permalink } = await client.chat.getPermalink({ channel, message_ts: ts });
    return permalink ?? null;
  } catch (error) {
    if (error instanceof Error) return null;
    throw error;
  }
};
