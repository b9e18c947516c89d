/**
 * A person requests more time on access they have. It is a new request for the whole time, judged by the policy and the facts of now:
 * a rule that approves does so again, anything else asks those who may approve again. Break-glass is extended by its own rules.
 */
import { lookupFailed } from '../identity/lookup-failed.ts';
import { DomainError } from '../../domain/errors.ts';
import { decide } from '../../domain/policy/decide.ts';
import { evaluationRecordOf } from '../../domain/policy/past.ts';
import type { Verdict } from '../../domain/policy/verdict.ts';
import type { RequestedAccess, DecisionFacts } from '../../domain/policy/decision-facts.ts';
import type { Grant } from '../../domain/grants/grant.ts';
import type { Person } from '../../domain/principals/person.ts';
import type { Requester } from '../../domain/principals/requester.ts';
import { withPeopleBehind } from '../identity/people-behind.ts';
import { aheadOf } from '../decisions/pre-approvals.ts';
import type { Ahead } from '../decisions/pre-approvals.ts';
import { mustView } from '../record/must-find.ts';
import { refuseIfNobodyCanApprove } from './create-request.ts';
import { decideAtOnce } from './decide-at-once.ts';
import { endWithIncident } from '../../domain/grants/ending.ts';
import { factsOfRequest, scheduleOf, unreadGroups } from '../decisions/evaluate.ts';
import { assertExtendable, demandRoom, holdGrant, extensionFacts, sent } from './extension-request.ts';
import type { Extending, ExtendInput, ExtendResult } from './extension-request.ts';
import { fitted, longerRequest, refreshExtended, USUAL_MORE_MS } from '../grants/extension-terms.ts';
import type { Deps, Tx } from '../deps.ts';
import type { RequestEvaluation } from '../record/request-evaluation.ts';
import { actorOf } from '../record/audit-entry.ts';
import type { NewRequest } from './request-ports.ts';
import { storeRequest } from './transitions.ts';
import { recordRefusal } from '../record/record-refusal.ts';

type Evaluated = Extending & {
  /** With those who are behind the request that this prolongs: none of them approves more of it either. */
  requester: Requester;
  byMs: number;
  requested: RequestedAccess;
  verdict: Exclude<Verdict, { decision: 'deny' }>;
  ahead: Ahead | null;
  evaluation: Pick<RequestEvaluation, 'judgedAt' | 'record'>;
};

/** `byBreakGlass` extends access that was taken by break-glass: its rules are its own, in a room below. */
export const extend = async (
  deps: Deps,
  input: ExtendInput,
  byBreakGlass: (deps: Deps, extending: Extending) => Promise<ExtendResult>,
): Promise<ExtendResult> => {
  const person = input.caller.person;
  const grant = await findOwn(deps, input, person);
  const base = await mustView(deps, grant.requestId);
  // Delivered a second time it is answered as the first time, and not by what that changed. After the view: it may show it.
  const same = input.idempotencyKey && (await deps.store.read.extensionOfDelivery(grant.id, input.idempotencyKey));
  if (same) return sent(deps, { grant }, { id: same.requestId, isRepeat: true });
  const extending: Extending = { policy: deps.policy(), person, grant, base, input };
  assertExtendable(extending, grant, base.now);
  const endsAt = endWithIncident(grant, base.incident);
  if (endsAt) throw new DomainError('extend_with_incident', { id: grant.id, endsAt: endsAt.toISOString() });
  if (base.moreTime) throw new DomainError('extend_pending', { byMs: base.moreTime.byMs });
  return base.request.isBreakGlass ? byBreakGlass(deps, extending) : extendByRule(deps, extending);
};

const findOwn = async (deps: Deps, { id }: ExtendInput, person: Person): Promise<Grant> => {
  const ids = await deps.store.read.findGrantIds(id ?? '', person.id);
  if (ids.length > 1) throw new DomainError('ambiguous_id', { id, ids });
  const grant = ids[0] ? await deps.store.read.grant(ids[0]) : null;
  if (!grant) throw new DomainError('grant_not_found', { id });
  return grant;
};

const extendByRule = async (deps: Deps, extending: Extending): Promise<ExtendResult> => {
  const { policy, person, grant, base, input } = extending;
  const reasoned = { ...base.request, reason: input.reason?.trim() || base.request.reason };
  const usual = longerRequest(grant, reasoned, input.byMs ?? USUAL_MORE_MS);
  const { incident } = base;
  const facts = await factsOfRequest(deps, policy, {
    requester: person,
    requested: usual,
    freshness: 'fresh',
    incident,
  });
  const { byMs, leftMs, verdict } = fitted(grant, input.byMs, (moreMs) =>
    decide(policy, longerRequest(grant, reasoned, moreMs), facts),
  );
  const requested = longerRequest(grant, reasoned, byMs);
  const refused = await rejectInvalid(deps, extending, { requested, facts, verdict });
  if (refused) return refused;
  if (verdict.decision === 'deny') return { outcome: 'denied', verdict };
  demandRoom({ byMs, leftMs, capMs: verdict.capMs });
  const evaluation = { judgedAt: facts.now, record: evaluationRecordOf(policy, { requested, facts, verdict }) };
  const { startedBy, accounts } = base.request;
  const requester = await withPeopleBehind(deps, { ...person, startedBy, accounts });
  const ahead = await aheadOf(deps, { requester, verdict, requested, startsAt: null });
  if (!ahead) await refuseIfNobodyCanApprove(deps, { requester, verdict, requested });
  const judged: Evaluated = { ...extending, requester, byMs, requested, verdict, ahead, evaluation };
  const stored = await deps.store.transaction((tx) => write(deps, tx, judged));
  return sent(deps, extending, stored);
};

type Turning = { requested: RequestedAccess; facts: DecisionFacts; verdict: Verdict };

/** A denial that hangs on a group that could not be read is none. What is too long has its own words. */
const rejectInvalid = async (
  deps: Deps,
  { policy, person, grant }: Extending,
  { requested, facts, verdict }: Turning,
): Promise<ExtendResult | null> => {
  const problems = verdict.problems.filter(({ field }) => field !== 'duration');
  const unknown = unreadGroups(facts);
  if (verdict.decision !== 'deny' && problems.length === 0) return null;
  if (verdict.decision === 'deny' && unknown.length > 0) throw lookupFailed(deps.directory, unknown);
  const isDenied = verdict.decision === 'deny';
  const codes = isDenied ? [verdict.code] : problems.map(({ code }) => code);
  await recordRefusal(deps, {
    type: 'request.refused',
    person,
    grantId: grant.id,
    target: grant.target,
    role: grant.role,
    data: { codes, rule: verdict.rule, policy: policy.sha256, extends: grant.id },
    evaluation: { judgedAt: facts.now, record: evaluationRecordOf(policy, { requested, facts, verdict }) },
  });
  return isDenied ? { outcome: 'denied', verdict } : { outcome: 'refused', problems };
};

const newRequest = (deps: Deps, judged: Evaluated, leftMs: number): NewRequest => {
  const { policy, person, requester, requested, verdict, grant, byMs, input } = judged;
  const pendingMs = verdict.decision === 'ask' ? verdict.pendingMs : policy.pendingMs;
  return {
    id: deps.ids.next(),
    requesterId: person.id,
    ...requested,
    incidentId: judged.base.request.incidentId,
    isBreakGlass: false,
    state: 'pending',
    rule: verdict.rule,
    policySha256: policy.sha256,
    requirements: verdict.decision === 'ask' ? verdict.requirements : [],
    isInOrder: verdict.decision === 'ask' && verdict.isInOrder,
    idempotencyKey: input.idempotencyKey,
    // Nobody can agree to more time once the access has ended.
    pendingMs: Math.min(pendingMs, leftMs),
    extendsGrantId: grant.id,
    extendsByMs: byMs,
    startedBy: [...(requester.startedBy ?? [])],
    accounts: judged.base.request.accounts,
    mayRemain: deps.access.mayRemain(requested.target, requested.role),
    inTarget: judged.base.request.inTarget,
    ...scheduleOf(verdict),
  };
};

const write = async (deps: Deps, tx: Tx, judged: Evaluated): Promise<{ id: string; isRepeat: boolean }> => {
  const { person, requester, policy, verdict, ahead, evaluation } = judged;
  const held = await holdGrant(tx, judged);
  if (held.repeatOf) return { id: held.repeatOf, isRepeat: true };
  await tx.principals.upsert(person);
  const leftMs = held.grant.expiresAt.getTime() - held.now.getTime();
  const wanted = newRequest(deps, judged, leftMs);
  const facts = extensionFacts(judged, wanted);
  const storing = { request: wanted, actor: actorOf(person), evaluation, facts };
  const { outcome, request } = await storeRequest(tx, storing);
  if (outcome === 'exists') return { id: request.id, isRepeat: true };
  await decideAtOnce(deps, tx, { judged: { policy, requester, verdict, ahead }, request });
  await refreshExtended(tx, request);
  return { id: request.id, isRepeat: false };
};
