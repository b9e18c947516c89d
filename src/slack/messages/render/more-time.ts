/** Words about more time: what is asked for, where its move stands, and the warning before the end. */
import type { KnownBlock } from '@slack/types';
import { formatDuration } from '../../../domain/time/durations.ts';
import type { Grant } from '../../../domain/grants/grant.ts';
import type { RequestView } from '../../../application/record/request-view.ts';
import { actions, doneButton, extendButton } from './buttons.ts';
import type { MessageFacts } from './facts.ts';
import { MESSAGE_TEXT_MAX, SECTION_TEXT_MAX } from './limits.ts';
import { untilWhen, what } from './phrases.ts';
import { cut, date, section } from './text.ts';
import type { Message } from './text.ts';

/** `Until 15:42 instead of 15:12, 1h in all.` for whoever decides on it; null for access of its own. */
export const newEndLine = ({ request, extended, now }: RequestView): string | null => {
  if (request.state !== 'pending' || !extended || request.extendsByMs === null) return null;
  const newEnd = new Date(extended.expiresAt.getTime() + request.extendsByMs);
  const inAll = formatDuration(request.durationMs);
  return `They have it already. It would end ${date(newEnd, now)} instead of ${date(extended.expiresAt, now)}, after ${inAll} in all.`;
};

/** On the message of the access itself: that more is asked for. */
export const moreTimeLine = ({ moreTime }: RequestView): string | null => {
  if (!moreTime) return null;
  const more = `*${formatDuration(moreTime.byMs)} more*`;
  return moreTime.isDecided
    ? `${more} were agreed to; the target has not confirmed the new end yet.`
    : `You asked for ${more}; until somebody agrees, the end stays as it is.`;
};

const warned = (view: RequestView, facts: MessageFacts, grant: Grant): KnownBlock[] => {
  const heading = `⧗ ${what(view, facts)} ends at *${untilWhen(grant, view)}*. Open sessions are cut then.`;
  const more = facts.offerMs === null ? [] : [extendButton(grant, facts.offerMs)];
  const lines = [heading, moreTimeLine(view)].filter((line) => line !== null);
  return [section(cut(lines.join('\n'), SECTION_TEXT_MAX)), actions(...more, doneButton(grant.id))];
};

/** Once per end, a few minutes ahead. `part` is how often the end had been moved before; once it is moved again, or over, this says so. */
export const warningMessage = (view: RequestView, facts: MessageFacts, part: number): Message => {
  const { grant } = view;
  const name = what(view, facts);
  if (grant?.state === 'active' && grant.extensions === part) {
    const text = `${name} ends at ${untilWhen(grant, view)}.`;
    return { text: cut(text, MESSAGE_TEXT_MAX), blocks: warned(view, facts, grant) };
  }
  const words =
    grant?.state === 'active'
      ? `⧗ ${name} goes on until *${untilWhen(grant, view)}* now.`
      : `⧗ ${name} has ended, or is ending.`;
  return { text: cut(words, MESSAGE_TEXT_MAX), blocks: [section(cut(words, SECTION_TEXT_MAX))] };
};
