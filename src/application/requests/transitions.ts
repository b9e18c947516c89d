/**
 * How a request begins and how it is settled: state, audit event, outgoing work and version, together. No other file writes these
 * states; a test holds that. A request names the grant that it extends in each of its events.
 */
import type { Actor, EventData } from '../../domain/audit/events.ts';
import { SYSTEM } from '../../domain/audit/events.ts';
import { moveRequest } from '../../domain/lifecycle.ts';
import type { Policy } from '../../domain/policy/types.ts';
import type { Request } from '../../domain/requests/request.ts';
import { namedIds } from '../decisions/named-ids.ts';
import type { Tx } from '../deps.ts';
import { refreshExtended } from '../grants/extension-terms.ts';
import type { RequestEvaluation } from '../record/request-evaluation.ts';
import type { NewRequest } from './request-ports.ts';

const subjectOf = ({ id, extendsGrantId, target, role }: Request) => ({
  requestId: id,
  grantId: extendsGrantId,
  target,
  role,
});

type FromRequest = 'durationMs' | 'reason' | 'ticket' | 'rule' | 'policy' | 'mayRemain' | 'inTarget';

type Storing = {
  request: NewRequest;
  actor: Actor;
  /** What it was judged by, where that is kept. */
  evaluation?: Pick<RequestEvaluation, 'judgedAt' | 'record'>;
  /** What its event says beside what the request itself holds. */
  facts: Omit<EventData<'request.created'>, FromRequest>;
};

/** Stores it once: a repeat gives the stored one, and records nothing. Who decides it, and when, is the caller's next step. */
export const storeRequest = async (
  tx: Tx,
  { request, actor, evaluation, facts }: Storing,
): Promise<{ outcome: 'inserted' | 'exists'; request: Request }> => {
  const stored = await tx.requests.insert(request);
  if (stored.outcome === 'exists') return stored;
  const {
    id: requestId,
    requesterId,
    durationMs,
    reason,
    ticket,
    rule,
    policySha256: policy,
    mayRemain,
    inTarget,
  } = stored.request;
  if (evaluation) await tx.evaluations.record({ requestId, requesterId, ...evaluation });
  await tx.audit.append({
    ...subjectOf(stored.request),
    actor,
    type: 'request.created',
    data: { durationMs, reason, ticket, rule, policy, mayRemain, ...(inTarget && { inTarget }), ...facts },
  });
  return stored;
};

/** GitHub waits for the answer, or shows it. */
const followOrigin = async (tx: Tx, { origin }: Request): Promise<void> => {
  if (origin?.kind === 'gate') await tx.outbox.add('github', `gate:${origin.id}`);
  if (origin?.kind === 'pull_request') await tx.outbox.add('github', `pull:${origin.id}`);
  if (origin?.kind === 'override' && origin.gate !== undefined) await tx.outbox.add('github', `gate:${origin.gate}`);
};

export type Decision = {
  id: string;
  request: Request;
  policy: Policy;
  rule: string | null;
  actor: Actor;
  /** Null where a rule decides by itself. */
  byPersonId: string | null;
  /** What approvers said, or the rule that break-glass overrode. */
  reason: string | null;
  managerIds: string[];
  outcome: { approved: { grantId: string | null; votes: string[]; preApprovals: string[] } } | 'denied';
};

const recordDecision = async (tx: Tx, decision: Decision): Promise<void> => {
  const { id, request, policy, rule, actor, byPersonId, reason, managerIds, outcome } = decision;
  const common = {
    decision: id,
    rule,
    policy: policy.sha256,
    ...(await namedIds(tx, { policy, request, rule, managerIds })),
    ...(byPersonId !== null && { requestedAt: request.createdAt.toISOString() }),
  };
  const subject = { ...subjectOf(request), actor };
  if (outcome === 'denied') return tx.audit.append({ ...subject, type: 'request.denied', data: { ...common, reason } });
  const { grantId, ...agreed } = outcome.approved;
  const approvers = await namesOf(tx, agreed.votes);
  const data = { ...common, ...agreed, ...(approvers.length > 0 && { approvers }) };
  return tx.audit.append({ ...subject, grantId, type: 'request.approved', data });
};

/** An id says to a reader of the log, and after years to anyone, nothing. */
const namesOf = async (
  { principals }: Pick<Tx, 'principals'>,
  ids: readonly string[],
): Promise<{ id: string; name: string; email: string | null }[]> => {
  if (ids.length === 0) return [];
  const found = new Map((await principals.listByIds([...ids])).map((one) => [one.id, one]));
  return ids.flatMap((id) => {
    const one = found.get(id);
    return one?.kind === 'person' ? [{ id, name: one.name, email: one.email }] : [];
  });
};

/** `request` is locked. @throws DomainError `bad_transition` where it is not pending. */
export const decideRequest = async (tx: Tx, decision: Decision): Promise<void> => {
  const { id, request, policy, rule, byPersonId, reason } = decision;
  const outcome = decision.outcome === 'denied' ? 'denied' : 'approved';
  await tx.decisions.insert({
    id,
    requestId: request.id,
    outcome,
    rule,
    policySha256: policy.sha256,
    byPersonId,
    reason,
  });
  await tx.requests.setState(request.id, moveRequest(request.state, outcome));
  await recordDecision(tx, decision);
  await tx.outbox.add('notify', request.id);
  await followOrigin(tx, request);
  // Where it was approved, the extension that follows refreshes it.
  if (outcome === 'denied') await refreshExtended(tx, request);
};

type Cancelling = {
  actor: Actor;
  /** Who cancelled it and why, where that was not its requester. */
  note: { by: string | null; reason: string | null } | null;
  facts: EventData<'request.cancelled'>;
};

/** `request` is locked. @throws DomainError `bad_transition` where it is not pending. */
export const cancelRequest = async (tx: Tx, request: Request, { actor, note, facts }: Cancelling): Promise<void> => {
  await tx.requests.setState(request.id, moveRequest(request.state, 'cancelled'));
  if (note) await tx.requests.noteCancelled(request.id, note);
  await tx.audit.append({ ...subjectOf(request), actor, type: 'request.cancelled', data: facts });
  await tx.outbox.add('notify', request.id);
  await followOrigin(tx, request);
  await refreshExtended(tx, request);
};

/** `request` is locked, and its time is over. */
export const lapseRequest = async (tx: Tx, request: Request): Promise<void> => {
  await tx.requests.setState(request.id, moveRequest(request.state, 'lapsed'));
  const data = { lapsesAt: request.lapsesAt.toISOString() };
  await tx.audit.append({ ...subjectOf(request), actor: SYSTEM, type: 'request.lapsed', data });
  await tx.outbox.add('notify', request.id);
  await followOrigin(tx, request);
  await refreshExtended(tx, request);
};
