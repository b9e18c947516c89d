/** What an app may do through a response_url. Slack: docs.slack.dev/interactivity/handling-user-interaction#message_responses */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { SlackError } from './errors.ts';
import { answerJson, parseFields, readBody } from './http.ts';
import { edit, findMessage, post, remove } from './messages.ts';
import type { Content } from './messages.ts';
import { checkedAttachments, checkedBlocks, someContent } from './methods/chat.ts';
import type { ResponseUrl, State } from './state.ts';
import { useResponseUrl } from './interaction-keys.ts';
import type { Json, Message } from './types.ts';
import { record, twistOf } from './web-api.ts';
import type { WebApi } from './web-api.ts';

const contentOf = (body: Json): Content => {
  const blocks = checkedBlocks(body.blocks);
  const attachments = checkedAttachments(body.attachments);
  return someContent({
    text: typeof body.text === 'string' ? body.text : '',
    ...(blocks === undefined ? {} : { blocks }),
    ...(attachments === undefined ? {} : { attachments }),
  });
};

const sourceOf = (state: State, url: ResponseUrl): Message | undefined =>
  url.sourceTs === undefined ? undefined : findMessage(state, url.channelId, url.sourceTs);

/** The answer to a command or interaction: ephemeral unless it says `in_channel`. */
export const respond = (state: State, url: ResponseUrl, body: Json): Message | undefined => {
  const source = sourceOf(state, url);
  if (body.delete_original === true) {
    if (source !== undefined) remove(state, source, state.app.botUserId);
    return undefined;
  }
  const content = contentOf(body);
  if (body.replace_original === true && source !== undefined) {
    // Text without blocks replaces the whole message, as with chat.update.
    const attachments = content.attachments ?? [];
    return edit(state, source, { content: { ...content, blocks: content.blocks ?? [], attachments } });
  }
  const channel = state.channels.get(url.channelId);
  if (channel === undefined) throw new SlackError('channel_not_found');
  const threadTs = typeof body.thread_ts === 'string' ? body.thread_ts : url.threadTs;
  return post(state, {
    channel,
    author: { userId: state.app.botUserId, isApp: true },
    content,
    ...(threadTs === undefined ? {} : { threadTs }),
    ...(body.response_type === 'in_channel' ? {} : { ephemeralFor: url.userId }),
  });
};

const statusOf = (code: string): number => (['used_url', 'expired_url', 'invalid_url'].includes(code) ? 404 : 400);

const use = (state: State, path: string, fields: Json): { status: number; body: Json } => {
  try {
    respond(state, useResponseUrl(state, path), fields);
    return { status: 200, body: { ok: true } };
  } catch (error) {
    if (!(error instanceof SlackError)) throw error;
    return { status: statusOf(error.code), body: { ok: false, error: error.code, ...error.extra } };
  }
};

/** Planned faults reach it under the name `response_url`. */
export const handleResponseUrl = async (
  api: Pick<WebApi, 'state' | 'faults'>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  const fields = parseFields('application/json', await readBody(request)) ?? {};
  const twist = twistOf(api.faults, 'response_url');
  if (twist.delayMs > 0) await wait(twist.delayMs);
  const answer = twist.answer ?? use(api.state, request.url ?? '', fields);
  record(api.state, 'response_url', { args: fields, answer });
  if (twist.isDropped) request.socket.destroy();
  else answerJson(response, answer.body, answer);
};
