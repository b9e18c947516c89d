/**
 * More time on access that was taken by break-glass is taken the same way: by those who may use break-glass now, within
 * `break_glass.max` for the whole time. Everyone who was notified sees the new end, and the one review covers it: closed before, it
 * is open again.
 */
import { DomainError } from '../../domain/errors.ts';
import { approveRequest } from '../requests/approve-request.ts';
import { BREAK_GLASS_RULE, judgeTaking, overdueOf } from './break-glass.ts';
import { demandRoom, holdGrant, extensionFacts, sent } from '../requests/extension-request.ts';
import type { Extending, ExtendResult } from '../requests/extension-request.ts';
import { fitted, longerRequest, refreshExtended, USUAL_MORE_MS } from '../grants/extension-terms.ts';
import { actorOf } from '../record/audit-entry.ts';
import type { Deps, Tx } from '../deps.ts';
import { recordRefusal, refuse } from '../record/record-refusal.ts';
import type { NewRequest } from '../requests/request-ports.ts';
import { storeRequest } from '../requests/transitions.ts';

type Taking = Extending & Awaited<ReturnType<typeof judgeTaking>> & { byMs: number };

export const extendBreakGlass = async (deps: Deps, extending: Extending): Promise<ExtendResult> => {
  const { person, grant } = extending;
  const refusal = { type: 'break_glass.refused', person, target: grant.target, role: grant.role } as const;
  const judged = await evaluateExtension(deps, extending).catch((error: unknown) => {
    if (error instanceof DomainError && error.code.startsWith('break_glass')) return refuse(deps, refusal, error);
    throw error;
  });
  const problems = judged.verdict.problems.filter(({ field }) => field !== 'duration');
  if (problems.length > 0) {
    await recordRefusal(deps, { ...refusal, data: { codes: problems.map(({ code }) => code), extends: grant.id } });
    return { outcome: 'refused', problems };
  }
  const stored = await deps.store.transaction((tx) => take(deps, tx, judged));
  if ('blockedBy' in stored) return refuse(deps, refusal, new DomainError('break_glass_blocked', stored.blockedBy));
  return sent(deps, extending, stored);
};

const evaluateExtension = async (deps: Deps, extending: Extending): Promise<Taking> => {
  const { person, grant, base, input } = extending;
  const reasoned = { ...base.request, reason: input.reason?.trim() || base.request.reason };
  const judgeFor = (moreMs: number) =>
    judgeTaking(deps, {
      person,
      input: {
        caller: input.caller,
        ...longerRequest(grant, reasoned, moreMs),
        incidentChannelId: base.incident?.channelId ?? null,
      },
      freshness: 'fresh',
    });
  const first = await judgeFor(input.byMs ?? USUAL_MORE_MS);
  const { byMs, leftMs } = fitted(grant, input.byMs, () => first.verdict);
  demandRoom({ byMs, leftMs, capMs: first.verdict.capMs });
  return { ...extending, ...(await judgeFor(byMs)), byMs };
};

type Written = { id: string; isRepeat: boolean } | { blockedBy: { dueAt: string; grantId: string } };

const take = async (deps: Deps, tx: Tx, taking: Taking): Promise<Written> => {
  const { policy, person, requested, base, verdict, byMs, input } = taking;
  const blockedBy = await overdueOf(tx, person);
  if (blockedBy) return { blockedBy };
  const { grant, repeatOf } = await holdGrant(tx, taking);
  if (repeatOf) return { id: repeatOf, isRepeat: true };
  await tx.principals.upsert(person);
  const wanted: NewRequest = {
    id: deps.ids.next(),
    requesterId: person.id,
    ...requested,
    incidentId: base.request.incidentId,
    isBreakGlass: true,
    state: 'pending',
    rule: verdict.rule,
    policySha256: policy.sha256,
    requirements: verdict.skipped,
    isInOrder: false,
    idempotencyKey: input.idempotencyKey,
    pendingMs: policy.pendingMs,
    extendsGrantId: grant.id,
    extendsByMs: byMs,
    mayRemain: deps.access.mayRemain(requested.target, requested.role),
  };
  const facts = extensionFacts(taking, wanted);
  const { outcome, request } = await storeRequest(tx, { request: wanted, actor: actorOf(person), facts });
  if (outcome === 'exists') return { id: request.id, isRepeat: true };
  // Before the request is touched, as the one who closes a review does.
  await reviewAgain(tx, taking, request.id);
  const common = { request, policy, rule: BREAK_GLASS_RULE, actor: actorOf(person), byPersonId: person.id };
  await approveRequest(tx, deps.ids, { ...common, voterIds: [] });
  await refreshExtended(tx, request);
  return { id: request.id, isRepeat: false };
};

/** Who closed the review has not looked at what is taken now. */
const reviewAgain = async (tx: Tx, { grant, person, breakGlass }: Taking, extension: string): Promise<void> => {
  const review = await tx.reviews.reopen(grant.id);
  if (!review) return;
  const { reviewers, notify } = breakGlass;
  await tx.audit.append({
    type: 'follow_up.opened',
    actor: actorOf(person),
    requestId: review.requestId,
    grantId: grant.id,
    target: grant.target,
    role: grant.role,
    data: { dueAt: review.dueAt.toISOString(), reviewers, notified: notify, extension },
  });
};
