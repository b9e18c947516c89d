/**
 * Messages in channels, where the app was given them: off unless an admin switches it on, because Latchkey reads no messages.
 * Only those of the incident tool that the policy names are looked at, and the notices of a changed topic or name.
 */
import { z } from 'zod';
import type { SaidOfChannel } from '../../application/incidents/incident-types.ts';
import { storableStart } from '../../lib/storable.ts';
import { text } from '../door/payloads.ts';
import { nameOf, topicOf } from './channel-events.ts';

/** What an admin adds to the app to have it; `manifest.yml` has it as comments. */
export const MESSAGE_EVENTS = [
  { type: 'message.channels', scope: 'channels:history' },
  { type: 'message.groups', scope: 'groups:history' },
] as const;

/** Slack: docs.slack.dev/reference/events/message; tools often say it in attachments alone. */
const message = z.object({
  channel: text,
  /** What is no time is long ago: then nothing is recent. */
  ts: z
    .string()
    .regex(/^\d{1,12}(?:\.\d{1,9})?$/)
    .catch('0'),
  channel_type: text.optional(),
  subtype: text.optional(),
  user: text.optional(),
  bot_id: text.optional(),
  app_id: text.optional(),
  text: text.default(''),
  /** Slack: docs.slack.dev/reference/events/message/channel_topic and channel_name */
  topic: z.string().transform(topicOf).optional(),
  name: z.string().transform(nameOf).optional(),
  attachments: z
    .array(z.object({ fallback: text.optional(), title: text.optional(), text: text.optional() }))
    .optional(),
});

export type ChannelMessage = {
  channelId: string;
  /** What this person set the channel's topic or name to; null for any other message. */
  change: SaidOfChannel | null;
  userId: string | null;
  /** Every id it came with: user, bot, app. */
  authorIds: string[];
  text: string;
  postedAt: Date;
};

const TEXT_MAX = 4_000;
const TOPICS: ReadonlySet<string | undefined> = new Set(['channel_topic', 'group_topic']);
const NAMES: ReadonlySet<string | undefined> = new Set(['channel_name', 'group_name']);
/** Somebody's new words; what was edited or deleted says nothing new. */
const WORDS = new Set([undefined, 'bot_message', 'thread_broadcast']);

const changeOf = (
  subtype: string | undefined,
  { topic, name, at }: { topic?: string | undefined; name?: string | undefined; at: Date },
): SaidOfChannel => {
  if (TOPICS.has(subtype)) return topic === undefined ? {} : { topic, at };
  return name === undefined ? {} : { name, at };
};

/** null for what is none of ours: direct messages, edits, and other notices. */
export const readMessage = (event: unknown): ChannelMessage | null => {
  const { channel, channel_type: kind, subtype, ...said } = message.parse(event);
  const isNotice = TOPICS.has(subtype) || NAMES.has(subtype);
  if (kind === 'im' || kind === 'mpim' || !(isNotice || WORDS.has(subtype))) return null;
  const at = new Date(Number(said.ts) * 1_000);
  const attached = (said.attachments ?? []).flatMap(({ fallback, title, text }) => [title, text, fallback]);
  return {
    channelId: channel,
    change: isNotice ? changeOf(subtype, { ...said, at }) : null,
    userId: said.user ?? null,
    postedAt: at,
    authorIds: [said.user, said.bot_id, said.app_id].filter((id) => id !== undefined),
    text: storableStart(
      [said.text, ...attached].filter((part) => part !== undefined && part !== '').join('\n'),
      TEXT_MAX,
    ),
  };
};
