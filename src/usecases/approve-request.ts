/** The one function that creates a grant. It demands a request that may be approved and writes the decision with it. */
import type { Actor } from '../core/events.ts';
import { moveRequest } from '../core/lifecycle.ts';
import type { Policy } from '../core/policy/types.ts';
import type { Grant, Request } from '../core/types.ts';
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
  /** What else whoever reads the decision should know: the denial that break-glass overrode. */
  note?: string | null;
  /** What was allowed ahead of time and stood in for the approvals. */
  allowanceIds?: string[];
};

export const approveRequest = async (tx: Tx, ids: Ids, approval: Approval): Promise<string> => {
  const { request, policy, rule } = approval;
  const target = policy.targets[request.target];
  const role = target?.roles[request.role];
  if (!target || !role)
    throw new DomainError(target ? 'unknown_role' : 'unknown_target', { target: request.target, role: request.role });
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
  return insertGrant(tx, approval, { id: ids.next(), decisionId, provider: target.provider, scope: role.scope });
};

type Made = Pick<Grant, 'id' | 'decisionId' | 'provider' | 'scope'>;

const insertGrant = async (tx: Tx, approval: Approval, made: Made): Promise<string> => {
  const { request, policy, rule, actor, voterIds: votes } = approval;
  const { target, role, durationMs } = request;
  const { startsAt } = request;
  const given = { requestId: request.id, personId: request.requesterId, target, role, durationMs, startsAt };
  await tx.grants.insert({ ...made, ...given });
  const common = { actor, requestId: request.id, grantId: made.id, target, role };
  await tx.audit.append({
    ...common,
    type: 'request.approved',
    data: { decision: made.decisionId, rule, policy: policy.sha256, votes, allowances: approval.allowanceIds ?? [] },
  });
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
