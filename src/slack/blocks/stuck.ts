/** Tells admins and owners that a grant cannot be set up or ended without them; redrawn when it is resolved. */
import type { RequestView } from '../../usecases/ports.ts';
import type { MessageFacts } from './facts.ts';
import { ERROR_SHOWN_MAX, MESSAGE_TEXT_MAX, SECTION_TEXT_MAX } from './limits.ts';
import { mark, status, what } from './phrases.ts';
import { context, cut, date, inline, mention, section, utc } from './text.ts';
import type { Message } from './text.ts';

/** Failed attempts after which people are told; before that a passing fault mends itself. */
const STUCK_ATTEMPTS = 3;

export const isStuck = ({ grant }: RequestView): boolean => {
  if (grant?.state !== 'ending' && grant?.state !== 'activating') return false;
  return grant.attempts >= STUCK_ATTEMPTS;
};

export const stuckMessage = (view: RequestView, facts: MessageFacts): Message => {
  const { grant } = view;
  const name = what(view, facts);
  const who = mention(view.requester);
  const isOpen = isStuck(view);
  const lines = [`${mark(view)} ${name} of ${who}`, isOpen ? problem(view) : status(view)];
  const blocks = [section(cut(lines.join('\n'), SECTION_TEXT_MAX))];
  if (isOpen && grant?.lastError)
    blocks.push(section(cut(`>${inline(grant.lastError, ERROR_SHOWN_MAX)}`, SECTION_TEXT_MAX)));
  if (grant) blocks.push(context(`Grant \`${grant.id}\`, due ${date(grant.expiresAt)}`));
  const text = isOpen ? `${name} of ${who}: ${problem(view)}` : `${name} of ${who}: ${status(view)}`;
  return { text: cut(text, MESSAGE_TEXT_MAX), blocks };
};

const problem = ({ grant, now }: RequestView): string => {
  if (grant?.state === 'activating')
    return `*Access is not being set up.* ${grant.attempts} attempts failed; trying again.`;
  const next = grant?.nextAttemptAt ? ` Next attempt ${date(grant.nextAttemptAt, now)}.` : ` Last look ${utc(now)}.`;
  return `*Access is not ending.* ${grant?.attempts ?? 0} attempts failed, and it may still work.${next} It is tried until it is confirmed gone; please look at the target.`;
};
