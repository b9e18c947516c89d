/** A job finds what was requested for it before it began: of this run and commit, of the pull request, or for the window that is open. Once. */
import { isForJob } from '../../domain/requests/origin.ts';
import { isBehind } from '../../domain/principals/requester.ts';
import type { ClientJob } from '../../domain/principals/client.ts';
import type { Request } from '../../domain/requests/request.ts';
import { requesterOf } from '../identity/caller.ts';
import type { ClientCaller } from '../identity/caller.ts';
import { withPeopleBehind } from '../identity/people-behind.ts';
import { actorOf } from '../record/audit-entry.ts';
import type { RequestView } from '../record/request-view.ts';
import type { Deps, Tx } from '../deps.ts';

type Claiming = { caller: ClientCaller; people: string[]; job: ClientJob; request: Request };

const take = async (tx: Tx, { caller, people, job, request }: Claiming, grantId: string | null): Promise<void> => {
  const { id: requestId, target, role, origin } = request;
  if (!origin) return;
  await tx.github.setOrigin(requestId, { origin: { ...origin, isClaimed: true }, startedBy: people, job });
  await tx.audit.append({
    type: 'request.claimed',
    actor: actorOf(requesterOf(caller)),
    requestId,
    grantId: null,
    target,
    role,
    data: { from: origin.kind },
  });
  if (grantId !== null) await tx.outbox.add('activate', grantId);
  await tx.outbox.add('notify', requestId);
};

const hasApproverBehind = ({ votes, decidedBy }: RequestView, { caller, people }: Claiming): boolean => {
  const approvers = votes.filter(({ kind }) => kind === 'approve').map(({ voter }) => voter);
  const requester = { ...requesterOf(caller), startedBy: people };
  return [...approvers, ...(decidedBy ? [decidedBy] : [])].some((person) => isBehind(requester, person));
};

/**
 * The grant that waits for the job; null where nothing is decided yet. `over`: what was approved is over by now. `approver`: the person
 * who started the job approved it, and never counts for it.
 */
const usable = async (deps: Deps, claiming: Claiming): Promise<{ grantId: string | null } | 'over' | 'approver'> => {
  const { id, state } = claiming.request;
  if (state === 'pending') return { grantId: null };
  const view = state === 'approved' ? await deps.store.read.view(id) : null;
  if (view?.grant?.state !== 'activating') return 'over';
  return hasApproverBehind(view, claiming) ? 'approver' : { grantId: view.grant.id };
};

export type Claimed = { requestId: string } | { refusal: 'none' | 'approver' };

export const claimPrepared = async (
  deps: Deps,
  caller: ClientCaller,
  { target, role }: Pick<Request, 'target' | 'role'>,
): Promise<Claimed> => {
  const requester = await withPeopleBehind(deps, requesterOf(caller));
  const { startedBy = [] } = requester;
  const job = requester.kind === 'client' ? requester.job : caller.job;
  return deps.store.transaction(async (tx) => {
    const prepared = await tx.github.prepared({ clientId: caller.client.id, target, role });
    const now = await tx.now();
    let refusal: 'none' | 'approver' = 'none';
    for (const request of prepared) {
      if (!request.origin || !isForJob(request.origin, caller.job, now)) continue;
      const claiming = { caller, people: [...new Set([...request.startedBy, ...startedBy])], job, request };
      const found = await usable(deps, claiming);
      if (found === 'approver') refusal = found;
      if (typeof found === 'string') continue;
      await take(tx, claiming, found.grantId);
      return { requestId: request.id };
    }
    return { refusal };
  });
};
