/** Decides a request with facts that were looked up outside of any transaction. */
import { lookupFailed } from '../identity/lookup-failed.ts';
import type { Incident } from '../../domain/incidents/incident.ts';
import { groupsToRead } from '../../domain/policy/candidates.ts';
import { decide } from '../../domain/policy/decide.ts';
import { targetNamed } from '../../domain/policy/deployments.ts';
import type { Policy } from '../../domain/policy/types.ts';
import type { Verdict } from '../../domain/policy/verdict.ts';
import type { RequestedAccess, DecisionFacts } from '../../domain/policy/decision-facts.ts';
import { clientFactsOf, personIn } from '../../domain/principals/requester.ts';
import { judgedFor, overriddenIn, pullRequestIn } from '../../domain/requests/origin.ts';
import type { Requester } from '../../domain/principals/requester.ts';
import type { Deps, Store } from '../deps.ts';
import type { Directory, Freshness } from '../identity/directory.ts';
import type { EvaluatedAlert } from './alert-facts.ts';
import { factsOfAlert } from './alert-facts.ts';
import { factsOfIncident } from './incident-facts.ts';
import type { Schedule } from './schedule.ts';

export const defaultDurationMs = (policy: Policy, target: string, role: string): number =>
  targetNamed(policy, target)?.roles[role]?.defaultMs ?? 0;

export type EvaluateDeps = { store: { read: Pick<Store['read'], 'now'> }; directory: Directory };

/** `incident`: the one it is tied to; null where it is tied to none. `alert`: the one it is for, where there is one. */
type EvaluationInput = {
  requester: Requester;
  requested: RequestedAccess;
  freshness: Freshness;
  incident: Incident | null;
  alert?: EvaluatedAlert | null;
};

/** Only the groups that some rule for this role looks at are read. */
export const factsOfRequest = async (
  deps: EvaluateDeps,
  policy: Policy,
  input: EvaluationInput,
): Promise<DecisionFacts> => {
  const { requester, requested, freshness, incident, alert = null } = input;
  const names = groupsToRead(policy, requested);
  const [now, ofRequester, ofIncident, ofAlert] = await Promise.all([
    deps.store.read.now(),
    factsOfRequester(deps, requester, { names, freshness }),
    factsOfIncident(deps, policy, { incident, person: personIn(requester), freshness }),
    factsOfAlert(deps, policy, { alert, requester, target: requested.target, role: requested.role, freshness }),
  ]);
  const judged = judgedFor(requester.origin, now);
  const overridden = overriddenIn(requester.origin);
  return {
    now: judged,
    ...(judged > now && { clock: now }),
    ...(overridden.length > 0 && { overridden }),
    requester: ofRequester,
    incident: ofIncident,
    client: requester.kind === 'client' ? clientFactsOf(requester) : null,
    pullRequest: pullRequestIn(requester.origin),
    alert: ofAlert,
  };
};

/** A client is in no group and has no address: only rules that limit neither, and those that name it, are about it. */
const factsOfRequester = async (
  { directory }: Pick<EvaluateDeps, 'directory'>,
  requester: Requester,
  { names, freshness }: { names: readonly string[]; freshness: Freshness },
): Promise<DecisionFacts['requester']> => {
  if (requester.kind === 'client') return { personId: requester.id, userId: '', email: null, groups: [] };
  const read = await (freshness === 'fresh' ? directory.groupsOf : directory.recentGroupsOf)(requester, names);
  const unknownGroups = [...read.unknownGroups, ...read.contestedGroups];
  return { personId: requester.id, userId: requester.userId, ...read, unknownGroups };
};

/** Groups that may be known a moment later. One that hangs on an unconfirmed address is not: a denial by it stands. */
export const unreadGroups = ({ requester }: DecisionFacts): string[] =>
  (requester.unknownGroups ?? []).filter((name) => !requester.contestedGroups?.includes(name));

/** `unknownGroups` could not be read: what hangs on them is not known. */
const evaluateRequest = async (
  deps: Deps,
  policy: Policy,
  input: EvaluationInput,
): Promise<{ verdict: Verdict; unknownGroups: string[] }> => {
  const facts = await factsOfRequest(deps, policy, input);
  return { verdict: decide(policy, input.requested, facts), unknownGroups: unreadGroups(facts) };
};

/** Rejects with `lookup_failed` rather than give a denial that may decide and hangs on a group that could not be read. */
export const evaluate = async (deps: Deps, policy: Policy, input: EvaluationInput): Promise<Verdict> => {
  const { verdict, unknownGroups: unknown } = await evaluateRequest(deps, policy, input);
  if (input.freshness === 'fresh' && verdict.decision === 'deny' && unknown.length > 0)
    throw lookupFailed(deps.directory, unknown);
  return verdict;
};

/** What the deciding rule says about reminders and escalation; nothing where there is no approver. */
export const scheduleOf = (verdict: Verdict): Schedule => ({
  remindMs: verdict.decision === 'ask' ? verdict.remindMs : null,
  escalateAfterMs: verdict.decision === 'ask' ? (verdict.escalate?.afterMs ?? null) : null,
  escalateTo: verdict.decision === 'ask' ? (verdict.escalate?.to ?? null) : null,
});
