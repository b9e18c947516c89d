/** What is said in the thread of an approval message: once each, short, and mentioning only those it is about. */
import { userIdIn } from '../../../domain/principals/requester.ts';
import type { RequestView } from '../../../application/record/request-view.ts';
import type { MessageFacts } from '../../../application/messages/facts.ts';
import { MENTIONS_MAX, MESSAGE_TEXT_MAX } from './limits.ts';
import { escalation, what } from './phrases.ts';
import { mark, status } from './status.ts';
import { cut, date, mention, section, sentenceList } from './text.ts';
import type { Message } from './text.ts';
import { pluralize } from '../../../lib/pluralize.ts';

const reply = (words: string): Message => {
  const text = cut(words, MESSAGE_TEXT_MAX);
  return { text, blocks: [section(text)] };
};

const some = (userIds: readonly string[]): string => {
  const shown = userIds.slice(0, MENTIONS_MAX).map((userId) => mention({ userId }));
  const rest = userIds.length - shown.length;
  return rest > 0 ? `${shown.join(', ')} and ${pluralize(rest, 'other')}` : sentenceList(shown, 'or');
};

/** What is over is not said to wait: the reply says what came of the request. */
const settled = (view: RequestView, was: string): Message => reply(`${mark(view)} ${was} Since then: ${status(view)}`);

export const reminderReply = (view: RequestView, facts: MessageFacts, part: number): Message => {
  const { state, reminders } = view.request;
  if (state !== 'pending') return settled(view, `${mention(view.requester)} waited for an answer.`);
  if (part < reminders) return reply('An earlier reminder. The newest one below is current.');
  return reply(
    `${mention(view.requester)} still waits for ${some(facts.waitingFor ?? [])}. It expires ${date(view.request.lapsesAt, view.now)}.`,
  );
};

export const escalationReply = (view: RequestView, facts: MessageFacts): Message =>
  view.request.state === 'pending'
    ? reply(`${what(view, facts)}: ${escalation(view, facts) ?? 'no answer yet'}.`)
    : settled(view, 'More approvers were notified.');

export const discussionReply = (view: RequestView, facts: MessageFacts): Message => {
  const by = view.request.discussedBy?.split(':').at(-1) ?? '';
  const isRequester = by === userIdIn(view.requester);
  if (view.request.state !== 'pending')
    return settled(view, `${by ? mention({ userId: by }) : 'The requester'} wanted to talk about this.`);
  const others = isRequester ? some(facts.waitingFor ?? []) : mention(view.requester);
  return reply(
    `${by ? mention({ userId: by }) : 'The requester'} would like to talk about this${others ? ` with ${others}` : ''}. What is said here is not a vote.`,
  );
};
