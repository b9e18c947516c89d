/** Decides an ask with facts that were looked up outside of any transaction. */
import { DomainError } from '../core/errors.ts';
import { groupsToRead } from '../core/policy/candidates.ts';
import { decide } from '../core/policy/decide.ts';
import type { Ask, AskFacts, Policy, Verdict } from '../core/policy/types.ts';
import { factsOfAlert } from './alert-facts.ts';
import type { JudgedAlert } from './alert-facts.ts';
import type { Incident, Person } from '../core/types.ts';
import { factsOfIncident } from './incident-facts.ts';
import type { Deps, Directory, Store } from './ports.ts';
import type { Schedule } from './ports-requests.ts';

/** `fresh` reads groups now and may decide; `recent` may come from a cache and may only show. */
export type Freshness = 'fresh' | 'recent';

export const defaultDurationMs = (policy: Policy, target: string, role: string): number =>
  policy.targets[target]?.roles[role]?.defaultMs ?? 0;

export type JudgeDeps = { store: { read: Pick<Store['read'], 'now'> }; directory: Directory };

/** `incident`: the one it is tied to; null where it is tied to none. `alert`: the one it is asked for, where there is one. */
type Asking = { person: Person; ask: Ask; freshness: Freshness; incident: Incident | null; alert?: JudgedAlert | null };

/** Only the groups that some rule for this role looks at are read. */
export const factsOfAsk = async (deps: JudgeDeps, policy: Policy, asking: Asking): Promise<AskFacts> => {
  const { person, ask, freshness, incident, alert = null } = asking;
  const names = groupsToRead(policy, ask);
  const [now, read, ofIncident, ofAlert] = await Promise.all([
    deps.store.read.now(),
    freshness === 'fresh' ? deps.directory.groupsOf(person, names) : deps.directory.recentGroupsOf(person, names),
    factsOfIncident(deps, policy, { incident, person, freshness }),
    factsOfAlert(deps, policy, { alert, person, target: ask.target, role: ask.role, freshness }),
  ]);
  return {
    now,
    requester: {
      personId: person.id,
      userId: person.userId,
      ...read,
      unknownGroups: [...read.unknownGroups, ...read.contestedGroups],
    },
    incident: ofIncident,
    client: null,
    pullRequest: null,
    alert: ofAlert,
  };
};

/** Groups that may be known a moment later. One that hangs on an unconfirmed address is not: a denial by it stands. */
export const unreadGroups = ({ requester }: AskFacts): string[] =>
  (requester.unknownGroups ?? []).filter((name) => !requester.contestedGroups?.includes(name));

/** `unknownGroups` could not be read: what hangs on them is not known. */
export const judgeAsk = async (
  deps: Deps,
  policy: Policy,
  asking: Asking,
): Promise<{ verdict: Verdict; unknownGroups: string[] }> => {
  const facts = await factsOfAsk(deps, policy, asking);
  return { verdict: decide(policy, asking.ask, facts), unknownGroups: unreadGroups(facts) };
};

/** Rejects with `lookup_failed` rather than give a denial that may decide and hangs on a group that could not be read. */
export const judge = async (deps: Deps, policy: Policy, asking: Asking): Promise<Verdict> => {
  const { verdict, unknownGroups: unknown } = await judgeAsk(deps, policy, asking);
  if (asking.freshness === 'fresh' && verdict.decision === 'deny' && unknown.length > 0)
    throw new DomainError('lookup_failed', { what: unknown.join(', ') });
  return verdict;
};

/** What the deciding rule says about reminders and escalation; nothing where nobody is asked. */
export const scheduleOf = (verdict: Verdict): Schedule => ({
  remindMs: verdict.decision === 'ask' ? verdict.remindMs : null,
  escalateAfterMs: verdict.decision === 'ask' ? (verdict.escalate?.afterMs ?? null) : null,
  escalateTo: verdict.decision === 'ask' ? (verdict.escalate?.to ?? null) : null,
});
