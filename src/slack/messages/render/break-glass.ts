/** What is told about access that was taken without approval: the alarm, the banner, the review, and how the review came out. */
import type { KnownBlock } from '@slack/types';
import { formatDuration } from '../../../domain/time/durations.ts';
import type { Review } from '../../../domain/break-glass/follow-up.ts';
import { isTerminalGrant } from '../../../domain/lifecycle.ts';
import type { RequestView } from '../../../application/record/request-view.ts';
import { actions, justifiedButton, notJustifiedButton } from './buttons.ts';
import { liveBlocks } from './approval.ts';
import type { MessageFacts } from './facts.ts';
import {
  CONTEXT_TEXT_MAX,
  MESSAGE_TEXT_MAX,
  REASON_SHOWN_MAX,
  SECTION_TEXT_MAX,
  VOTE_REASON_SHOWN_MAX,
} from './limits.ts';
import { howLong, mark, mayRemain, notCut, oneOf, ruleName, status, ticket, warning, what } from './phrases.ts';
import { context, cut, date, inline, mention, quote, section, sentenceList } from './text.ts';
import type { Message } from './text.ts';

const OUTCOME_WORDS = { justified: 'justified', not_justified: 'not justified' } as const;

/** Where the review stands; null for access that was approved. */
export const reviewLine = ({ review, reviewer, now }: RequestView): string | null => {
  if (!review) return null;
  if (review.state === 'open') return openLine(review, now);
  const by = reviewer ? ` by ${mention(reviewer)}` : '';
  const note = review.note ? ` ${inline(review.note, VOTE_REASON_SHOWN_MAX)}` : '';
  return `*Review:* ${review.outcome ? OUTCOME_WORDS[review.outcome] : 'closed'}${by}.${note}`;
};

const openLine = ({ dueAt, waivedAt }: Review, now: Date): string => {
  if (now < dueAt) return `*Review:* open, due ${date(dueAt, now)}.`;
  return `*Review:* overdue since ${date(dueAt, now)}.${waivedAt ? ' An admin allows further break-glass meanwhile.' : ''}`;
};

/** What the policy would have asked for, and what it said no to. */
const skippedLine = ({ request, decision }: RequestView): string => {
  const asked = request.requirements.map(({ label, count }) => oneOf({ label, count, people: [] }));
  const no = decision?.reason ? `*Overridden:* ${inline(decision.reason, VOTE_REASON_SHOWN_MAX)} ` : '';
  if (asked.length === 0) return `${no}No approval was skipped.`;
  return no
    ? `${no}Told: ${sentenceList(asked)}.`
    : `Not asked: ${sentenceList(asked)} (rule ${ruleName(request.rule)}).`;
};

const taken = (view: RequestView, facts: MessageFacts): string =>
  `${mark(view)} *Break-glass:* ${mention(view.requester)} took ${what(view, facts)} for *${howLong(view)}* without approval.`;

const body = (view: RequestView, facts: MessageFacts): KnownBlock[] => {
  const small = [
    ticket(view),
    skippedLine(view),
    warning(facts),
    notCut(facts),
    mayRemain(view.request.mayRemain),
  ].filter((line) => line !== null);
  return [
    section(cut(taken(view, facts), SECTION_TEXT_MAX)),
    section(quote(view.request.reason, REASON_SHOWN_MAX)),
    context(cut(small.join('\n'), CONTEXT_TEXT_MAX)),
    section(cut([status(view), reviewLine(view)].filter((line) => line !== null).join('\n'), SECTION_TEXT_MAX)),
  ];
};

const short = (view: RequestView, facts: MessageFacts): string =>
  `Break-glass: ${mention(view.requester)} took ${what(view, facts)}. ${status(view)}`;

/** To everyone the policy names and every approver who was not asked. */
export const alarmMessage = (view: RequestView, facts: MessageFacts): Message => ({
  text: cut(short(view, facts), MESSAGE_TEXT_MAX),
  blocks: body(view, facts),
});

/** In the target's channel while the access lasts; at its end it says so. */
export const bannerMessage = (view: RequestView, facts: MessageFacts): Message => {
  const isOver = view.grant === null || isTerminalGrant(view.grant.state);
  const heading = isOver ? '*Break-glass is over.*' : '*Break-glass is in use.*';
  return {
    text: cut(short(view, facts), MESSAGE_TEXT_MAX),
    blocks: [section(heading), ...body(view, facts), ...liveBlocks(view)],
  };
};

const REVIEW_ASKS = 'Was it justified? Say so when you have looked; the person reads what you say, and it is kept.';

const reviewBlocks = (view: RequestView, facts: MessageFacts): KnownBlock[] => {
  const { review, grant } = view;
  if (review?.state !== 'open' || !grant) return body(view, facts);
  return [...body(view, facts), context(REVIEW_ASKS), actions(justifiedButton(grant.id), notJustifiedButton(grant.id))];
};

export const reviewMessage = (view: RequestView, facts: MessageFacts): Message => {
  const reminded = view.review && view.review.state === 'open' && view.review.reminders > 0;
  const asks = reminded ? 'Reminder: a review waits for you' : 'A review waits for you';
  const isOpen = view.review?.state === 'open';
  const text = `${isOpen ? asks : 'Reviewed'}: ${mention(view.requester)} took ${what(view, facts)}. ${reviewLine(view) ?? ''}`;
  return { text: cut(text, MESSAGE_TEXT_MAX), blocks: reviewBlocks(view, facts) };
};

/** To admins, once, when nobody reviewed in time: they may close it too. */
export const reviewOverdueMessage = (view: RequestView, facts: MessageFacts): Message => {
  const isOpen = view.review?.state === 'open';
  const within = view.review ? formatDuration(view.review.withinMs) : '';
  const heading = isOpen
    ? `*Nobody reviewed this within ${within}.* Until somebody does, ${mention(view.requester)} cannot break glass again, unless you say otherwise: \`/prod-access review allow\` and their name.`
    : '*This review was overdue and is closed now.*';
  const text = `An overdue review of ${mention(view.requester)}: ${what(view, facts)}. ${reviewLine(view) ?? ''}`;
  return {
    text: cut(text, MESSAGE_TEXT_MAX),
    blocks: [section(cut(heading, SECTION_TEXT_MAX)), ...reviewBlocks(view, facts)],
  };
};

/** To whoever took the access: how the review came out. */
export const reviewedMessage = (view: RequestView, facts: MessageFacts): Message => {
  const words = `${what(view, facts)} that you took by break-glass was reviewed.\n${reviewLine(view) ?? ''}`;
  return { text: cut(words, MESSAGE_TEXT_MAX), blocks: [section(cut(words, SECTION_TEXT_MAX))] };
};
