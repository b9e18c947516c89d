/** A person or a client requests access: judged, stored once, and sent to those who may approve. */
import { lookupFailed } from '../identity/lookup-failed.ts';
import { isNamedBy } from '../../domain/alerts/mapping.ts';
import type { Alert } from '../../domain/alerts/types.ts';
import { SYSTEM } from '../../domain/audit/events.ts';
import { DomainError } from '../../domain/errors.ts';
import type { Grant } from '../../domain/grants/grant.ts';
import type { Incident } from '../../domain/incidents/incident.ts';
import { decide } from '../../domain/policy/decide.ts';
import { evaluationRecordOf } from '../../domain/policy/past.ts';
import type { Ask, Policy, Verdict } from '../../domain/policy/types.ts';
import { doubtText } from '../../domain/principals/email-bindings.ts';
import { personIn } from '../../domain/principals/requester.ts';
import type { Requester } from '../../domain/principals/requester.ts';
import type { Request } from '../../domain/requests/request.ts';
import type { StartWish } from '../../domain/time/start.ts';
import { START_MAX_MS, resolveStart } from '../../domain/time/start.ts';
import { defaultDurationMs, factsOfRequest, scheduleOf } from '../decisions/evaluate.ts';
import { openIncidentOf } from '../decisions/incident-facts.ts';
import { holdIncident } from '../decisions/incident-tie.ts';
import type { Holdings, OpenRequest } from '../decisions/limit-ports.ts';
import { isLimit, liveProblem, openProblem } from '../decisions/limits.ts';
import { potentialApprovers } from '../decisions/potential-approvers.ts';
import type { Ahead } from '../decisions/pre-approvals.ts';
import { aheadOf, holdingAt, isFilled, noteOf } from '../decisions/pre-approvals.ts';
import type { Deps, Tx } from '../deps.ts';
import { requesterOf } from '../identity/caller.ts';
import { withPeopleBehind } from '../identity/people-behind.ts';
import { actorOf } from '../record/audit-entry.ts';
import { mustView } from '../record/must-find.ts';
import { recordRefusal, refuse } from '../record/record-refusal.ts';
import type { RequestEvaluation } from '../record/request-evaluation.ts';
import { approveRequest } from './approve-request.ts';
import { storeRequest } from './transitions.ts';
import type { NewRequest } from './request-ports.ts';
import type { AlreadyHas, CreateRequestInput, CreateRequestResult } from './request-types.ts';

type Sendable = Exclude<Verdict, { decision: 'deny' }>;

type Evaluated = {
  policy: Policy;
  requester: Requester;
  ask: Ask;
  incident: Incident | null;
  startsAt: Date | null;
  verdict: Sendable;
  /** Approvals that were given ahead of time; null where none stand in. */
  ahead: Ahead | null;
  alert: Alert | null;
  asked: Pick<RequestEvaluation, 'judgedAt' | 'record'>;
  idempotencyKey: string | null;
};

export const createRequest = async (deps: Deps, input: CreateRequestInput): Promise<CreateRequestResult> => {
  const policy = deps.policy();
  const requester = await withPeopleBehind(deps, requesterOf(input.caller));
  const wanted = wantedBy(policy, input);
  const startsAt = await startOf(deps, policy, { requester, wish: input.start ?? null });
  const incident = await openIncidentOf(deps, input.incidentChannelId);
  const alert = input.alert ? await deps.store.read.alert(input.alert.id) : null;
  const { verdict, asked } = await judged(deps, policy, { requester, ask: wanted, incident, alert });
  if (input.alert?.isAutomatic) refuseUnlessNamed(policy, verdict, alert);
  if (verdict.problems.length > 0 || verdict.decision === 'deny')
    return rejectInvalid(deps, policy, { requester, ask: wanted, asked, verdict });
  const ahead = await aheadOf(deps, { requester, verdict, ask: wanted, startsAt });
  if (!ahead) await refuseIfNobodyCanApprove(deps, { requester, verdict, ask: wanted });
  return write(deps, {
    policy,
    requester,
    ask: wanted,
    incident,
    startsAt,
    verdict,
    asked,
    ahead,
    alert,
    idempotencyKey: input.idempotencyKey,
  });
};

const wantedBy = (policy: Policy, input: CreateRequestInput): Ask => ({
  target: input.target,
  role: input.role,
  durationMs: input.durationMs ?? defaultDurationMs(policy, input.target, input.role),
  reason: input.reason.trim(),
  ticket: input.ticket?.trim() || null,
});

/** With what is kept of it. */
const judged = async (
  deps: Deps,
  policy: Policy,
  asking: Pick<Evaluated, 'requester' | 'ask' | 'incident' | 'alert'>,
) => {
  const { ask: wanted } = asking;
  const known = await factsOfRequest(deps, policy, { ...asking, freshness: 'fresh' });
  const verdict = decide(policy, wanted, known);
  return {
    verdict,
    asked: { judgedAt: known.now, record: evaluationRecordOf(policy, { ask: wanted, facts: known, verdict }) },
  };
};

/** Nothing is given because of an alert alone, unless the rule that decides says so by its name. */
const refuseUnlessNamed = (policy: Policy, verdict: Verdict, alert: Alert | null): void => {
  const isNamed = alert !== null && isNamedBy(policy, verdict.rule, alert.mapping);
  if (verdict.decision !== 'approve' || verdict.problems.length > 0 || !isNamed)
    throw new DomainError('alert_not_automatic', { rule: verdict.rule });
};

type TurnedDown = { requester: Requester; ask: Ask; asked: Evaluated['asked']; verdict: Verdict };

/** What the requester can mend is said before what a rule says: mended, it may be another rule's to decide. */
const rejectInvalid = async (
  deps: Deps,
  policy: Policy,
  { requester, ask: wanted, asked, verdict }: TurnedDown,
): Promise<CreateRequestResult> => {
  const { problems, code, rule } = verdict;
  const [target, role] = [wanted.target.slice(0, 100), wanted.role.slice(0, 100)];
  const refusal = { type: 'request.refused', person: requester, asked, target, role } as const;
  if (verdict.decision === 'deny' && problems.length === 0) {
    await recordRefusal(deps, { ...refusal, data: { codes: [code], rule, policy: policy.sha256 } });
    return { outcome: 'denied', verdict };
  }
  await recordRefusal(deps, { ...refusal, data: { codes: problems.map((problem) => problem.code) } });
  return { outcome: 'refused', problems };
};

type Wished = { requester: Requester; wish: StartWish | null };

/** By the database clock, on the clock of the requester. */
const startOf = async (deps: Deps, policy: Policy, { requester, wish }: Wished): Promise<Date | null> => {
  if (wish === null) return null;
  const now = await deps.store.read.now();
  const at = resolveStart(wish, { now, timezones: [personIn(requester)?.timezone ?? null, policy.timezone] });
  if (at <= now) throw new DomainError('start_in_past', { at: at.toISOString() });
  if (at.getTime() - now.getTime() > START_MAX_MS) throw new DomainError('start_too_far', { maxMs: START_MAX_MS });
  return at;
};

export const refuseIfNobodyCanApprove = async (
  deps: Deps,
  { requester, verdict, ask: wanted }: { requester: Requester; verdict: Sendable; ask: Ask },
): Promise<void> => {
  if (verdict.decision !== 'ask') return;
  const asked = await potentialApprovers(deps, requester, verdict.requirements);
  const unfilled = asked.find(({ people, count, unknown }) => people.length < count && unknown.length === 0);
  if (!unfilled && asked.some(({ people }) => people.length > 0)) return;
  const unknown = asked.flatMap((one) => one.unknown);
  if (!unfilled && unknown.length > 0) throw lookupFailed(deps.directory, unknown);
  const facts = {
    label: unfilled?.label ?? '',
    count: unfilled?.count ?? 0,
    have: unfilled?.people.length ?? 0,
    isOnlyRequester: unfilled?.isOnlyRequester ?? false,
    rule: verdict.rule,
    doubts: asked.flatMap(({ doubts }) => doubts.map(({ address, doubt }) => doubtText(address, doubt))),
  };
  const { doubts: conflicts, ...known } = facts;
  const data = { ...known, conflicts };
  const refusal = {
    type: 'request.refused',
    person: requester,
    target: wanted.target,
    role: wanted.role,
    data,
  } as const;
  await refuse(deps, refusal, new DomainError('nobody_can_approve', facts));
};

/** A client's request is its job's. */
const jobOf = (requester: Requester): Pick<NewRequest, 'job' | 'startedBy'> =>
  requester.kind === 'client' ? { job: requester.job, startedBy: [...requester.startedBy] } : {};

const newRequest = (
  deps: Deps,
  { policy, requester, ask: wanted, incident, startsAt, verdict, idempotencyKey }: Evaluated,
): NewRequest => ({
  id: deps.ids.next(),
  requesterId: requester.id,
  ...jobOf(requester),
  ...wanted,
  isBreakGlass: false,
  startsAt,
  incidentId: incident?.id ?? null,
  state: 'pending',
  rule: verdict.rule,
  policySha256: policy.sha256,
  requirements: verdict.decision === 'ask' ? verdict.requirements : [],
  isInOrder: verdict.decision === 'ask' && verdict.isInOrder,
  idempotencyKey,
  pendingMs: verdict.decision === 'ask' ? verdict.pendingMs : policy.pendingMs,
  mayRemain: deps.access.mayRemain(wanted.target, wanted.role),
  ...scheduleOf(verdict),
});

const write = async (deps: Deps, judged: Evaluated): Promise<CreateRequestResult> => {
  try {
    return await store(deps, judged);
  } catch (error) {
    if (!isLimit(error)) throw error;
    const { requester, ask: wanted, asked } = judged;
    const refusal = {
      type: 'request.refused',
      person: requester,
      asked,
      target: wanted.target,
      role: wanted.role,
    } as const;
    return refuse(deps, { ...refusal, data: { max: error.facts.max as number } }, error);
  }
};

/** One more may wait. Live grants count when it is approved: some may have ended by then. */
const demandRoom = async (tx: Tx, { policy, requester, verdict }: Evaluated, request: Request): Promise<void> => {
  const problem = openProblem(await tx.limits.hold(requester.id), { policy, rule: verdict.rule }, request.id);
  if (problem) throw problem;
};

const store = async (deps: Deps, judged: Evaluated): Promise<CreateRequestResult> => {
  const { requester } = judged;
  const stored = await deps.store.transaction(async (tx) => {
    await tx.principals.upsert(requester);
    await holdIncident(tx, judged.incident);
    const storing = { request: newRequest(deps, judged), actor: actorOf(requester), evaluation: judged.asked };
    const { outcome, request } = await storeRequest(tx, { ...storing, facts: factsOf(judged, storing.request) });
    if (outcome === 'exists') return { id: request.id, isRepeat: true };
    await tieToAlert(tx, judged, request);
    const outcomeNow = await decideAtOnce(deps, tx, { judged, request });
    if (outcomeNow === 'waits') await demandRoom(tx, judged, request);
    return { id: request.id, isRepeat: false };
  });
  const [view, alreadyHas, held] = await Promise.all([
    mustView(deps, stored.id),
    liveAccessOf(deps, { granteeId: requester.id, ...judged.ask }, stored.id),
    deps.store.read.holdings(requester.id),
  ]);
  const asking = { policy: judged.policy, rule: judged.verdict.rule };
  return {
    outcome: 'sent',
    view,
    alreadyHas,
    alreadyAsked: openRequestOf(held, view.request),
    liveFull: view.request.state === 'pending' && liveProblem(held, asking, view.request) ? held.live.length : null,
    isRepeat: stored.isRepeat,
    targetProblem: deps.access.problems()[view.request.target] ?? null,
  };
};

/** The one that ends last, whatever request it came from but this. */
export const liveAccessOf = async (
  deps: Deps,
  of: Pick<Grant, 'granteeId' | 'target' | 'role'>,
  exceptRequestId: string | null = null,
): Promise<AlreadyHas | null> => {
  const found = (await deps.store.read.activeGrants(of)).find(({ requestId }) => requestId !== exceptRequestId);
  return found ? { id: found.id, expiresAt: found.expiresAt } : null;
};

/** The oldest other one that waits for the same role. */
const openRequestOf = ({ open }: Holdings, { id, target, role }: Request): OpenRequest | null =>
  open.find((one) => one.target === target && one.role === role && one.requestId !== id) ?? null;

const tieToAlert = async (tx: Tx, { alert }: Evaluated, request: Request): Promise<void> => {
  if (!alert) return;
  await tx.alerts.tie(request.id, alert.id);
  await tx.outbox.add('alert', alert.id);
};

/** By the rule, or by what was allowed ahead and is still allowed now; else those who may approve are asked. */
export const decideAtOnce = async (
  deps: Deps,
  tx: Tx,
  { judged, request }: { judged: Pick<Evaluated, 'policy' | 'requester' | 'verdict' | 'ahead'>; request: Request },
): Promise<'approved' | 'waits'> => {
  const { policy, requester, verdict, ahead } = judged;
  const common = { request, policy, rule: verdict.rule, actor: SYSTEM };
  if (verdict.decision === 'approve') {
    await approveRequest(tx, deps.ids, { ...common, byPersonId: null, voterIds: [] });
    return 'approved';
  }
  const { target, role } = request;
  const all = ahead ? await tx.allowances.hold({ personId: requester.id, target, role }) : [];
  const held = holdingAt(all, request.startsAt);
  const last = held.at(-1);
  if (!ahead || !last || !isFilled(ahead, held)) {
    await tx.outbox.add('notify', request.id);
    return 'waits';
  }
  const voterIds = held.map(({ byPersonId }) => byPersonId);
  const allowanceIds = held.map(({ id }) => id);
  await approveRequest(tx, deps.ids, {
    ...common,
    byPersonId: last.byPersonId,
    voterIds,
    note: noteOf(held),
    allowanceIds,
    managerIds: ahead.managers,
  });
  return 'approved';
};

const factsOf = ({ incident, startsAt, alert }: Evaluated, { requirements }: NewRequest) => ({
  startsAt: startsAt?.toISOString() ?? null,
  incident: incident?.id ?? null,
  requirements: requirements.map(({ label, count }) => ({ label, count })),
  ...(alert && { alert: { id: alert.id, mapping: alert.mapping, source: alert.source }, alertUrl: alert.url }),
});
