/** Somebody's Slack account was closed: their votes are void, and the access they have ends now, as any access ends. */
import { SYSTEM } from '../core/events.ts';
import { moveGrant } from '../core/lifecycle.ts';
import type { Deps } from './ports.ts';
import { voidVotes } from './void-votes.ts';

const REASON = 'The Slack account was deactivated.';

/** Safe to run again: Slack may tell it more than once. */
export const personLeft = async (deps: Deps, { personId }: { personId: string }): Promise<void> => {
  await voidVotes(deps, { personId });
  const grantIds = await deps.store.read.findGrantIds('', personId);
  for (const id of grantIds) await endOf(deps, id);
};

const endOf = (deps: Deps, id: string): Promise<void> =>
  deps.store.transaction(async (tx) => {
    const grant = await tx.grants.lock(id);
    if (grant?.state !== 'activating' && grant?.state !== 'active') return;
    moveGrant(grant.state, 'ending');
    await tx.grants.setEnding(id, { cause: 'revoked', by: null, reason: REASON });
    const { requestId, target, role } = grant;
    const data = { cause: 'revoked', reason: REASON };
    await tx.audit.append({ type: 'grant.ending', actor: SYSTEM, requestId, grantId: id, target, role, data });
    await tx.outbox.add('end', id);
    await tx.outbox.add('notify', requestId);
  });
