/** Sentences about an end that is being moved, or was. */
import type { RequestView } from '../../../application/record/request-view.ts';
import type { OpenRequest } from '../../../application/decisions/limit-ports.ts';
import type { AlreadyHas } from '../../../application/requests/request-types.ts';
import { endWithIncident } from '../../../domain/grants/ending.ts';
import type { Extension } from '../../../domain/grants/extension.ts';
import type { Grant } from '../../../domain/grants/grant.ts';
import { pluralize } from '../../../lib/pluralize.ts';
import { ERROR_SHOWN_MAX } from './limits.ts';
import { date, inline } from './text.ts';

/** What became of the access, where it does not run until its stored expiry. */
const sinceThen = ({ incident, now }: Pick<RequestView, 'incident' | 'now'>, extended: Grant): string | null => {
  if (extended.state === 'ending') return 'The access is being ended.';
  if (extended.state !== 'active')
    return extended.closedAt ? `The access ended ${date(extended.closedAt, now)}.` : 'The access has ended.';
  const earlier = endWithIncident(extended, incident);
  return earlier ? `The access ends ${date(earlier, now)}, with its incident.` : null;
};

/** True of the moment in which it is read: an expiry that was overtaken is not the one that holds. */
const moved = (view: RequestView, { newExpiresAt }: Extension, extended: Grant): string => {
  const overtaken = sinceThen(view, extended);
  const until = date(newExpiresAt, view.now);
  if (overtaken) return `*Extended* until ${until}. ${overtaken}`;
  return extended.expiresAt.getTime() === newExpiresAt.getTime()
    ? `*Extended*: until ${until} now, confirmed by the target.`
    : `*Extended* until ${until}. The expiry moved again, to ${date(extended.expiresAt, view.now)}.`;
};

/** Where the move of an end stands that was decided. */
export const moveLine = (view: RequestView): string | null => {
  const { extension, extended, now } = view;
  if (!extension) return null;
  const why = extension.error ? ` ${inline(extension.error, ERROR_SHOWN_MAX)}` : '';
  if (extension.state === 'moved') return extended ? moved(view, extension, extended) : null;
  if (extension.state === 'failed') return `*Not extended.*${why}${oldEnd(view)}`;
  const again = extension.attempts > 0 ? ` Attempt ${extension.attempts} failed; trying again.${why}` : '';
  return `*Approved.* The expiry is being moved to ${date(extension.newExpiresAt, now)}, not yet confirmed by the target.${again}`;
};

/** What holds where nothing was moved. */
export const oldEnd = (view: Pick<RequestView, 'extended' | 'incident' | 'now'>): string => {
  const { extended, now } = view;
  if (!extended) return '';
  return ` ${sinceThen(view, extended) ?? `The old expiry stays: ${date(extended.expiresAt, now)}.`}`;
};

/** Where the same person has the same already: more time on it may be what is meant, and a second is possible all the same. */
export const alreadyLine = ({ id, expiresAt }: AlreadyHas): string =>
  `You have this already, until ${date(expiresAt)}. To stay longer, \`/prod-access extend ${id} 30m\` requests more time for it. A second one has an expiry of its own.`;

/** Where the same person waits for the same already. */
export const requestedAlreadyLine = ({ requestId, lapsesAt }: OpenRequest): string =>
  `You requested this already: \`${requestId}\` waits until ${date(lapsesAt)}. If this one replaces it, \`/prod-access cancel ${requestId}\` cancels it.`;

/** Where it may wait and could not be approved now. */
export const liveFullLine = (live: number): string =>
  `You have ${pluralize(live, 'live grant')}, the most that one person may have. An approver can approve this after one of them has ended: \`/prod-access done\` gives one back.`;
