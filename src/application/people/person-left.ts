/** Somebody's Slack account was closed: what they requested, pre-approved and voted is void, and the access they have ends now, as any access ends. */
import { SYSTEM } from '../../domain/audit/events.ts';
import type { Deps, Tx } from '../deps.ts';
import { voidVotes } from '../requests/void-votes.ts';
import { endGrant } from '../grants/transitions.ts';
import { cancelRequest } from '../requests/transitions.ts';

const REASON = 'The Slack account was deactivated.';

/** Safe to run again: Slack may report it more than once. */
export const personLeft = async (deps: Deps, { personId }: { personId: string }): Promise<void> => {
  await deps.store.transaction((tx) => takeOut(tx, personId));
  await voidVotes(deps, { personId });
  const grantIds = await deps.store.read.findGrantIds('', personId);
  for (const id of grantIds) await endOf(deps, id);
};

/** What they requested is cancelled, and nobody stands in for them or on their word: it would wait for somebody who is not there. */
const takeOut = async (tx: Tx, personId: string): Promise<void> => {
  await tx.leavers.setInactive(personId);
  const entry = { actor: SYSTEM, grantId: null } as const;
  for (const request of await tx.leavers.lockOwnPending(personId)) {
    const note = { by: null, reason: REASON };
    await cancelRequest(tx, request, { actor: SYSTEM, note, facts: { reason: REASON } });
  }
  for (const { id, target, role } of await tx.leavers.withdrawAllPreApprovals(personId)) {
    const data = { preApproval: id, leaver: personId, reason: REASON };
    await tx.audit.append({ ...entry, type: 'pre_approval.withdrawn', requestId: null, target, role, data });
    await tx.outbox.add('pre_approval', id);
  }
  if ((await tx.leavers.voidAbsences(personId)) > 0)
    await tx.audit.append({
      ...entry,
      type: 'absence.ended',
      requestId: null,
      target: null,
      role: null,
      data: { leaver: personId, reason: REASON },
    });
};

const endOf = (deps: Deps, id: string): Promise<void> =>
  deps.store.transaction(async (tx) => {
    const grant = await tx.grants.lock(id);
    if (grant?.state !== 'activating' && grant?.state !== 'active') return;
    await endGrant(tx, grant, { cause: 'revoked', by: null, reason: REASON });
  });
