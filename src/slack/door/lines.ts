/** Requests as lines of a list, for `list`, `who` and the home tab. */
import type { Policy } from '../../domain/policy/types.ts';
import type { RequestView } from '../../application/record/request-view.ts';
import { reviewLine } from '../messages/render/break-glass.ts';
import { whoRequests } from '../messages/render/client.ts';
import { factsOf } from '../messages/render/facts.ts';
import { howLongInAll, mark, status, what } from '../messages/render/phrases.ts';

/** The id to type: the grant's once there is one. */
const idOf = ({ request, grant }: RequestView): string => grant?.id ?? request.id;

export const myLine = (policy: Policy, view: RequestView): string =>
  `${mark(view)} ${what(view, factsOf(policy, view.request))} for ${howLongInAll(view)} · ${status(view)} \`${idOf(view)}\``;

export const theirLine = (policy: Policy, view: RequestView): string =>
  `${mark(view)} ${whoRequests(view.requester)} · ${what(view, factsOf(policy, view.request))} for ${howLongInAll(view)} · ${status(view)} \`${idOf(view)}\``;

/** Access that was taken by break-glass, and what is known of its review. */
export const reviewedLine = (policy: Policy, view: RequestView): string =>
  `${whoRequests(view.requester)} · ${what(view, factsOf(policy, view.request))} · ${reviewLine(view) ?? ''} \`${view.grant?.id ?? ''}\``;
