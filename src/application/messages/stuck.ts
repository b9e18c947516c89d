/** When people are notified that a grant cannot be set up, closed or removed. */
import type { Grant } from '../../domain/grants/grant.ts';
import { needsHuman } from '../grants/hold.ts';
import type { RequestView } from '../record/request-view.ts';

/** Failed attempts after which people are notified; before that a passing fault goes away by itself. */
const STUCK_ATTEMPTS = 3;

const TRIED_STATES: ReadonlySet<Grant['state']> = new Set(['activating', 'ending', 'closed']);

/** `closed`: nobody can get in, and what was made could not be removed. */
export const isStuck = ({ grant }: Pick<RequestView, 'grant'>): boolean => {
  if (!grant || !TRIED_STATES.has(grant.state)) return false;
  // What does not pass by itself is said at the first failure.
  const enough = needsHuman(grant) ? 1 : STUCK_ATTEMPTS;
  return grant.attempts >= enough;
};
