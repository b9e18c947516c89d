/** Posts or redraws one copy of a message, and says what became of it. */
import type { WebClient } from '@slack/web-api';
import { retryUntil } from '../../../lib/retry-until.ts';
import type { Log } from '../../../lib/log.ts';
import type { Store } from '../../../application/deps.ts';
import type { MessageCopy, MessageKind } from '../../../application/messages/message-ports.ts';
import type { RequestView } from '../../../application/record/request-view.ts';
import { approvalMessage } from '../render/approval.ts';
import {
  alarmMessage,
  bannerMessage,
  reviewedMessage,
  reviewMessage,
  reviewOverdueMessage,
} from '../render/break-glass.ts';
import { clientMessage } from '../render/client.ts';
import type { MessageFacts } from '../render/facts.ts';
import { warningMessage } from '../render/more-time.ts';
import { discussionReply, escalationReply, reminderReply } from '../render/replies.ts';
import { changedMessage, grantedMessage, outcomeMessage, requesterMessage } from '../render/requester.ts';
import { stuckMessage } from '../render/stuck.ts';
import type { Message } from '../render/text.ts';
import { slackFailureOf } from '../../connection/client.ts';
import type { SlackFailure } from '../../connection/client.ts';

const MESSAGES = {
  approval: approvalMessage,
  requester: (view, facts) =>
    view.requester.kind === 'client' ? clientMessage(view, facts) : requesterMessage(view, facts),
  granted: grantedMessage,
  warning: warningMessage,
  outcome: outcomeMessage,
  stuck: stuckMessage,
  alarm: alarmMessage,
  banner: bannerMessage,
  review: reviewMessage,
  review_overdue: reviewOverdueMessage,
  reviewed: reviewedMessage,
  changed: changedMessage,
  reminder: reminderReply,
  escalation: escalationReply,
  discussion: discussionReply,
} satisfies Record<MessageKind, (view: RequestView, facts: MessageFacts, part: number) => Message>;

/** Slack: docs.slack.dev/messaging/message-metadata; tells which of our messages is which to whoever looks at the channel. */
const METADATA_EVENT = 'latchkey_request';

export type Delivery = { client: WebClient; messages: Store['messages']; log: Log };
/** `thread` is the message that replies to this audience go under; only they need one. */
export type Drawing = { view: RequestView; facts: MessageFacts; thread?: { channel: string; ts: string } | undefined };

/** `held`: Slack asks to come back later; the copy is as it was. */
export type Delivered = { outcome: 'drawn' | 'unreachable' } | { outcome: 'held'; retryInMs: number; error: string };

/** Of the 30 s that a request is held for, 15 may pass before a call, and 10 with it. */
export const NOTING_MS = 4_000;

/** Where Slack gives no time: soon, and the queue's own back-off on top. */
const PASSING_RETRY_MS = 2_000;

/** `copy` is changed to what became of it. */
export const deliver = async (delivery: Delivery, copy: MessageCopy, drawing: Drawing): Promise<Delivered> => {
  try {
    await (isPosted(copy) ? redraw(delivery, copy, drawing) : post(delivery, copy, drawing));
    return { outcome: 'drawn' };
  } catch (error) {
    const failure = slackFailureOf(error);
    if (!failure) throw error;
    return settle(delivery, copy, failure);
  }
};

const settle = async ({ messages, log }: Delivery, copy: MessageCopy, failure: SlackFailure): Promise<Delivered> => {
  const facts = { requestId: copy.requestId, kind: copy.kind, audience: copy.audience, code: failure.code };
  if (failure.kind !== 'permanent') {
    log.info(facts, 'Slack did not take a message now');
    return {
      outcome: 'held',
      retryInMs: failure.kind === 'rate_limited' ? failure.retryInMs : PASSING_RETRY_MS,
      error: failure.code,
    };
  }
  log.warn(facts, 'a message cannot reach its recipient');
  await keep(messages, copy, { failure: failure.code });
  return { outcome: 'unreachable' };
};

const post = async ({ client, messages }: Delivery, copy: MessageCopy, drawing: Drawing): Promise<void> => {
  const { view, facts, thread } = drawing;
  const message = MESSAGES[copy.kind](view, facts, copy.part);
  // A user id as channel is the app's direct message with that person.
  const answer = await client.chat.postMessage({
    channel: thread?.channel ?? copy.audience,
    ...(thread ? { thread_ts: thread.ts } : {}),
    ...message,
    unfurl_links: false,
    unfurl_media: false,
    metadata: { event_type: METADATA_EVENT, event_payload: { request_id: copy.requestId, kind: copy.kind } },
  });
  if (!answer.channel || !answer.ts) throw new Error('chat.postMessage gave no channel or ts');
  const { channel, ts } = answer;
  // What Slack took and nobody noted is posted once more: worth a few tries, in what a call leaves of the lease.
  await retryUntil(NOTING_MS, () =>
    keep(messages, copy, { channel, ts, drawnVersion: view.request.version, failure: null }),
  );
};

/** Stored, and noted in the list that this run works with. */
const keep = (messages: Store['messages'], copy: MessageCopy, change: Partial<MessageCopy>): Promise<void> =>
  messages.save(Object.assign(copy, change));

type Posted = MessageCopy & { channel: string; ts: string };

const isPosted = (copy: MessageCopy): copy is Posted => copy.channel !== null && copy.ts !== null;

const redraw = async ({ client, messages }: Delivery, copy: Posted, { view, facts }: Drawing): Promise<void> => {
  await client.chat.update({ channel: copy.channel, ts: copy.ts, ...MESSAGES[copy.kind](view, facts, copy.part) });
  await keep(messages, copy, { drawnVersion: view.request.version });
};
