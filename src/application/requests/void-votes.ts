/** Somebody left: their votes on what is not decided yet are void, and everything that waits is shown to those who remain. */
import { SYSTEM } from '../../domain/audit/events.ts';
import type { Deps } from '../deps.ts';

/** More requests than ever wait at once; those beyond are refreshed when something else happens to them. */
const REFRESHED_MAX = 500;
const RECENT_MS = 65_000;

export const voidVotes = (deps: Deps, { personId }: { personId: string }): Promise<void> =>
  deps.store.transaction(async (tx) => {
    for (const { id: requestId, target, role } of await tx.requests.lockVotedBy(personId)) {
      await tx.votes.remove(requestId, personId);
      const data = { voter: personId, why: 'account deactivated' };
      await tx.audit.append({ type: 'vote.voided', actor: SYSTEM, requestId, grantId: null, target, role, data });
    }
    for (const id of await tx.requests.touchPending(REFRESHED_MAX)) {
      await tx.outbox.add('notify', id);
      // Other processes may have them among their recent look-ups for a minute.
      await tx.outbox.add('notify', id, RECENT_MS);
    }
  });
