/** The message above the files of advice: what history suggests, and that nothing is changed by it. */
import type { AdviceContent } from '../../../application/messages/channel.ts';
import { pluralize } from '../../../lib/pluralize.ts';
import { card, iconOf } from './card.ts';
import { SECTION_TEXT_MAX } from './limits.ts';
import { context, cut, inline, section } from './text.ts';
import type { Message } from './text.ts';

const LINES_SHOWN = 3;
const NAME_MAX = 150;
const LINE_MAX = 300;

const NEXT =
  'The files in the thread have all of it: the difference of `latchkey.yml`, and what it would have decided on the requests of these days. Nothing changes by itself; an admin edits the file.';

export const adviceMessage = ({
  campaign: { name, period },
  advice: { advice, insufficient, days },
}: AdviceContent): Message => {
  const title = `Advice for the review ${inline(name, NAME_MAX)}, ${inline(period, NAME_MAX)}`;
  const lines = advice
    .slice(0, LINES_SHOWN)
    .map(({ target, role, text }) => `• *${inline(`${target}/${role}`, NAME_MAX)}*: ${inline(text, LINE_MAX)}`);
  const rest = advice.length > LINES_SHOWN ? [`and ${advice.length - LINES_SHOWN} more, in the files`] : [];
  const unknown =
    insufficient.length > 0 ? [`Too little use to advise on ${pluralize(insufficient.length, 'role')}.`] : [];
  return card({
    tone: 'note',
    text: `${title}: ${pluralize(advice.length, 'line')}`,
    head: [section(`${iconOf('note')} *${title}*, from the last ${days} days`)],
    body: [section(cut([...lines, ...rest].join('\n'), SECTION_TEXT_MAX)), context([NEXT, ...unknown].join(' '))],
  });
};
