/** What the requester reads by direct message: one message that follows the request, and short ones beside it where a ping is due. */
import { hasEnded } from '../../../domain/lifecycle.ts';
import type { KnownBlock } from '@slack/types';
import type { Grant } from '../../../domain/grants/grant.ts';
import { endWithIncident } from '../../../domain/grants/ending.ts';
import { isOutcomePinged } from '../../../application/messages/subjects/request-wanted.ts';
import { isHeld } from '../../../application/grants/hold.ts';
import type { RequestView } from '../../../application/record/request-view.ts';
import {
  actions,
  requestAgainButton,
  breakGlassForButton,
  cancelButton,
  doneButton,
  extendButton,
  showCredentialsButton,
  tryAgainButton,
} from './buttons.ts';
import { reviewLine } from './break-glass.ts';
import { card, iconOf, toneOf } from './card.ts';
import type { MessageFacts } from '../../../application/messages/facts.ts';
import { moreTimeLine } from './more-time.ts';
import { CONTEXT_TEXT_MAX, SECTION_TEXT_MAX } from './limits.ts';
import {
  changeLine,
  changeLines,
  howLong,
  howLongInAll,
  isAhead,
  notCut,
  overrideLine,
  reason,
  warning,
  what,
} from './phrases.ts';
import { mark, status, untilWhen, votesBeside } from './status.ts';
import { progress } from './progress.ts';
import { context, cut, date, mention, section } from './text.ts';
import type { Message } from './text.ts';

type Part = string | null;

const lines = (...parts: Part[]): KnownBlock =>
  section(cut(parts.filter((part) => part !== null).join('\n'), SECTION_TEXT_MAX));

const small = (...parts: Part[]): KnownBlock[] => {
  const known = parts.filter((part) => part !== null);
  return known.length > 0 ? [context(cut(known.join(' · '), CONTEXT_TEXT_MAX))] : [];
};

/** No one got into what was never set up, so nothing goes on there. */
const atItsEnd = ({ grant }: RequestView, facts: MessageFacts): Part =>
  grant?.activatedAt && hasEnded(grant.state) ? notCut(facts) : null;

const UNREACHABLE = {
  untold:
    '*No approver could be reached in Slack.* The request stays open. Contact one of them directly, or an admin of Latchkey.',
  away: '*Every approver is away now.* The request stays open, and they may still answer. If it cannot wait, contact an admin of Latchkey.',
} as const;

const isOver = ({ request, grant }: RequestView): boolean =>
  grant
    ? hasEnded(grant.state) || grant.state === 'failed'
    : request.state !== 'pending' && request.state !== 'approved';

/** More time is requested on the access itself, where there still is any. */
const mayRequestAgain = (view: RequestView): boolean => isOver(view) && view.extended?.state !== 'active';

const liveButtons = (grant: Grant, { offerMs }: MessageFacts): KnownBlock =>
  actions(
    showCredentialsButton(grant.id),
    ...(offerMs === null ? [] : [extendButton(grant, offerMs)]),
    doneButton(grant.id),
  );

/** The one thing to do next, where there is one. *Ask again* stands once: on the ping, where there is one. */
const nextSteps = (view: RequestView, facts: MessageFacts, isOnly: boolean): KnownBlock[] => {
  const { request, grant } = view;
  if (grant?.state === 'active') return [liveButtons(grant, facts)];
  if (grant && isHeld(grant)) return [actions(tryAgainButton(grant.id), doneButton(grant.id))];
  if (request.state === 'pending' || isAhead(view)) {
    const atOnce = facts.mayBreakGlass ? [breakGlassForButton(request.id)] : [];
    return [actions(cancelButton(request.id), ...atOnce)];
  }
  return mayRequestAgain(view) && (isOnly || !isOutcomePinged(view)) ? [actions(requestAgainButton(request.id))] : [];
};

/** Why it ends earlier than it was given for, and what to do about it. */
const ownEndLine = (view: RequestView, grant: Grant): Part =>
  endWithIncident(grant, view.incident)
    ? `Its incident was closed. Where the rules allow it, *Keep mine* in the message about the close lets it run until ${date(grant.expiresAt, view.now)}.`
    : null;

const standing = (view: RequestView, facts: MessageFacts): KnownBlock => {
  const { request, grant } = view;
  if (request.state === 'pending') return lines(overrideLine(view), ...changeLines(view, facts), progress(view, facts));
  const own = grant?.state === 'active' ? [ownEndLine(view, grant), moreTimeLine(view)] : [];
  return lines(overrideLine(view), ...changeLines(view, facts), status(view, facts), votesBeside(view, facts), ...own);
};

const subject = (view: RequestView, facts: MessageFacts): string => {
  const glass = view.request.isBreakGlass ? '*Break-glass:* ' : '';
  const { grant } = view;
  const length = isOver(view) ? howLongInAll(view) : howLong(view);
  return grant?.state === 'active'
    ? `${mark(view)} ${glass}${what(view, facts)} until *${untilWhen(grant, view)}*`
    : `${mark(view)} ${glass}${what(view, facts)} for *${length}*`;
};

/** The one message: what was requested, where it stands, and what to do next, from the first to the last. */
export const requesterMessage = (view: RequestView, facts: MessageFacts): Message => living(view, facts, false);

const living = (view: RequestView, facts: MessageFacts, isOnly: boolean): Message => {
  const isUsable = view.request.state === 'pending' || view.grant?.state === 'active';
  const unreachable = view.request.state === 'pending' ? facts.unreachable : null;
  return card({
    tone: toneOf(view),
    text:
      view.grant?.state === 'active' ? inText(view, view.grant, facts) : `${what(view, facts)}: ${status(view, facts)}`,
    head: [section(cut(subject(view, facts), SECTION_TEXT_MAX))],
    body: [
      section(cut(reason(view), SECTION_TEXT_MAX)),
      standing(view, facts),
      ...(unreachable ? [section(UNREACHABLE[unreachable])] : []),
      ...small(isUsable ? warning(facts) : null, isUsable ? notCut(facts) : atItsEnd(view, facts), reviewLine(view)),
      ...nextSteps(view, facts, isOnly),
    ],
  });
};

/** Posted when an approver agreed to less than was requested: exactly what changed, and the way out while there is one. */
export const changedMessage = (view: RequestView, facts: MessageFacts, part: number): Message => {
  const change = view.request.changes[part - 1];
  const isOpen = view.request.state === 'pending';
  const words = change ? changeLine(change, facts) : 'Your request was changed.';
  return card({
    tone: toneOf(view),
    text: words,
    head: [lines(`${mark(view)} Your request was *changed* by an approver.`)],
    body: [lines(words), ...(isOpen ? [actions(cancelButton(view.request.id))] : [])],
  });
};

const inText = (view: RequestView, grant: Grant, facts: MessageFacts): string =>
  `You're in: ${what(view, facts)} until ${untilWhen(grant, view)}.`;

/** Posted once the access was read back from the target; its buttons live as long as the access. */
export const grantedMessage = (view: RequestView, facts: MessageFacts): Message => {
  const { grant } = view;
  if (!facts.isBeside) return requesterMessage(view, facts);
  if (grant?.state !== 'active') {
    const words = `${mark(view)} This access to ${what(view, facts)} is over.`;
    return card({ tone: toneOf(view), text: words, head: [lines(words)], body: [] });
  }
  return card({
    tone: 'live',
    text: inText(view, grant, facts),
    head: [lines(`${iconOf('live')} *You're in:* ${what(view, facts)} until *${untilWhen(grant, view)}*`)],
    body: [liveButtons(grant, facts)],
  });
};

const becameOf = ({ request, grant, extension, decidedBy }: RequestView): string => {
  if (extension?.state === 'failed') return 'was not extended';
  if (request.state === 'denied') return `was denied${decidedBy ? ` by ${mention(decidedBy)}` : ''}`;
  if (request.state === 'lapsed') return 'expired';
  if (request.state === 'cancelled') return 'was cancelled';
  if (grant?.state === 'failed') return 'could not be set up';
  return grant?.activatedAt ? 'has ended' : 'did not begin';
};

/** The last word, as a ping: the message of the request says how and why; a lock screen shows it, too. */
export const outcomeMessage = (view: RequestView, facts: MessageFacts): Message => {
  if (!facts.isBeside) return living(view, facts, true);
  return card({
    tone: toneOf(view),
    text: `${what(view, facts)}: ${status(view, facts)}`,
    head: [lines(`${mark(view)} ${what(view, facts)} for ${howLongInAll(view)} ${becameOf(view)}.`)],
    body: mayRequestAgain(view) ? [actions(requestAgainButton(view.request.id))] : [],
  });
};
