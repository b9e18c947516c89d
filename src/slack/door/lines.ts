/** Requests as lines of a list, for `list`, `who` and the home tab. */
import type { Policy } from '../../domain/policy/types.ts';
import type { RequestView } from '../../application/record/request-view.ts';
import { reviewLine } from '../messages/render/break-glass.ts';
import { whoRequests } from '../messages/render/client.ts';
import { factsOf } from '../../application/messages/facts.ts';
import { howLongInAll, lasting, what } from '../messages/render/phrases.ts';
import { mark, status } from '../messages/render/status.ts';

export const myLine = (policy: Policy, view: RequestView): string =>
  `${mark(view)} ${what(view, factsOf(policy, view.request))}${lasting(view, howLongInAll(view))} · ${status(view)}`;

/** The same in two lines, where buttons stand beside it. */
export const stateLine = (policy: Policy, view: RequestView): string =>
  `${mark(view)} ${what(view, factsOf(policy, view.request))} for ${howLongInAll(view)}\n${status(view)}`;

export const theirLine = (policy: Policy, view: RequestView): string =>
  `${mark(view)} ${whoRequests(view.requester)} · ${what(view, factsOf(policy, view.request))}${lasting(view, howLongInAll(view))} · ${status(view)}`;

/** Access that was taken by break-glass, and what is known of its review. */
export const reviewedLine = (policy: Policy, view: RequestView): string =>
  `${whoRequests(view.requester)} · ${what(view, factsOf(policy, view.request))} · ${reviewLine(view) ?? ''}`;
