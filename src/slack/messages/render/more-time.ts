/** Words about more time: what is requested, where its move stands, and the warning before the end. */
import { formatDuration } from '../../../domain/time/durations.ts';
import type { Grant } from '../../../domain/grants/grant.ts';
import type { RequestView } from '../../../application/record/request-view.ts';
import { card } from './card.ts';
import { actions, doneButton, extendButton } from './buttons.ts';
import type { MessageFacts } from '../../../application/messages/facts.ts';
import { SECTION_TEXT_MAX } from './limits.ts';
import { what } from './phrases.ts';
import { untilWhen } from './status.ts';
import { cut, date, section } from './text.ts';
import type { Message } from './text.ts';

/** `Extension: 15:12 → 15:42 (1h in total)` for the one who decides on it; null for access of its own. */
export const newEndLine = ({ request, extended, now }: RequestView): string | null => {
  if (request.state !== 'pending' || !extended || request.extendsByMs === null) return null;
  const newEnd = new Date(extended.expiresAt.getTime() + request.extendsByMs);
  return `Extension: ${date(extended.expiresAt, now)} → *${date(newEnd, now)}* (${formatDuration(request.durationMs)} in total)`;
};

/** On the message of the access itself: that more is requested. */
export const moreTimeLine = ({ moreTime }: RequestView): string | null => {
  if (!moreTime) return null;
  const more = `*${formatDuration(moreTime.byMs)} more*`;
  return moreTime.isDecided
    ? `${more} approved; the target has not confirmed the new expiry yet.`
    : `You requested ${more}. Until it is approved, the expiry stays.`;
};

const warned = (view: RequestView, facts: MessageFacts, grant: Grant): Message => {
  const until = untilWhen(grant, view);
  const more = facts.offerMs === null ? [] : [extendButton(grant, facts.offerMs)];
  const lines = ['Open sessions are cut then.', moreTimeLine(view)].filter((line) => line !== null);
  return card({
    tone: 'trouble',
    text: `${what(view, facts)} ends at ${until}.`,
    head: [section(cut(`⏰ ${what(view, facts)} ends at *${until}*`, SECTION_TEXT_MAX))],
    body: [section(cut(lines.join(' '), SECTION_TEXT_MAX)), actions(...more, doneButton(grant.id))],
  });
};

/** Once per end, a few minutes ahead. `part` is how often the end had been moved before; once it is moved again, or over, this says so. */
export const warningMessage = (view: RequestView, facts: MessageFacts, part: number): Message => {
  const { grant } = view;
  const name = what(view, facts);
  if (grant?.state === 'active' && grant.extensions === part) return warned(view, facts, grant);
  const words =
    grant?.state === 'active'
      ? `⏰ ${name} goes on until *${untilWhen(grant, view)}* now.`
      : `⏰ ${name} has ended, or is ending.`;
  return card({ tone: 'over', text: words, head: [section(cut(words, SECTION_TEXT_MAX))], body: [] });
};
