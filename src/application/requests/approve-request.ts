/** Approves a request: the decision, and the grant that it opens or the extension that it orders. */
import type { Actor } from '../../domain/audit/events.ts';
import type { Policy, Target } from '../../domain/policy/types.ts';
import type { Grant } from '../../domain/grants/grant.ts';
import type { Request } from '../../domain/requests/request.ts';
import { DomainError } from '../../domain/errors.ts';
import { claimMsOf } from '../../domain/policy/claim.ts';
import { isDeployment, targetNamed } from '../../domain/policy/deployments.ts';
import { liveProblem } from '../decisions/limits.ts';
import { orderExtension } from '../grants/order-extension.ts';
import { openGrant } from '../grants/transitions.ts';
import { openOverrideFollowUp } from './override-follow-up.ts';
import { decideRequest } from './transitions.ts';
import type { Decision } from './transitions.ts';
import type { Ids, Tx } from '../deps.ts';

export type Approval = {
  request: Request;
  policy: Policy;
  rule: string | null;
  actor: Actor;
  /** Null where a rule approves by itself. */
  byPersonId: string | null;
  voterIds: string[];
  /** What else anyone who reads the decision should know: the denial that break-glass overrode. */
  note?: string | null;
  /** The pre-approvals that stood in for the approvals. */
  preApprovalIds?: string[];
  /** Who counted as the requester's manager, where the rule asks the manager. */
  managerIds?: string[];
};

/** @throws DomainError `live_grants_reached` where the requester has as much as one person may have. */
const demandLive = async (tx: Tx, { request, policy, rule }: Approval): Promise<void> => {
  const problem = liveProblem(await tx.limits.hold(request.requesterId), { policy, rule }, request);
  if (problem) throw problem;
};

/** Gives the id of the new grant; where more time was requested, of the grant whose end moves; null where only a deployment is decided. */
export const approveRequest = async (tx: Tx, ids: Ids, approval: Approval): Promise<string | null> => {
  const { request, policy } = approval;
  const target = targetNamed(policy, request.target);
  const role = target?.roles[request.role];
  if (!target || !role)
    throw new DomainError(target ? 'unknown_role' : 'unknown_target', { target: request.target, role: request.role });
  const decisionId = ids.next();
  if (isDeployment(request.target)) {
    await decideRequest(tx, { ...decisionOf(approval, null), id: decisionId });
    return null;
  }
  if (request.extendsGrantId === null) await demandLive(tx, approval);
  const grantId = request.extendsGrantId ?? ids.next();
  await decideRequest(tx, { ...decisionOf(approval, grantId), id: decisionId });
  if (request.extendsGrantId === null) {
    await open(tx, approval, { id: grantId, decisionId, target, scope: role.scope });
    await openOverrideFollowUp(tx, ids, { request, policy, grantId });
  } else await orderExtension(tx, { request, grantId, decisionId, actor: approval.actor });
  return grantId;
};

const decisionOf = (approval: Approval, grantId: string | null): Omit<Decision, 'id'> => {
  const { request, policy, rule, actor, byPersonId, voterIds, note = null } = approval;
  const approved = { grantId, votes: voterIds, preApprovals: approval.preApprovalIds ?? [] };
  const managerIds = approval.managerIds ?? [];
  return { request, policy, rule, actor, byPersonId, reason: note, managerIds, outcome: { approved } };
};

type Opening = Pick<Grant, 'id' | 'decisionId' | 'scope'> & { target: Target };

const open = (tx: Tx, approval: Approval, { target: { provider }, ...opening }: Opening): Promise<void> => {
  const { request, policy, rule, actor } = approval;
  const { id: requestId, requesterId: granteeId, target, role, durationMs, startsAt } = request;
  const claimMs = claimMsOf(policy, rule);
  const given = { requestId, granteeId, target, role, durationMs, startsAt, claimMs };
  return openGrant(tx, { ...opening, provider, ...given }, actor);
};
