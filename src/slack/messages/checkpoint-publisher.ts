/** The channel of the auditors: a message for each checkpoint, never edited. */
import type { WebClient } from '@slack/web-api';
import type { Held, Publisher } from '../../application/evidence/evidence-ports.ts';
import { slackFailureOf } from '../connection/failures.ts';
import type { Channels } from './channels.ts';

const EVENT = 'latchkey_checkpoint';
const PAGE = 200;
const PAGES_MAX = 50;

type Settings = { client: WebClient; channels: Channels; channel: string };
type Message = { metadata?: { event_type?: string; event_payload?: object }; ts?: string };

const channelId = async ({ channels, channel }: Settings): Promise<string> => {
  const id = await channels.idOf(channel);
  if (id === null) throw new Error(`There is no channel ${channel} that Latchkey can see; invite it there.`);
  return id;
};

const inWords = async <T>({ channel }: Settings, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    const failure = slackFailureOf(error);
    if (!failure) throw error;
    const remedy =
      failure.code === 'missing_scope' ? '; give the app channels:history (groups:history for a private one)' : '';
    throw new Error(`Slack refuses the checkpoints in ${channel} (${failure.code})${remedy}.`, { cause: error });
  }
};

const noteOf = ({ metadata }: Message): string | null => {
  const payload = metadata?.event_payload;
  if (metadata?.event_type !== EVENT || !payload || !('note' in payload)) return null;
  return typeof payload.note === 'string' ? payload.note : null;
};

const readMessages = async (settings: Settings, wanted: 'newest' | 'all'): Promise<Held[]> => {
  const channel = await channelId(settings);
  const found: Held[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const answer = await settings.client.conversations.history({
      channel,
      limit: PAGE,
      include_all_metadata: true,
      ...(cursor && { cursor }),
    });
    const messages: Message[] = answer.messages ?? [];
    for (const message of messages) {
      const note = noteOf(message);
      if (note !== null) found.push({ text: note, source: `a message in ${settings.channel} (${message.ts ?? '?'})` });
    }
    cursor = answer.response_metadata?.next_cursor;
    if (!cursor || (wanted === 'newest' && found.length > 0)) break;
  }
  return wanted === 'newest' ? found.slice(0, 1) : found;
};

export const slackPublisher = (settings: Settings): Publisher => ({
  name: `slack:${settings.channel}`,
  kind: 'slack',
  vkey: null,
  takesEach: true,
  put: ({ note, size }) =>
    inWords(settings, async () => {
      await settings.client.chat.postMessage({
        channel: await channelId(settings),
        text: `Checkpoint of the audit log, ${size} events:\n\`\`\`\n${note}\`\`\``,
        metadata: { event_type: EVENT, event_payload: { note, size } },
        unfurl_links: false,
      });
      return { signatures: '' };
    }),
  held: (wanted) => inWords(settings, () => readMessages(settings, wanted)),
});
