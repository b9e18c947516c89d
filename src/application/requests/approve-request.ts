/** The one function that creates a grant. It demands a request that may be approved and writes the decision with it. */
import type { Actor } from '../../domain/audit/events.ts';
import { moveRequest } from '../../domain/lifecycle.ts';
import type { Policy } from '../../domain/policy/types.ts';
import type { Grant } from '../../domain/grants/grant.ts';
import type { Request } from '../../domain/requests/request.ts';
import { DomainError } from '../../domain/errors.ts';
import { claimMsOf } from '../../domain/policy/claim.ts';
import { liveProblem } from '../decisions/limits.ts';
import { namedIds } from '../decisions/named-ids.ts';
import { orderExtension } from '../grants/order-extension.ts';
import type { Ids, Tx } from '../deps.ts';

export type Approval = {
  request: Request;
  policy: Policy;
  rule: string | null;
  actor: Actor;
  /** Null where a rule approves by itself. */
  byPersonId: string | null;
  voterIds: string[];
  /** What else whoever reads the decision should know: the denial that break-glass overrode. */
  note?: string | null;
  /** What was allowed ahead of time and stood in for the approvals. */
  allowanceIds?: string[];
  /** Who counted as the requester's manager, where the rule asks the manager. */
  managerIds?: string[];
};

/** @throws DomainError `live_grants_reached` where the requester has as much as one person may have. */
const demandLive = async (tx: Tx, { request, policy, rule }: Approval): Promise<void> => {
  const problem = liveProblem(await tx.limits.hold(request.requesterId), { policy, rule }, request);
  if (problem) throw problem;
};

/** Gives the id of the new grant; where more time was asked for, of the grant whose end moves. */
export const approveRequest = async (tx: Tx, ids: Ids, approval: Approval): Promise<string> => {
  const { request, policy, rule } = approval;
  const target = policy.targets[request.target];
  const role = target?.roles[request.role];
  if (!target || !role)
    throw new DomainError(target ? 'unknown_role' : 'unknown_target', { target: request.target, role: request.role });
  if (request.extendsGrantId === null) await demandLive(tx, approval);
  const decisionId = ids.next();
  await tx.decisions.insert({
    id: decisionId,
    requestId: request.id,
    outcome: 'approved',
    rule,
    policySha256: policy.sha256,
    byPersonId: approval.byPersonId,
    reason: approval.note ?? null,
  });
  await tx.requests.setState(request.id, moveRequest(request.state, 'approved'));
  if (request.extendsGrantId !== null)
    return extendGrant(tx, approval, { decisionId, grantId: request.extendsGrantId });
  return insertGrant(tx, approval, { id: ids.next(), decisionId, provider: target.provider, scope: role.scope });
};

type Decided = { decisionId: string; grantId: string };

const recordApproval = async (tx: Tx, approval: Approval, { decisionId, grantId }: Decided): Promise<void> => {
  const { request, policy, rule, actor, voterIds: votes, allowanceIds: preApprovals = [] } = approval;
  const named = await namedIds(tx, approval);
  return tx.audit.append({
    actor,
    requestId: request.id,
    grantId,
    target: request.target,
    role: request.role,
    type: 'request.approved',
    data: {
      decision: decisionId,
      rule,
      policy: policy.sha256,
      votes,
      preApprovals,
      ...named,
      ...(approval.byPersonId !== null && { requestedAt: request.createdAt.toISOString() }),
    },
  });
};

const extendGrant = async (tx: Tx, approval: Approval, { decisionId, grantId }: Decided): Promise<string> => {
  const { request, actor } = approval;
  await recordApproval(tx, approval, { decisionId, grantId });
  await orderExtension(tx, { request, grantId, decisionId, actor });
  return grantId;
};

type Made = Pick<Grant, 'id' | 'decisionId' | 'provider' | 'scope'>;

const insertGrant = async (tx: Tx, approval: Approval, made: Made): Promise<string> => {
  const { request, policy, rule, actor } = approval;
  const { target, role, durationMs, startsAt } = request;
  const claimMs = claimMsOf(policy, rule);
  const given = { requestId: request.id, granteeId: request.requesterId, target, role, durationMs, startsAt, claimMs };
  await tx.grants.insert({ ...made, ...given });
  const common = { actor, requestId: request.id, grantId: made.id, target, role };
  await recordApproval(tx, approval, { grantId: made.id, decisionId: made.decisionId });
  await tx.audit.append({
    ...common,
    type: 'grant.activating',
    data: { durationMs, startsAt: startsAt?.toISOString() ?? null },
  });
  const waitMs = startsAt ? Math.max(0, startsAt.getTime() - (await tx.now()).getTime()) : 0;
  await tx.outbox.add('activate', made.id, waitMs);
  await tx.outbox.add('notify', request.id);
  return made.id;
};
