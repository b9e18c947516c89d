/** The one function that creates a grant. It demands a request that may be approved and writes the decision with it. */
import type { Actor } from '../core/events.ts';
import { moveRequest } from '../core/lifecycle.ts';
import type { Policy } from '../core/policy/types.ts';
import type { Request } from '../core/types.ts';
import { DomainError } from '../core/errors.ts';
import type { Ids, Tx } from './ports.ts';

export type Approval = {
  request: Request;
  policy: Policy;
  rule: string | null;
  actor: Actor;
  /** Null where a rule approves by itself. */
  byPersonId: string | null;
  voterIds: string[];
};

export const approveRequest = async (tx: Tx, ids: Ids, approval: Approval): Promise<string> => {
  const { request, policy, rule, actor } = approval;
  const target = policy.targets[request.target];
  const role = target?.roles[request.role];
  if (!target || !role)
    throw new DomainError(target ? 'unknown_role' : 'unknown_target', { target: request.target, role: request.role });
  const decisionId = ids.next();
  const grantId = ids.next();
  const common = { actor, requestId: request.id, target: request.target, role: request.role };
  await tx.decisions.insert({
    id: decisionId,
    requestId: request.id,
    outcome: 'approved',
    rule,
    policySha256: policy.sha256,
    byPersonId: approval.byPersonId,
    reason: null,
  });
  await tx.requests.setState(request.id, moveRequest(request.state, 'approved'));
  await tx.grants.insert({
    id: grantId,
    requestId: request.id,
    decisionId,
    personId: request.requesterId,
    target: request.target,
    role: request.role,
    provider: target.provider,
    scope: role.scope,
    durationMs: request.durationMs,
  });
  const votes = approval.voterIds;
  await tx.audit.append({
    ...common,
    type: 'request.approved',
    grantId,
    data: { decision: decisionId, rule, policy: policy.sha256, votes },
  });
  await tx.audit.append({ ...common, type: 'grant.activating', grantId, data: { durationMs: request.durationMs } });
  await tx.outbox.add('activate', grantId);
  await tx.outbox.add('notify', request.id);
  return grantId;
};
