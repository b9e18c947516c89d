/** What was judged is stored once, decided where nothing stands in the way, and sent to those who may approve. */
import { DomainError } from '../../domain/errors.ts';
import type { Alert } from '../../domain/alerts/types.ts';
import type { Grant } from '../../domain/grants/grant.ts';
import type { Incident } from '../../domain/incidents/incident.ts';
import type { Policy } from '../../domain/policy/types.ts';
import type { Verdict } from '../../domain/policy/verdict.ts';
import type { RequestedAccess } from '../../domain/policy/decision-facts.ts';
import type { InTarget } from '../../domain/principals/in-target.ts';
import type { Requester } from '../../domain/principals/requester.ts';
import type { WindowOrigin } from '../../domain/requests/origin.ts';
import type { Request } from '../../domain/requests/request.ts';
import { scheduleOf } from '../decisions/evaluate.ts';
import { holdIncident } from '../decisions/incident-tie.ts';
import type { Holdings, OpenRequest } from '../decisions/limit-ports.ts';
import { isLimit, liveProblem, openProblem } from '../decisions/limits.ts';
import type { Ahead } from '../decisions/pre-approvals.ts';
import type { Deps, Tx } from '../deps.ts';
import { actorOf } from '../record/audit-entry.ts';
import { mustView } from '../record/must-find.ts';
import { refuse } from '../record/record-refusal.ts';
import type { RequestEvaluation } from '../record/request-evaluation.ts';
import { storeRequest } from './transitions.ts';
import type { NewRequest } from './request-ports.ts';
import type { AlreadyHas, CreateRequestInput, CreateRequestResult } from './request-types.ts';
import { decideAtOnce } from './decide-at-once.ts';

/** A verdict by which a request may be stored. */
export type Sendable = Exclude<Verdict, { decision: 'deny' }>;

/** A request as it was judged, with all that the judgement saw. */
export type Evaluated = {
  policy: Policy;
  requester: Requester;
  requested: RequestedAccess;
  incident: Incident | null;
  startsAt: Date | null;
  verdict: Sendable;
  /** Pre-approvals; null where none stand in. */
  ahead: Ahead | null;
  alert: Alert | null;
  inTarget: InTarget | null;
  evaluation: Pick<RequestEvaluation, 'judgedAt' | 'record'>;
} & Pick<CreateRequestInput, 'idempotencyKey' | 'clientKey'>;

/** A client's request is its job's. */
const jobOf = (requester: Requester): Pick<NewRequest, 'job' | 'startedBy' | 'accounts' | 'origin'> => ({
  ...(requester.kind === 'client' && { job: requester.job }),
  startedBy: [...(requester.startedBy ?? [])],
  accounts: [...(requester.accounts ?? [])],
  origin: requester.origin ?? null,
});

/** What is for a window may be decided until that is over; null for everything else. */
const pendingOf = ({ origin }: Requester, { judgedAt }: Evaluated['evaluation']): number | null =>
  origin?.kind === 'window' ? Date.parse(origin.to) - judgedAt.getTime() : null;

const newRequest = (
  deps: Deps,
  { policy, requester, requested: wanted, incident, startsAt, verdict, evaluation, inTarget, ...keys }: Evaluated,
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
  idempotencyKey: keys.idempotencyKey,
  clientKey: keys.clientKey ?? null,
  pendingMs: pendingOf(requester, evaluation) ?? (verdict.decision === 'ask' ? verdict.pendingMs : policy.pendingMs),
  mayRemain: deps.access.mayRemain(wanted.target, wanted.role),
  inTarget,
  ...scheduleOf(verdict),
});

/** Stores it once, and sends it to those who may approve. */
export const sendRequest = async (deps: Deps, judged: Evaluated): Promise<CreateRequestResult> => {
  try {
    return await store(deps, judged);
  } catch (error) {
    if (!isLimit(error)) throw error;
    const { requester, requested: wanted, evaluation } = judged;
    const refusal = {
      type: 'request.refused',
      person: requester,
      evaluation,
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
    const storing = { request: newRequest(deps, judged), actor: actorOf(requester), evaluation: judged.evaluation };
    const { outcome, request } = await storeRequest(tx, { ...storing, facts: factsOf(judged, storing.request) });
    if (outcome === 'exists') return { id: request.id, isRepeat: true };
    await tieToAlert(tx, judged, request);
    await recordOverride(tx, judged, request);
    const outcomeNow = await decideAtOnce(deps, tx, { judged, request });
    if (outcomeNow === 'waits') await demandRoom(tx, judged, request);
    return { id: request.id, isRepeat: false };
  });
  const [view, alreadyHas, held] = await Promise.all([
    mustView(deps, stored.id),
    liveAccessOf(deps, { granteeId: requester.id, ...judged.requested }, stored.id),
    deps.store.read.holdings(requester.id),
  ]);
  const asking = { policy: judged.policy, rule: judged.verdict.rule };
  return {
    outcome: 'sent',
    view,
    alreadyHas,
    alreadyRequested: openRequestOf(held, view.request),
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

/** Who overrode a freeze for it, in the transaction that stores it. */
const recordOverride = async (tx: Tx, { policy, requester }: Evaluated, request: Request): Promise<void> => {
  const { origin } = requester;
  if (origin?.kind !== 'override') return;
  const { freezes, id: frozen, by, reason, because } = origin;
  if (!(await tx.frozen.setRequest(frozen, request.id))) throw new DomainError('frozen_over', { id: frozen });
  await tx.audit.append({
    type: 'freeze.overridden',
    actor: { kind: 'person', id: by.id, name: by.name, email: by.email },
    requestId: request.id,
    grantId: null,
    target: request.target,
    role: request.role,
    data: {
      freezes,
      frozen,
      ...(because.kind === 'incident' ? { incident: because.id } : { alert: because.id }),
      policy: policy.sha256,
      reason,
      cause: because.title,
    },
  });
};

const windowOf = ({ window: name, from, to }: WindowOrigin) => ({ name, from, to });

const factsOf = ({ incident, startsAt, alert, requester }: Evaluated, { requirements }: NewRequest) => ({
  startsAt: startsAt?.toISOString() ?? null,
  incident: incident?.id ?? null,
  requirements: requirements.map(({ label, count }) => ({ label, count })),
  ...(requester.origin?.kind === 'window' && {
    window: windowOf(requester.origin),
    ...(requester.origin.allowedBy && { allowedBy: requester.origin.allowedBy }),
  }),
  ...(requester.kind === 'client' && requester.job.plan !== undefined && { plan: requester.job.plan }),
  ...(alert && { alert: { id: alert.id, mapping: alert.mapping, source: alert.source }, alertUrl: alert.url }),
  ...(requester.origin?.kind === 'alert' && { startedBy: requester.origin.startedBy }),
});
