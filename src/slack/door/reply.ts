/** A private answer: where the person is when Slack gave us a way back there, else by direct message. */
import type { Reply, Slack } from './context.ts';
import { post } from '../connection/http-call.ts';
import { fitted } from './fitted.ts';

const TIMEOUT_MS = 5_000;

/** `threadTs`: of the thread in the direct message where it was written. */
export type ReplyTo = { userId: string; responseUrl: string | undefined; threadTs?: string | undefined };

export const createReply =
  ({ client, log }: Pick<Slack, 'client' | 'log'>, { userId, responseUrl, threadTs }: ReplyTo) =>
  async (given: Reply): Promise<void> => {
    const message = given.blocks ? { ...given, blocks: fitted(given.blocks) } : given;
    if (responseUrl && (await respond(responseUrl, message, log))) return;
    await client.chat.postMessage({
      channel: userId,
      text: message.text,
      ...(threadTs === undefined ? {} : { thread_ts: threadTs }),
      ...(message.blocks ? { blocks: message.blocks } : {}),
      ...(message.attachments ? { attachments: message.attachments } : {}),
    });
  };

/** Slack: docs.slack.dev/interactivity/handling-user-interaction#message_responses; lives thirty minutes and five uses. */
const respond = async (url: string, message: Reply, log: Slack['log']): Promise<boolean> => {
  try {
    const { status } = await post({
      url,
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: JSON.stringify({ response_type: 'ephemeral', replace_original: false, ...message }),
      timeoutMs: TIMEOUT_MS,
    });
    const isTaken = status >= 200 && status < 300;
    if (!isTaken) log.warn({ status }, 'Slack refused a private answer; sending it by direct message');
    return isTaken;
  } catch (error) {
    log.warn({ err: error }, 'a private answer did not reach Slack; sending it by direct message');
    return false;
  }
};
