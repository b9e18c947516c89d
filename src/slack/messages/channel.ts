/** Slack as a channel of messages: posts or updates one, and says what became of it. */
import { createHash } from 'node:crypto';
import type { WebClient } from '@slack/web-api';
import { ChannelHeldError } from '../../application/messages/channel.ts';
import type {
  Delivered,
  Delivery,
  IncidentContent,
  MessageChannel,
  MessageFile,
} from '../../application/messages/channel.ts';
import type { Place } from '../../application/messages/message-ports.ts';
import type { Log } from '../../lib/log.ts';
import { slackFailureOf } from '../connection/failures.ts';
import { nearChannel } from '../connection/token-choice.ts';
import { channelProblemText } from './channel-problems.ts';
import { createChannels, findChannel, roomOf } from './channels.ts';
import type { ChannelSettings } from './channels.ts';
import { timelineFiles } from './timeline-files.ts';
import { messageOf } from './render/content.ts';
import type { Message } from './render/text.ts';

/** Where Slack gives no time: soon, and the queue's own back-off on top. */
const PASSING_RETRY_MS = 2_000;

/** `patientClient`: for messages that may come late. */
type Clients = { client: WebClient; patientClient: WebClient };
export type SlackChannelSettings = Clients & ChannelSettings & { log: Log };
/** Of a look-up. */
const LOOKUP_RETRY_MS = 10_000;

const fingerprintOf = (message: Message): string => createHash('sha256').update(JSON.stringify(message)).digest('hex');

export const createSlackChannel = (settings: SlackChannelSettings): MessageChannel => {
  const channels = createChannels(settings);
  const { log } = settings;
  return {
    deliver: async (delivery) => {
      try {
        return await deliver(settings, delivery);
      } catch (error) {
        const failure = slackFailureOf(error);
        if (!failure) throw error;
        if (failure.kind === 'permanent') return { outcome: 'refused', code: failure.code };
        const retryInMs = failure.kind === 'rate_limited' ? failure.retryInMs : PASSING_RETRY_MS;
        return { outcome: 'held', retryInMs, error: failure.code };
      }
    },
    isChannel: (audience) => roomOf(audience) !== null,
    problemText: channelProblemText,
    findChannel: (named) => lookedUp(() => findChannel({ channels, log }, named)),
    isPublic: (channelId) => lookedUp(() => channels.isPublic(channelId)),
  };
};

const lookedUp = async <T>(look: () => Promise<T>): Promise<T> => {
  try {
    return await look();
  } catch (error) {
    const failure = slackFailureOf(error);
    if (!failure) throw error;
    const retryInMs = failure.kind === 'rate_limited' ? failure.retryInMs : LOOKUP_RETRY_MS;
    throw new ChannelHeldError(failure.code, retryInMs, { cause: error });
  }
};

const deliver = async (settings: SlackChannelSettings, delivery: Delivery): Promise<Delivered> => {
  const { client, patientClient } = settings;
  const { content, place, unless, isPatient } = delivery;
  if (content.subject === 'incident' && content.kind === 'files') return upload(client, delivery, content);
  if (content.subject === 'report' && content.kind === 'files') return uploadFiles(patientClient, delivery, content);
  if (content.subject === 'advice' && content.kind === 'advice_files')
    return uploadFiles(patientClient, delivery, content);
  const message = messageOf(content);
  const rendered = fingerprintOf(message);
  const calling = isPatient ? patientClient : client;
  if (!place) {
    await enter(settings, delivery);
    return { outcome: 'posted', place: await post(calling, delivery, message), rendered };
  }
  // What stands there already is not sent again: Slack counts every call.
  if (rendered === unless) return { outcome: 'unchanged', rendered };
  await calling.chat.update({ ...place, ...message });
  return { outcome: 'updated', rendered };
};

/** Slack: docs.slack.dev/messaging/message-metadata; says which of our messages is which to the one who looks at the channel. */
const metadataOf = ({ subject, kind }: Delivery) => ({
  event_type: `latchkey_${subject.kind}`,
  event_payload: { [`${subject.kind}_id`]: subject.id, kind },
});

const post = async (client: WebClient, delivery: Delivery, message: Message): Promise<Place> => {
  const { thread, audience } = delivery;
  // A user id as channel is the app's direct message with that person.
  const { channel, ts } = await client.chat.postMessage({
    channel: thread?.channel ?? audience,
    ...(thread ? { thread_ts: thread.ts } : {}),
    ...message,
    unfurl_links: false,
    unfurl_media: false,
    metadata: metadataOf(delivery),
  });
  if (!channel || !ts) throw new Error('chat.postMessage gave no channel or ts');
  return { channel, ts };
};

/**
 * A public channel of an incident is entered, a private one is not ours to enter: somebody has to invite us. What keeps us out is said by
 * the post that follows. Slack: docs.slack.dev/reference/methods/conversations.join
 */
const enter = async ({ client, log }: SlackChannelSettings, { content, audience }: Delivery): Promise<void> => {
  if (content.subject !== 'incident') return;
  const { channelId, isPrivate } = content.briefing.view.incident;
  if (audience !== channelId || isPrivate) return;
  try {
    await client.conversations.join({ channel: channelId });
  } catch (error) {
    const failure = slackFailureOf(error);
    if (failure?.kind !== 'permanent') throw error;
    log.warn({ channel: channelId, code: failure.code }, 'the channel of an incident cannot be entered');
  }
};

const uploadFiles = async (
  client: WebClient,
  { thread }: Delivery,
  { files }: { files: MessageFile[] },
): Promise<Delivered> => {
  if (!thread) throw new Error('files go under their message');
  const uploads = await Promise.all(
    files.map(async ({ name, read }) => ({ filename: name, title: name, file: await read() })),
  );
  await client.files.uploadV2({ channel_id: thread.channel, thread_ts: thread.ts, file_uploads: uploads });
  return { outcome: 'posted', place: thread, rendered: '' };
};

/** Slack: docs.slack.dev/reference/methods/files.completeUploadExternal; it gives no ts, so the thread's stands for it. */
const upload = async (client: WebClient, { thread }: Delivery, { timeline }: IncidentContent): Promise<Delivered> => {
  if (!thread || !timeline) throw new Error('files of an incident have a timeline and go under its message');
  const files = { channel_id: thread.channel, thread_ts: thread.ts, file_uploads: timelineFiles(timeline) };
  await nearChannel(thread.channel, () => client.files.uploadV2(files));
  return { outcome: 'posted', place: thread, rendered: '' };
};
