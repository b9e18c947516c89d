/** An approver allows one use by a client in the next opening of a window, before any job requests it: the request with their approval on it. */
import { clientNamed, clientOf, issuerNamed } from '../../domain/clients/named.ts';
import { unbegunJob } from '../../domain/clients/unbegun-job.ts';
import { DomainError } from '../../domain/errors.ts';
import type { RequestProblem } from '../../domain/policy/verdict.ts';
import { fingerprintOf } from '../../domain/requests/fingerprint.ts';
import { isBehind } from '../../domain/principals/requester.ts';
import { eligibleApproversOf, rightOf } from '../decisions/eligible-approvers.ts';
import { defaultDurationMs, evaluate } from '../decisions/evaluate.ts';
import { callerFromSession, requesterOf } from '../identity/caller.ts';
import type { ClientCaller, PersonCaller } from '../identity/caller.ts';
import { withPeopleBehind } from '../identity/people-behind.ts';
import { mustView } from '../record/must-find.ts';
import type { RequestView } from '../record/request-view.ts';
import type { Deps } from '../deps.ts';
import { refuse } from '../record/record-refusal.ts';
import { openingOf, originOf, prepareInWindow } from './request-in-window.ts';
import type { Wanted } from './request-in-window.ts';
import { vote } from './vote.ts';

export type AllowClientInput = {
  caller: PersonCaller;
  client: string;
  target: string;
  role: string;
  /** null is the role's default. */
  durationMs: number | null;
  reason: string;
  ticket: string | null;
  window: string;
};

/** `isNeedless`: the rule approves it by itself. `longer`: it was requested for longer than they allow, so they did not approve it. */
export type AllowClientResult =
  | { outcome: 'allowed'; view: RequestView; isNeedless: boolean }
  | { outcome: 'longer'; view: RequestView; allowedMs: number }
  | { outcome: 'refused'; problems: RequestProblem[] }
  | { outcome: 'denied'; message: string; rule: string | null; code: 'denied_by_rule' | 'no_rule' };

const callerFor = (deps: Deps, { client, target, role, window }: AllowClientInput): ClientCaller => {
  const policy = deps.policy();
  const entry = clientNamed(policy, client);
  const issuer = entry && issuerNamed(policy, entry.issuer);
  if (!entry || !issuer)
    throw new DomainError('unknown_client', { client: client.slice(0, 100), clients: Object.keys(policy.clients) });
  const key = JSON.stringify(['allowed', client, target, role, window]);
  return callerFromSession({ client: clientOf(entry, issuer), job: unbegunJob(entry, key), startedBy: [] });
};

const wantedBy = (deps: Deps, input: AllowClientInput): Wanted => {
  const { target, role, durationMs, reason, ticket, window } = input;
  const caller = callerFor(deps, input);
  const wanted = { caller, target, role, durationMs, reason, ticket, idempotencyKey: null };
  return { input: wanted, caller, window, allowedBy: input.caller.person.name };
};

const durationOf = (deps: Deps, { target, role, durationMs }: AllowClientInput): number =>
  durationMs ?? defaultDurationMs(deps.policy(), target, role);

/** Before anything is stored, so that nobody but an approver can put a request before the others. */
const demandApprover = async (deps: Deps, input: AllowClientInput, wanted: Wanted): Promise<void> => {
  const policy = deps.policy();
  const { target, role, reason, ticket } = input;
  const { person } = input.caller;
  const { span } = await openingOf(deps, wanted);
  const requester = await withPeopleBehind(deps, { ...requesterOf(wanted.caller), origin: originOf(wanted, span, '') });
  const requested = { target, role, durationMs: durationOf(deps, input), reason, ticket };
  const verdict = await evaluate(deps, policy, { requester, requested, freshness: 'fresh', incident: null });
  if (verdict.decision !== 'ask') return;
  const { requirements } = verdict;
  const eligibleApprovers = await eligibleApproversOf(deps, { requester, requirements, freshness: 'fresh' });
  if (!isBehind(requester, person) && rightOf(person, eligibleApprovers, []).kind !== 'none') return;
  const labels = requirements.map(({ label }) => label);
  const refusal = { type: 'pre_approval.refused', person, target, role } as const;
  await refuse(deps, refusal, new DomainError('not_an_approver', { labels }));
};

/**
 * What is there for the opening already gets the approval, unless it is for longer: a job may have requested it first, for as long as it
 * liked. What is approved by then stays so.
 */
export const allowClient = async (deps: Deps, input: AllowClientInput): Promise<AllowClientResult> => {
  const wanted = wantedBy(deps, input);
  await demandApprover(deps, input, wanted);
  const result = await prepareInWindow(deps, wanted);
  if (result.outcome === 'refused') return result;
  if (result.outcome === 'denied') {
    const { message, rule, code } = result.verdict;
    return { outcome: 'denied', message, rule, code };
  }
  const { request } = result.view;
  const { id, state } = request;
  if (state !== 'pending') return { outcome: 'allowed', view: result.view, isNeedless: result.view.decidedBy === null };
  const allowedMs = durationOf(deps, input);
  if (request.durationMs > allowedMs) return { outcome: 'longer', view: result.view, allowedMs };
  const voting = { caller: input.caller, requestId: id, kind: 'approve', reason: null } as const;
  try {
    const { view } = await vote(deps, { ...voting, shown: fingerprintOf(request) });
    return { outcome: 'allowed', view, isNeedless: false };
  } catch (error) {
    if (error instanceof DomainError && error.code === 'already_voted')
      return { outcome: 'allowed', view: await mustView(deps, id), isNeedless: false };
    throw error;
  }
};
