/**
 * Messages in channels, where the app was given them: off unless an admin switches it on, because Latchkey reads no messages.
 * Only those of the incident tool that the policy names are looked at, and the notices of a changed topic.
 */
import { z } from 'zod';

/** What an admin adds to the app to have it; `manifest.yml` has it as comments. */
export const MESSAGE_EVENTS = [
  { type: 'message.channels', scope: 'channels:history' },
  { type: 'message.groups', scope: 'groups:history' },
] as const;

/** Slack: docs.slack.dev/reference/events/message; tools often say it in attachments alone. */
const message = z.object({
  channel: z.string(),
  ts: z.string().default('0'),
  channel_type: z.string().optional(),
  subtype: z.string().optional(),
  user: z.string().optional(),
  bot_id: z.string().optional(),
  app_id: z.string().optional(),
  text: z.string().default(''),
  attachments: z
    .array(z.object({ fallback: z.string().optional(), title: z.string().optional(), text: z.string().optional() }))
    .optional(),
});

export type ChannelMessage = {
  channelId: string;
  isTopic: boolean;
  userId: string | null;
  /** Every id it came with: user, bot, app. */
  authorIds: string[];
  text: string;
  postedAt: Date;
};

const TEXT_MAX = 4_000;
const TOPICS = new Set(['channel_topic', 'group_topic']);
/** Somebody's new words; what was edited or deleted says nothing new. */
const WORDS = new Set([undefined, 'bot_message', 'thread_broadcast']);

/** null for what is none of ours: direct messages, edits, and other notices. */
export const readMessage = (event: unknown): ChannelMessage | null => {
  const { channel, channel_type: kind, subtype, ...said } = message.parse(event);
  const isTopic = subtype !== undefined && TOPICS.has(subtype);
  if (kind === 'im' || kind === 'mpim' || !(isTopic || WORDS.has(subtype))) return null;
  const attached = (said.attachments ?? []).flatMap(({ fallback, title, text }) => [title, text, fallback]);
  return {
    channelId: channel,
    isTopic,
    userId: said.user ?? null,
    postedAt: new Date(Number(said.ts) * 1_000),
    authorIds: [said.user, said.bot_id, said.app_id].filter((id) => id !== undefined),
    text: [said.text, ...attached]
      .filter((part) => part !== undefined && part !== '')
      .join('\n')
      .slice(0, TEXT_MAX),
  };
};
