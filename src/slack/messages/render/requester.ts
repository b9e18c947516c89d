/** What the requester is told by direct message: asked, granted, and how it came out. Each is redrawn as the request moves on. */
import type { KnownBlock } from '@slack/types';
import type { Grant } from '../../../domain/grants/grant.ts';
import { endWithIncident } from '../../../domain/grants/ending.ts';
import { isHeld } from '../../../application/grants/hold.ts';
import type { RequestView } from '../../../application/record/request-view.ts';
import {
  actions,
  askAgainButton,
  cancelButton,
  doneButton,
  extendButton,
  showCredentialsButton,
  tryAgainButton,
} from './buttons.ts';
import { reviewLine } from './break-glass.ts';
import type { MessageFacts } from './facts.ts';
import { moreTimeLine } from './more-time.ts';
import { CONTEXT_TEXT_MAX, MESSAGE_TEXT_MAX, REASON_SHOWN_MAX, SECTION_TEXT_MAX } from './limits.ts';
import {
  changeLine,
  changeLines,
  escalation,
  howLong,
  howLongInAll,
  isAhead,
  mark,
  notCut,
  status,
  ticket,
  untilWhen,
  votesBeside,
  warning,
  what,
  whoIsAsked,
} from './phrases.ts';
import { context, cut, date, quote, section } from './text.ts';
import type { Message } from './text.ts';

const message = (view: RequestView, facts: MessageFacts, rest: KnownBlock[]): Message => ({
  text: cut(`${what(view, facts)}: ${status(view)}`, MESSAGE_TEXT_MAX),
  blocks: rest,
});

const lines = (...parts: (string | null)[]): KnownBlock =>
  section(cut(parts.filter((part) => part !== null).join('\n'), SECTION_TEXT_MAX));

/** Nobody got into what was never set up, so nothing goes on there. */
const atItsEnd = ({ grant }: RequestView, facts: MessageFacts): string | null =>
  grant?.state === 'ended' && grant.activatedAt ? notCut(facts) : null;

const UNREACHABLE = {
  untold:
    '*Nobody who may approve could be reached in Slack.* The request stays open; ask one of them directly, or an admin of Latchkey.',
  away: '*Everybody who may approve is away now.* The request stays open, and they may still answer; if it cannot wait, ask an admin of Latchkey.',
} as const;

/** The first message: what was asked and who is asked. It follows the request to its end. */
export const requesterMessage = (view: RequestView, facts: MessageFacts): Message => {
  const isOpen = view.request.state === 'pending';
  const blocks: KnownBlock[] = [
    lines(
      `${mark(view)} You ${view.request.isBreakGlass ? 'broke glass' : 'asked'} for ${what(view, facts)} for *${howLong(view)}*.`,
      status(view),
    ),
    section(quote(view.request.reason, REASON_SHOWN_MAX)),
  ];
  const small = [
    ticket(view),
    reviewLine(view),
    ...changeLines(view, facts),
    isOpen ? whoIsAsked(view, facts) : null,
    isOpen ? escalation(view, facts) : null,
    votesBeside(view, facts),
    atItsEnd(view, facts),
  ].filter((line) => line !== null);
  if (small.length > 0) blocks.push(context(cut(small.join('\n'), CONTEXT_TEXT_MAX)));
  if (isOpen && facts.unreachable) blocks.push(section(UNREACHABLE[facts.unreachable]));
  if (isOpen || isAhead(view)) blocks.push(actions(cancelButton(view.request.id)));
  if (view.grant && isHeld(view.grant)) {
    blocks.push(actions(tryAgainButton(view.grant.id)));
    blocks.push(context(`There is nothing for you to do. \`/prod-access done ${view.grant.id}\` gives it up.`));
  }
  return message(view, facts, blocks);
};

/** Posted when an approver agreed to less than was asked: exactly what changed, and the way out while there is one. */
export const changedMessage = (view: RequestView, facts: MessageFacts, part: number): Message => {
  const change = view.request.changes[part - 1];
  const isOpen = view.request.state === 'pending';
  const said = change ? changeLine(change, facts) : 'Your request was changed.';
  const blocks: KnownBlock[] = [lines(`${mark(view)} Your request was approved *with changes*.`, said, status(view))];
  if (isOpen) {
    blocks.push(actions(cancelButton(view.request.id)));
    blocks.push(context('It goes on as changed. If it is no longer of use to you, cancel it.'));
  }
  return { text: cut(said, MESSAGE_TEXT_MAX), blocks };
};

/** Why it ends earlier than it was given for, and what to do about it. */
const ownEndLine = (view: RequestView, grant: Grant): string | null =>
  endWithIncident(grant, view.incident)
    ? `Its incident was closed. Where the rules allow it, *Keep mine* in the message about the close lets it run until ${date(grant.expiresAt, view.now)}.`
    : null;

/** Posted once the access was read back from the target; its buttons live as long as the access. */
export const grantedMessage = (view: RequestView, facts: MessageFacts): Message => {
  const { grant } = view;
  const isLive = grant?.state === 'active';
  const heading = isLive
    ? `${mark(view)} You have ${what(view, facts)} until *${untilWhen(grant, view)}*.`
    : `${mark(view)} You had ${what(view, facts)}.`;
  const blocks: KnownBlock[] = [
    lines(
      heading,
      ...(isLive
        ? [ownEndLine(view, grant), moreTimeLine(view), warning(facts), notCut(facts)]
        : [status(view), atItsEnd(view, facts)]),
    ),
  ];
  if (!isLive) return message(view, facts, blocks);
  const more = facts.offerMs === null ? [] : [extendButton(grant, facts.offerMs)];
  blocks.push(actions(showCredentialsButton(grant.id), ...more, doneButton(grant.id)));
  blocks.push(
    context(`Give it back when you are done: \`/prod-access done ${grant.id}\` does the same as the button.`),
  );
  const text = `Granted: ${what(view, facts)} until ${untilWhen(grant, view)}.`;
  return { text: cut(text, MESSAGE_TEXT_MAX), blocks };
};

/** The last word: denied, lapsed, failed or ended. */
export const outcomeMessage = (view: RequestView, facts: MessageFacts): Message =>
  message(view, facts, [
    lines(
      `${mark(view)} ${what(view, facts)} for ${howLongInAll(view)}`,
      status(view),
      atItsEnd(view, facts),
      reviewLine(view),
    ),
    // More time is asked for on the access itself, where there still is any.
    ...(view.extended?.state === 'active' ? [] : [actions(askAgainButton(view.request.id))]),
  ]);
