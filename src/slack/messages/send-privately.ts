/** Files to one person by direct message. */
import type { WebClient } from '@slack/web-api';
import { nearChannel } from '../connection/token-choice.ts';

/** `file`: the bytes, or the path of a file. */
type Upload = { filename: string; title: string } & ({ content: string } | { file: Buffer | string });
type Sending = { userId: string; text: string; files: Upload[] };

export const sendPrivately = async (client: WebClient, { userId, text, files }: Sending): Promise<void> => {
  // A user id as channel is the app's direct message with that person; a file needs the id of the message's channel.
  const { channel, ts } = await client.chat.postMessage({ channel: userId, text });
  if (!channel || !ts) throw new Error('chat.postMessage gave no channel or ts');
  await nearChannel(channel, () => client.files.uploadV2({ channel_id: channel, thread_ts: ts, file_uploads: files }));
};
