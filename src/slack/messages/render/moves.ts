/** Sentences about an end that is being moved, or was. */
import type { RequestView } from '../../../application/record/request-view.ts';
import type { OpenRequest } from '../../../application/decisions/limit-ports.ts';
import type { AlreadyHas } from '../../../application/requests/request-types.ts';
import { ERROR_SHOWN_MAX } from './limits.ts';
import { date, inline } from './text.ts';

/** Where the move of an end stands that was decided. */
export const moveLine = ({ extension, extended, now }: RequestView): string | null => {
  if (!extension) return null;
  const why = extension.error ? ` ${inline(extension.error, ERROR_SHOWN_MAX)}` : '';
  if (extension.state === 'moved')
    return `*Extended*: until ${date(extension.newExpiresAt, now)} now, confirmed by the target.`;
  if (extension.state === 'failed') return `*Not extended.*${why}${oldEnd({ extended, now })}`;
  const again = extension.attempts > 0 ? ` Attempt ${extension.attempts} failed; trying again.${why}` : '';
  return `*Agreed.* The end is being moved to ${date(extension.newExpiresAt, now)}, not yet confirmed by the target.${again}`;
};

/** What holds where nothing was moved. */
export const oldEnd = ({ extended, now }: Pick<RequestView, 'extended' | 'now'>): string => {
  if (!extended) return '';
  return extended.state === 'active'
    ? ` The old end stays: ${date(extended.expiresAt, now)}.`
    : ' The access has ended.';
};

/** Where the same person has the same already: more time on it may be what is meant, and a second is possible all the same. */
export const alreadyLine = ({ id, expiresAt }: AlreadyHas): string =>
  `You have this already, until ${date(expiresAt)}. To stay longer, \`/prod-access extend ${id} 30m\` asks for more time on it; a second one ends by itself.`;

/** Where the same person waits for the same already. */
export const askedAlreadyLine = ({ requestId, lapsesAt }: OpenRequest): string =>
  `You requested this already: \`${requestId}\` waits until ${date(lapsesAt)}. If this one replaces it, \`/prod-access cancel ${requestId}\` cancels it.`;

/** Where it may wait and could not be approved now. */
export const liveFullLine = (live: number): string =>
  `You have ${live} live grants, as many as one person may have. This can be approved once one of them has ended: \`/prod-access done\` and its id gives it back.`;
