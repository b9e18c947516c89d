/** A request that needs no approver any more is approved as it is stored. */
import { SYSTEM } from '../../domain/audit/events.ts';
import type { Policy } from '../../domain/policy/types.ts';
import type { Verdict } from '../../domain/policy/verdict.ts';
import type { Requester } from '../../domain/principals/requester.ts';
import type { Request } from '../../domain/requests/request.ts';
import type { Ahead } from '../decisions/pre-approvals.ts';
import { holdingAt, isFilled, noteOf } from '../decisions/pre-approvals.ts';
import type { Deps, Tx } from '../deps.ts';
import { approveRequest } from './approve-request.ts';

type Judged = {
  policy: Policy;
  requester: Requester;
  verdict: Exclude<Verdict, { decision: 'deny' }>;
  ahead: Ahead | null;
};

/** By the rule, or by what was allowed ahead and is still allowed now; else by approvers. */
export const decideAtOnce = async (
  deps: Deps,
  tx: Tx,
  { judged, request }: { judged: Judged; request: Request },
): Promise<'approved' | 'waits'> => {
  const { policy, requester, verdict, ahead } = judged;
  const common = { request, policy, rule: verdict.rule, actor: SYSTEM };
  if (verdict.decision === 'approve') {
    await approveRequest(tx, deps.ids, { ...common, byPersonId: null, voterIds: [] });
    return 'approved';
  }
  const { target, role } = request;
  const all = ahead ? await tx.preApprovals.hold({ personId: requester.id, target, role }) : [];
  const held = holdingAt(all, request.startsAt);
  const last = held.at(-1);
  if (!ahead || !last || !isFilled(ahead, held)) {
    await tx.outbox.add('notify', request.id);
    return 'waits';
  }
  const voterIds = held.map(({ byPersonId }) => byPersonId);
  const preApprovalIds = held.map(({ id }) => id);
  await approveRequest(tx, deps.ids, {
    ...common,
    byPersonId: last.byPersonId,
    voterIds,
    note: noteOf(held),
    preApprovalIds,
    managerIds: ahead.managers,
  });
  return 'approved';
};
