/** What is said about access that was taken without approval: the alarm, the banner, the review, and how the review came out. */
import type { Button, KnownBlock } from '@slack/types';
import { formatDuration } from '../../../domain/time/durations.ts';
import type { Review } from '../../../domain/break-glass/follow-up.ts';
import { isOver } from '../../../domain/lifecycle.ts';
import type { RequestView } from '../../../application/record/request-view.ts';
import { actions, justifiedButton, notJustifiedButton } from './buttons.ts';
import { liveBlocks, whoLine } from './access-blocks.ts';
import { card, iconOf } from './card.ts';
import type { Tone } from './card.ts';
import { conditions } from './conditions.ts';
import type { MessageFacts } from '../../../application/messages/facts.ts';
import { CONTEXT_TEXT_MAX, REASON_PUSHED_MAX, SECTION_TEXT_MAX, VOTE_REASON_SHOWN_MAX } from './limits.ts';
import { sayButtons } from './line-buttons.ts';
import {
  howLong,
  inTarget,
  mayRemain,
  notCut,
  oneOf,
  overrideLine,
  reason,
  ruleName,
  warning,
  what,
} from './phrases.ts';
import { status } from './status.ts';
import { context, cut, date, inline, mention, said, section, sentenceList } from './text.ts';
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
  return `*Review:* overdue since ${date(dueAt, now)}.${waivedAt ? ' An admin allows further break-glass.' : ''}`;
};

/** Whose doing the review is about. */
const answerable = ({ request: { origin }, requester }: RequestView): string =>
  origin?.kind === 'override' ? mention(origin.by) : mention(requester);

const isOverride = ({ request }: RequestView): boolean => request.origin?.kind === 'override';

/** What the policy would have required, and what it said no to. */
const skippedLine = (view: RequestView): string => {
  const { request, decision } = view;
  const overridden = overrideLine(view);
  if (overridden !== null) return overridden;
  const skipped = request.requirements.map(({ label, count }) => oneOf({ label, count, people: [] }));
  const no = decision?.reason ? `*Overridden:* ${inline(decision.reason, VOTE_REASON_SHOWN_MAX)} ` : '';
  if (skipped.length === 0) return `${no}No approval was skipped.`;
  return no
    ? `${no}Notified: ${sentenceList(skipped)}.`
    : `Skipped: ${sentenceList(skipped)} (rule ${ruleName(request.rule)}).`;
};

const isLive = ({ grant }: RequestView): boolean => grant !== null && !isOver(grant.state);

/** Red while it is in use, and as long as its review is open; then it is a record. */
const toneOf = (view: RequestView): Tone => {
  if (isLive(view)) return 'alarm';
  return view.review?.state === 'open' ? 'trouble' : 'over';
};

const headline = (view: RequestView): string => {
  const words = isLive(view) ? '*Break-glass is in use:*' : '*Break-glass is over:*';
  return `${iconOf(toneOf(view))} ${isOverride(view) ? '*A freeze was overridden:*' : words}`;
};

const head = (view: RequestView, facts: MessageFacts): KnownBlock[] => [
  whoLine(view, facts),
  section(
    cut(
      `${headline(view)} ${what(view, facts)} for *${howLong(view)}*${isOverride(view) ? '' : ', without approval'}`,
      SECTION_TEXT_MAX,
    ),
  ),
];

const body = (view: RequestView, facts: MessageFacts, review: string | null): KnownBlock[] => {
  const small = [
    warning(facts),
    skippedLine(view),
    inTarget(view),
    conditions(facts.terms),
    notCut(facts),
    mayRemain(view.request.mayRemain),
  ];
  return [
    section(cut(reason(view), SECTION_TEXT_MAX)),
    section(cut([status(view, facts), review].filter((line) => line !== null).join('\n'), SECTION_TEXT_MAX)),
    context(cut(small.filter((line) => line !== null).join(' · '), CONTEXT_TEXT_MAX)),
  ];
};

const short = (view: RequestView, facts: MessageFacts): string =>
  `Break-glass: ${mention(view.requester)} took ${what(view, facts)} for ${howLong(view)}${facts.role?.isSensitive ? ' (sensitive)' : ''}: ${said(view.request.reason, REASON_PUSHED_MAX)}. ${status(view, facts)}`;

type Extra = { text?: string; review?: string | null; after?: KnownBlock[] };

const message = (
  view: RequestView,
  facts: MessageFacts,
  { text = short(view, facts), review = reviewLine(view), after = [] }: Extra,
): Message =>
  card({ tone: toneOf(view), text, head: head(view, facts), body: [...body(view, facts, review), ...after] });

/** To everyone the policy names, every approver who was passed over, and the target's channel; owners and admins end it from here. */
export const alarmMessage = (view: RequestView, facts: MessageFacts): Message =>
  message(view, facts, { after: liveBlocks(view) });

const reviewButtons = ({ review, grant }: RequestView): Button[] =>
  review?.state === 'open' && grant ? [justifiedButton(grant.id), notJustifiedButton(grant.id)] : [];

const rowOf = (buttons: Button[]): KnownBlock[] => (buttons.length > 0 ? [actions(...buttons)] : []);

const question = (view: RequestView): string =>
  isOverride(view)
    ? `*Was the override justified?* ${answerable(view)} reads your answer, and it is kept.`
    : '*Was it justified?* The requester reads your answer, and it is kept.';

/** `@ada took …: “why”`, or `@sam overrode a freeze for @ada: …: “why”`. */
const did = (view: RequestView, facts: MessageFacts): string => {
  const about = `${what(view, facts)}: ${said(view.request.reason, REASON_PUSHED_MAX)}`;
  return isOverride(view)
    ? `${answerable(view)} overrode a freeze for ${mention(view.requester)}, ${about}`
    : `${mention(view.requester)} took ${about}`;
};

export const reviewMessage = (view: RequestView, facts: MessageFacts): Message => {
  const isOpen = view.review?.state === 'open';
  const opens =
    view.review && view.review.reminders > 0 ? 'Reminder: a review waits for you' : 'A review waits for you';
  const text = `${isOpen ? opens : 'Reviewed'}: ${did(view, facts)}. ${reviewLine(view) ?? ''}`;
  const review = isOpen ? `${reviewLine(view) ?? ''} ${question(view)}` : reviewLine(view);
  return message(view, facts, { text, review, after: rowOf(reviewButtons(view)) });
};

/** Lifts the block without closing the review. */
const allowButtons = (view: RequestView): Button[] =>
  view.review?.state === 'open' &&
  view.review.waivedAt === null &&
  (isOverride(view) || view.requester.kind === 'person')
    ? sayButtons([{ line: `review allow ${answerable(view)}`, label: 'Allow break-glass again' }])
    : [];

/** To admins, once, when no reviewer answered in time: they may close it too. */
export const reviewOverdueMessage = (view: RequestView, facts: MessageFacts): Message => {
  const within = view.review ? formatDuration(view.review.withinMs) : '';
  const block = view.review?.waivedAt
    ? 'An admin allows further break-glass.'
    : `Until a reviewer answers, they cannot use break-glass again${isOverride(view) ? ', nor override a freeze' : ''}.`;
  const review =
    view.review?.state === 'open'
      ? `*No reviewer answered within ${within}.* ${block} ${question(view)}`
      : reviewLine(view);
  const text = `An overdue review of ${answerable(view)}: ${what(view, facts)}. ${reviewLine(view) ?? ''}`;
  return message(view, facts, { text, review, after: rowOf([...reviewButtons(view), ...allowButtons(view)]) });
};

/** To the person who took the access: how the review came out. */
export const reviewedMessage = (view: RequestView, facts: MessageFacts): Message => {
  const isFine = view.review?.outcome !== 'not_justified';
  const words = `Your ${isOverride(view) ? 'override of a freeze for' : 'break-glass access to'} ${what(view, facts)} was reviewed.`;
  return card({
    tone: isFine ? 'over' : 'refused',
    text: `${words} ${reviewLine(view) ?? ''}`,
    head: [section(cut(`${iconOf(isFine ? 'over' : 'refused')} ${words}`, SECTION_TEXT_MAX))],
    body: [section(cut(reviewLine(view) ?? '*Review:* closed.', SECTION_TEXT_MAX))],
  });
};
