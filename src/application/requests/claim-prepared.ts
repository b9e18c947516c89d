/**
 * A job finds what was requested for it before it began: of this run and commit, of the pull request, or for the window that is open. Once.
 * A deployment that runs again finds what was overridden for it, and its job takes it over then.
 */
import { accountsBehind, accountsOnce } from '../../domain/principals/account-behind.ts';
import { isForJob } from '../../domain/requests/origin.ts';
import type { RequestOrigin } from '../../domain/requests/origin.ts';
import { isBehind } from '../../domain/principals/requester.ts';
import type { RequestingClient } from '../../domain/principals/requester.ts';
import type { Request } from '../../domain/requests/request.ts';
import { requesterOf } from '../identity/caller.ts';
import type { ClientCaller } from '../identity/caller.ts';
import { maybeBehind } from '../identity/account-holders.ts';
import { readBehind, withPeopleBehind } from '../identity/people-behind.ts';
import type { UnlinkedAccount } from '../identity/people-behind.ts';
import { actorOf } from '../record/audit-entry.ts';
import type { RequestView } from '../record/request-view.ts';
import type { Deps, Tx } from '../deps.ts';

/** `gate`: of the deployment that waits for it; null where its job has come. */
type By = { gate: string | null };

/** `requester`: the job with the people behind it. */
type Claiming = By & {
  caller: ClientCaller;
  requester: RequestingClient;
  unlinked: UnlinkedAccount[];
  request: Request;
};

const originFor = (origin: RequestOrigin, gate: string | null): RequestOrigin =>
  gate !== null && origin.kind === 'override' ? { ...origin, gate } : { ...origin, isClaimed: true };

/** What made the request is still behind it, whichever job takes it over. */
const behindBoth = ({ request, requester }: Claiming): Pick<Request, 'startedBy' | 'accounts'> => {
  const { job, startedBy, accounts } = request;
  const before = job ? accountsBehind({ ...requester, job, accounts }) : accounts;
  return {
    startedBy: [...new Set([...startedBy, ...requester.startedBy])],
    accounts: accountsOnce([...before, ...accountsBehind(requester)]),
  };
};

const take = async (tx: Tx, claiming: Claiming, grantId: string | null): Promise<void> => {
  const { caller, requester, request, gate } = claiming;
  const { id: requestId, target, role, origin } = request;
  if (!origin) return;
  const of = { origin: originFor(origin, gate), ...behindBoth(claiming), job: requester.job };
  await tx.prepared.setOrigin(requestId, of);
  await tx.audit.append({
    type: 'request.claimed',
    actor: actorOf(requesterOf(caller)),
    requestId,
    grantId: null,
    target,
    role,
    data: { from: origin.kind, ...(gate !== null && { via: 'deployment' }) },
  });
  if (grantId !== null && gate === null) await tx.outbox.add('activate', grantId);
  await tx.outbox.add('notify', requestId);
};

/** An approver is behind the job, or may be: by an account of which it is not known whose it is. */
const approverBehind = async (
  deps: Deps,
  { votes, decidedBy }: RequestView,
  { request, requester, unlinked }: Claiming,
): Promise<'approver' | 'unlinked' | null> => {
  const voters = votes.filter(({ kind }) => kind === 'approve').map(({ voter }) => voter);
  const approvers = [...voters, ...(decidedBy ? [decidedBy] : [])];
  const behind = { ...requester, startedBy: [...request.startedBy, ...requester.startedBy] };
  if (approvers.some((person) => isBehind(behind, person))) return 'approver';
  const maybe = await maybeBehind(deps, { people: approvers, unlinked, freshness: 'fresh' });
  return maybe.size > 0 ? 'unlinked' : null;
};

/**
 * The grant that waits for the job; null where nothing is decided yet. `over`: what was approved is over by now. `approver`: the person
 * who started the job approved it, and never counts for it. `unlinked`: they may have, since whose an account behind it is, is not known.
 */
type Usable = { grantId: string | null } | 'over' | 'approver' | 'unlinked';

const usable = async (deps: Deps, claiming: Claiming): Promise<Usable> => {
  const { id, state } = claiming.request;
  if (state === 'pending') return { grantId: null };
  const view = state === 'approved' ? await deps.store.read.view(id) : null;
  if (view?.grant?.state !== 'activating') return 'over';
  return (await approverBehind(deps, view, claiming)) ?? { grantId: view.grant.id };
};

export type Claimed = { requestId: string } | { refusal: 'none' | 'approver' | 'unlinked' };

type Wanted = Pick<Request, 'target' | 'role'>;

const claim = async (
  deps: Deps,
  { caller, gate }: By & { caller: ClientCaller },
  { target, role }: Wanted,
): Promise<Claimed> => {
  const found = await withPeopleBehind(deps, requesterOf(caller));
  if (found.kind !== 'client') throw new Error('a job is a client');
  const { requester, unlinked } = await readBehind(deps, found, 'fresh');
  return deps.store.transaction(async (tx) => {
    const prepared = await tx.prepared.list({ clientId: caller.client.id, target, role });
    const now = await tx.now();
    let refusal: Extract<Claimed, { refusal: string }>['refusal'] = 'none';
    for (const request of prepared) {
      if (!request.origin || !isForJob(request.origin, caller.job, now)) continue;
      if (gate !== null && request.origin.kind !== 'override') continue;
      const claiming = { caller, requester, unlinked, request, gate };
      const use = await usable(deps, claiming);
      if (use === 'approver' || use === 'unlinked') refusal = use;
      if (typeof use === 'string') continue;
      await take(tx, claiming, use.grantId);
      return { requestId: request.id };
    }
    return { refusal };
  });
};

export const claimPrepared = (deps: Deps, caller: ClientCaller, wanted: Wanted): Promise<Claimed> =>
  claim(deps, { caller, gate: null }, wanted);

/** `caller`: the job that the deployment would start. */
export const findOverridden = (
  deps: Deps,
  of: { caller: ClientCaller; gate: string },
  wanted: Wanted,
): Promise<Claimed> => claim(deps, of, wanted);
