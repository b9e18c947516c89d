/**
 * A job finds what was requested for it before it began: of this run and commit, of the pull request, or for the window that is open. Once.
 * A deployment that runs again finds what was overridden for it, and its job takes it over then.
 */
import { accountsBehind, accountsOnce } from '../../domain/principals/account-behind.ts';
import { DomainError } from '../../domain/errors.ts';
import type { Person } from '../../domain/principals/person.ts';
import { isAsJudged } from '../../domain/requests/fingerprint.ts';
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

/** Why a job does not get what is there for its client. */
type Refusal = 'approver' | 'overrider' | 'unlinked';

/** Read only where it may hang on it: an account that is gone started nothing. */
const overriderIn = async (deps: Deps, { request, unlinked }: Claiming): Promise<Person[]> => {
  if (request.origin?.kind !== 'override' || unlinked.length === 0) return [];
  const found = await deps.store.read.person(request.origin.by.id);
  return found ? [found] : [];
};

/** `startedBy` of the request has who overrode for it: here counts who is behind the job. */
const isOverriders = ({ request: { origin }, requester }: Claiming): boolean =>
  origin?.kind === 'override' && isBehind(requester, origin.by);

/** An approver, or who overrode a freeze for it, is behind the job, or may be: by an account of which it is not known whose it is. */
const refusalFor = async (deps: Deps, view: RequestView, claiming: Claiming): Promise<Refusal | null> => {
  const { request, requester, unlinked } = claiming;
  if (isOverriders(claiming)) return 'overrider';
  const voters = view.votes.filter(({ kind }) => kind === 'approve').map(({ voter }) => voter);
  const approvers = request.state === 'pending' ? [] : [...voters, ...(view.decidedBy ? [view.decidedBy] : [])];
  const behind = { ...requester, startedBy: [...request.startedBy, ...requester.startedBy] };
  if (approvers.some((person) => isBehind(behind, person))) return 'approver';
  const people = [...approvers, ...(await overriderIn(deps, claiming))];
  const maybe = await maybeBehind(deps, { people, unlinked, freshness: 'fresh' });
  return maybe.size > 0 ? 'unlinked' : null;
};

/**
 * The grant that waits for the job; null where nothing is decided yet: whose vote counts is looked up anew at the next one. `over`: what was
 * approved is over by now. `approver`: the person who started the job approved it, and never counts for it; `overrider`: they overrode a
 * freeze for it. `unlinked`: they may have, since whose an account behind it is, is not known.
 */
type Usable = { grantId: string | null } | 'over' | Refusal;

const usable = async (deps: Deps, claiming: Claiming): Promise<Usable> => {
  const { id, state } = claiming.request;
  if (state !== 'pending' && state !== 'approved') return 'over';
  const view = await deps.store.read.view(id);
  if (!view) return 'over';
  if (state === 'approved' && view.grant?.state !== 'activating') return 'over';
  return (await refusalFor(deps, view, claiming)) ?? { grantId: (state === 'approved' && view.grant?.id) || null };
};

export type Claimed = { requestId: string } | { refusal: 'none' | Refusal };

type Wanted = Pick<Request, 'target' | 'role'>;
type Looking = Omit<Claiming, 'request'> & { wanted: Wanted };
type Found = { claiming: Claiming; grantId: string | null } | { refusal: 'none' | Refusal };

/** Before the transaction: a look-up in it would hold a connection and wait for another, as would all who wait for its lock. */
const look = async (deps: Deps, { wanted, ...job }: Looking): Promise<Found> => {
  const { caller, gate } = job;
  const [prepared, now] = await Promise.all([
    deps.store.read.prepared({ clientId: caller.client.id, ...wanted }),
    deps.store.read.now(),
  ]);
  let refusal: 'none' | Refusal = 'none';
  for (const request of prepared) {
    if (!request.origin || !isForJob(request.origin, caller.job, now)) continue;
    if (gate !== null && request.origin.kind !== 'override') continue;
    const claiming = { ...job, request };
    const use = await usable(deps, claiming);
    if (use === 'approver' || use === 'overrider' || use === 'unlinked') refusal = use;
    if (typeof use !== 'string') return { claiming, grantId: use.grantId };
  }
  return { refusal };
};

/** False where it is not what was looked at any more: another job took it, or it was decided. */
const takeAsJudged = async (tx: Tx, claiming: Claiming, grantId: string | null): Promise<boolean> => {
  const { request: judged, caller } = claiming;
  const [request, now] = await Promise.all([tx.requests.lock(judged.id), tx.now()]);
  if (!request?.origin || request.state !== judged.state || !isAsJudged(judged, request)) return false;
  if (!isForJob(request.origin, caller.job, now)) return false;
  await take(tx, { ...claiming, request }, grantId);
  return true;
};

/** Each time another job or a decision came first; more often than that, the caller tries again. */
const LOOKS = 10;

const claim = async (
  deps: Deps,
  { caller, gate }: By & { caller: ClientCaller },
  { target, role }: Wanted,
): Promise<Claimed> => {
  const known = await withPeopleBehind(deps, requesterOf(caller));
  if (known.kind !== 'client') throw new Error('a job is a client');
  const { requester, unlinked } = await readBehind(deps, known, 'fresh');
  for (let looks = 0; looks < LOOKS; looks += 1) {
    const found = await look(deps, { caller, requester, unlinked, gate, wanted: { target, role } });
    if ('refusal' in found) return found;
    const { claiming, grantId } = found;
    if (await deps.store.transaction((tx) => takeAsJudged(tx, claiming, grantId)))
      return { requestId: claiming.request.id };
  }
  throw new DomainError('conflict', { noun: 'request', target, role });
};

export const claimPrepared = (deps: Deps, caller: ClientCaller, wanted: Wanted): Promise<Claimed> =>
  claim(deps, { caller, gate: null }, wanted);

/** `caller`: the job that the deployment would start. */
export const findOverridden = (
  deps: Deps,
  of: { caller: ClientCaller; gate: string },
  wanted: Wanted,
): Promise<Claimed> => claim(deps, of, wanted);
