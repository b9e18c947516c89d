/**
 * What a person writes to Latchkey in its direct message: the same as after the slash command, by the same path and with the same identity.
 * Bots, edits, and what people's other apps write in their name are no commands of theirs.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { COMMAND } from './commands/command.ts';
import { runCommand } from './commands/registry.ts';
import type { Reply, Slack } from './context.ts';
import { answerWith } from './answer.ts';
import { deliveryKey } from './delivered-once.ts';
import { sayButtons } from '../messages/render/line-buttons.ts';
import { text } from './payloads.ts';
import { readTyped } from './typed-text.ts';

/** What `manifest.yml` needs for it. Slack: docs.slack.dev/reference/events/message.im */
export const DIRECT_MESSAGE = { type: 'message.im', scope: 'im:history' } as const;

/** Slack sends an event again for five minutes, and much later where the app was away: what is older gets a question, and is not done. */
const STALE_SECONDS = 10 * 60;
/** As long as Slack may send it again. */
const KEPT_SECONDS = 24 * 3_600;

const payload = z.object({
  channel: text,
  channel_type: z.string().optional(),
  subtype: z.string().optional(),
  hidden: z.boolean().optional(),
  user: text.optional(),
  bot_id: z.string().nullish(),
  app_id: z.string().nullish(),
  text: text.default(''),
  ts: z.string().regex(/^\d{1,12}(?:\.\d{1,9})?$/),
  thread_ts: text.optional(),
});

export type DirectMessage = {
  userId: string;
  channelId: string;
  ts: string;
  threadTs: string | undefined;
  /** As after the command. */
  line: string;
};

/** Said by people who are used to the command, or copied from a message. */
const LEADS = [/^`+|`+$/g, /^<@[UW][A-Z0-9]+(?:\|[^>]*)?>[\s:,]*/, new RegExp(`^/?${COMMAND.slice(1)}(?=\\s|$)`, 'i')];

const lineOf = (written: string, botUserId: string): string => {
  const isToBot = written.trimStart().startsWith(`<@${botUserId}`);
  const said = isToBot ? LEADS : [LEADS[0], LEADS[2]];
  return said.reduce((line, lead) => (lead ? line.trim().replace(lead, '') : line), readTyped(written)).trim();
};

/** null for what is no new message of a person in a direct message. */
export const readDirectMessage = (event: unknown, botUserId: string): DirectMessage | null => {
  const { data } = payload.safeParse(event);
  if (!data || data.channel_type !== 'im' || data.hidden) return null;
  const { subtype, user: userId, bot_id: botId, app_id: appId } = data;
  const isWritten = (subtype === undefined || subtype === 'file_share') && !botId && !appId;
  if (!isWritten || !userId || userId === botUserId) return null;
  return {
    userId,
    channelId: data.channel,
    ts: data.ts,
    threadTs: data.thread_ts,
    line: lineOf(data.text, botUserId),
  };
};

const late = (line: string): Reply =>
  answerWith(
    'Latchkey could not be reached when you wrote this, so nothing was done. Send it again if you still need it.',
    sayButtons([{ line: line || 'help', label: 'Send it again' }]),
  );

type Answering = { slack: Slack; message: DirectMessage; reply: (message: Reply) => Promise<void> };

export const answerDirectMessage = async ({ slack, message, reply }: Answering): Promise<void> => {
  const { userId, channelId, ts, line } = message;
  const id = `${channelId}:${ts}`;
  const now = Date.now() / 1_000;
  const key = createHash('sha256').update(`direct-message:${id}`).digest('hex');
  if (!(await slack.once.take(key, now + KEPT_SECONDS))) return;
  if (now - Number(ts) > STALE_SECONDS) return reply(late(line));
  const call = { slack, userId, channelId, triggerId: null, deliveryKey: deliveryKey('message', id), reply };
  await runCommand({ ...call, text: line || 'help' });
};
