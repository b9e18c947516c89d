/** A person or a client requests access: judged, stored once, and sent to those who may approve. */
import { lookupFailed } from '../identity/lookup-failed.ts';
import { isNamedBy } from '../../domain/alerts/mapping.ts';
import type { Alert } from '../../domain/alerts/types.ts';
import { DomainError } from '../../domain/errors.ts';
import { decide } from '../../domain/policy/decide.ts';
import { isDeployment } from '../../domain/policy/deployments.ts';
import { evaluationRecordOf } from '../../domain/policy/past.ts';
import type { Policy } from '../../domain/policy/types.ts';
import type { Verdict } from '../../domain/policy/verdict.ts';
import type { RequestedAccess, DecisionFacts } from '../../domain/policy/decision-facts.ts';
import { conflictText } from '../../domain/principals/email-bindings.ts';
import type { InTarget } from '../../domain/principals/in-target.ts';
import { personIn } from '../../domain/principals/requester.ts';
import type { Requester } from '../../domain/principals/requester.ts';
import type { StartWish } from '../../domain/time/start.ts';
import { START_MAX_MS, resolveStart } from '../../domain/time/start.ts';
import { defaultDurationMs, factsOfRequest } from '../decisions/evaluate.ts';
import { openIncidentOf } from '../decisions/incident-facts.ts';
import { approversNow, potentialApprovers } from '../decisions/potential-approvers.ts';
import type { PotentialApprovers } from '../decisions/potential-approvers.ts';
import { aheadOf } from '../decisions/pre-approvals.ts';
import type { Deps } from '../deps.ts';
import { lookUpInTarget } from '../grants/in-target.ts';
import { requesterOf } from '../identity/caller.ts';
import { withPeopleBehind } from '../identity/people-behind.ts';
import { recordRefusal, refuse } from '../record/record-refusal.ts';
import type { CreateRequestInput, CreateRequestResult } from './request-types.ts';
import { keepFrozen } from './frozen-request.ts';
import { sendRequest } from './send-request.ts';
import type { Evaluated, Sendable } from './send-request.ts';

export const createRequest = async (deps: Deps, input: CreateRequestInput): Promise<CreateRequestResult> => {
  const policy = deps.policy();
  demandGate(input);
  const requester = await withPeopleBehind(deps, { ...requesterOf(input.caller), ...input.from });
  const wanted = wantedBy(policy, input);
  const startsAt = await startOf(deps, policy, { requester, wish: input.start ?? null });
  const incident = await openIncidentOf(deps, input.incidentChannelId);
  const alert = input.alert ? await deps.store.read.alert(input.alert.id) : null;
  const { verdict, evaluation, facts } = await judged(deps, policy, { requester, requested: wanted, incident, alert });
  if (input.alert?.isAutomatic) refuseUnlessNamed(policy, verdict, alert);
  if (verdict.problems.length > 0 || verdict.decision === 'deny')
    return rejectInvalid(deps, policy, { requester, requested: wanted, evaluation, verdict, facts, startsAt });
  const inTarget = await identified(deps, policy, { requester, requested: wanted, evaluation });
  const ahead = await aheadOf(deps, { requester, verdict, requested: wanted, startsAt });
  if (!ahead) await refuseIfNobodyCanApprove(deps, { requester, verdict, requested: wanted });
  return sendRequest(deps, {
    policy,
    requester,
    requested: wanted,
    incident,
    startsAt,
    verdict,
    evaluation,
    ahead,
    alert,
    inTarget,
    idempotencyKey: input.idempotencyKey,
    clientKey: input.clientKey ?? null,
  });
};

/** Only a gate requests a deployment: nobody and no job can by its name. */
const demandGate = ({ target, from }: CreateRequestInput): void => {
  if (isDeployment(target) && from?.origin?.kind !== 'gate')
    throw new DomainError('unknown_target', { target: target.slice(0, 100) });
};

const wantedBy = (policy: Policy, input: CreateRequestInput): RequestedAccess => ({
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
  asking: Pick<Evaluated, 'requester' | 'requested' | 'incident' | 'alert'>,
) => {
  const { requested: wanted } = asking;
  const known = await factsOfRequest(deps, policy, { ...asking, freshness: 'fresh' });
  const verdict = decide(policy, wanted, known);
  return {
    verdict,
    facts: known,
    evaluation: {
      judgedAt: known.clock ?? known.now,
      record: evaluationRecordOf(policy, { requested: wanted, facts: known, verdict }),
    },
  };
};

/** Who they are in the target, before approvers see something that cannot be given. */
const identified = async (
  deps: Deps,
  policy: Policy,
  { requester, requested: wanted, evaluation }: Pick<Evaluated, 'requester' | 'requested' | 'evaluation'>,
): Promise<InTarget | null> => {
  const { target, role } = wanted;
  try {
    return await lookUpInTarget(deps, { policy, target, role, requester });
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== 'identity_unknown') throw error;
    const refusal = { type: 'request.refused', person: requester, evaluation, target, role } as const;
    return refuse(deps, { ...refusal, data: { codes: [error.code] } }, error);
  }
};

/** Nothing is given because of an alert alone, unless the rule that decides says so by its name. */
const refuseUnlessNamed = (policy: Policy, verdict: Verdict, alert: Alert | null): void => {
  const isNamed = alert !== null && isNamedBy(policy, verdict.rule, alert.mapping);
  if (verdict.decision !== 'approve' || verdict.problems.length > 0 || !isNamed)
    throw new DomainError('alert_not_automatic', { rule: verdict.rule });
};

type TurnedDown = Pick<Evaluated, 'requester' | 'requested' | 'evaluation' | 'startsAt'> & {
  verdict: Verdict;
  facts: DecisionFacts;
};

/** What the requester can fix is said before what a rule says: fixed, it may be another rule's to decide. */
const rejectInvalid = async (deps: Deps, policy: Policy, turnedDown: TurnedDown): Promise<CreateRequestResult> => {
  const { requester, requested: wanted, evaluation, verdict } = turnedDown;
  const { problems, code, rule } = verdict;
  const [target, role] = [wanted.target.slice(0, 100), wanted.role.slice(0, 100)];
  const refusal = { type: 'request.refused', person: requester, evaluation, target, role } as const;
  if (verdict.decision === 'deny' && problems.length === 0) {
    await recordRefusal(deps, { ...refusal, data: { codes: [code], rule, policy: policy.sha256 } });
    return { outcome: 'denied', verdict, ...(await keepFrozen(deps, policy, turnedDown)) };
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

/** A requirement that cannot be filled, or nobody at all for any of them. */
const hasNobody = (approvers: readonly PotentialApprovers[]): boolean =>
  approvers.some(isUnfilled) || approvers.every(({ people }) => people.length === 0);

const isUnfilled = ({ people, count, unknown }: PotentialApprovers): boolean =>
  people.length < count && unknown.length === 0;

/** What is kept of look-ups may be old, so it lets a request go and refuses none. */
export const refuseIfNobodyCanApprove = async (
  deps: Deps,
  { requester, verdict, requested: wanted }: { requester: Requester; verdict: Sendable; requested: RequestedAccess },
): Promise<void> => {
  if (verdict.decision !== 'ask') return;
  const kept = await potentialApprovers(deps, requester, verdict.requirements);
  if (!hasNobody(kept)) return;
  const approvers = await approversNow(deps, requester, verdict.requirements);
  if (!hasNobody(approvers)) return;
  const unfilled = approvers.find(isUnfilled);
  const unknown = approvers.flatMap((one) => one.unknown);
  if (!unfilled && unknown.length > 0) throw lookupFailed(deps.directory, unknown);
  const facts = {
    label: unfilled?.label ?? '',
    count: unfilled?.count ?? 0,
    have: unfilled?.people.length ?? 0,
    isOnlyRequester: unfilled?.isOnlyRequester ?? false,
    rule: verdict.rule,
    conflicts: kept.flatMap(({ conflicts }) =>
      conflicts.map(({ address, conflict }) => conflictText(address, conflict)),
    ),
  };
  const { conflicts, ...known } = facts;
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
