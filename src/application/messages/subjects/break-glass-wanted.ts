/** Which messages access taken by break-glass should have by now. Pure, as `desired.ts` is. */
import { userIdIn } from '../../../domain/principals/requester.ts';
import { hasEnded, isOver } from '../../../domain/lifecycle.ts';
import type { MessageCopy, MessageKind } from '../message-ports.ts';
import type { RequestView } from '../../record/request-view.ts';
import type { BreakGlassReach } from './break-glass-reach.ts';

type BreakGlassKind = Extract<MessageKind, 'alarm' | 'banner' | 'review' | 'review_overdue' | 'reviewed'>;
type Copy = { kind: BreakGlassKind; audience: string; part?: number };

/** Whom the follow-up is about: who took the access, or who overrode a freeze for it. */
const answerableFor = ({ request: { origin }, requester }: RequestView): string | null =>
  origin?.kind === 'override' ? origin.by.userId : userIdIn(requester);

const isLive = ({ grant }: RequestView): boolean => grant !== null && !isOver(grant.state);
const isOpen = ({ review }: RequestView): boolean => review?.state === 'open';
const isOverdue = (view: RequestView): boolean => isOpen(view) && view.review?.escalatedAt !== null;

/**
 * Also when it is over before Slack took one, as long as nobody has looked at what happened: a process that died may have posted one
 * that nobody knows of, and what stands there is put right by the next.
 */
const hasBanner = (view: RequestView): boolean =>
  isLive(view) || (isOpen(view) && view.grant !== null && hasEnded(view.grant.state));

/** Reminders are the review posted anew. Where nobody else may review, the admins are from the first. */
export const breakGlassCopies = (
  view: RequestView,
  reach: BreakGlassReach,
  copies: readonly MessageCopy<'request'>[],
): Copy[] => {
  const { review } = view;
  const wanted: Copy[] = [];
  const to = (kind: BreakGlassKind, audiences: string[], part = 0): void =>
    void wanted.push(...audiences.map((audience) => ({ kind, audience, part })));
  if (hasBanner(view) && reach.banner) to('banner', [reach.banner]);
  const isSomeoneLost = reach.isChannelLost || copies.some(({ kind, failure }) => kind === 'alarm' && failure !== null);
  // Anyone who cannot be reached is not passed over in silence: the admins hear of it in their place.
  const notified = isSomeoneLost
    ? [...reach.notified, ...reach.admins.filter((id) => !reach.notified.includes(id))]
    : reach.notified;
  if (isLive(view) || isOpen(view)) to('alarm', notified);
  const reviewers = reach.reviewers.length > 0 ? reach.reviewers : reach.admins;
  if (isOpen(view)) to('review', reviewers, review?.reminders ?? 0);
  if (isOverdue(view)) to('review_overdue', reach.admins);
  if (review?.state === 'closed')
    to(
      'reviewed',
      [answerableFor(view)].filter((id) => id !== null),
    );
  return wanted;
};

/** An alarm is current as long as nobody has looked at what happened, however late Slack takes it. */
export const isBreakGlassCurrent = (view: RequestView, part: number): Record<BreakGlassKind, boolean> => ({
  alarm: isLive(view) || isOpen(view),
  banner: hasBanner(view),
  review: isOpen(view) && part === view.review?.reminders,
  review_overdue: isOverdue(view),
  reviewed: view.review?.state === 'closed',
});
