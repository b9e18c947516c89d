/** Decides an ask with facts that were looked up outside of any transaction. */
import { decide } from '../core/policy/decide.ts';
import type { Ask, AskFacts, Policy, Verdict } from '../core/policy/types.ts';
import type { Person, Source } from '../core/types.ts';
import type { Deps, Schedule } from './ports.ts';

/** `fresh` reads groups now and may decide; `recent` may come from a cache and may only show. */
export type Freshness = 'fresh' | 'recent';

export const defaultDurationMs = (policy: Policy, target: string, role: string): number =>
  policy.targets[target]?.roles[role]?.defaultMs ?? 0;

export const judge = async (
  deps: Deps,
  policy: Policy,
  asked: { person: Person; ask: Ask; freshness: Freshness },
): Promise<Verdict> => {
  const { person, ask, freshness } = asked;
  return decide(policy, ask, await factsOfAsk(deps, person, freshness));
};

export const factsOfAsk = async (deps: Deps, person: Person, freshness: Freshness): Promise<AskFacts> => {
  const [now, groups] = await Promise.all([
    deps.store.read.now(),
    freshness === 'fresh' ? deps.directory.groupsOf(person) : deps.directory.recentGroupsOf(person),
  ]);
  return {
    now,
    requester: { personId: person.id, userId: person.userId, email: person.email, groups },
    incident: { open: false, channel: '', severity: '' },
    client: null,
    pullRequest: null,
  };
};

export const membersOf = (
  deps: Pick<Deps, 'directory'>,
  requester: Person,
  { from, freshness }: { from: Source[]; freshness: Freshness },
): Promise<Person[]> =>
  freshness === 'fresh' ? deps.directory.members(from, requester) : deps.directory.recentMembers(from, requester);

/** What the deciding rule says about reminders and escalation; nothing where nobody is asked. */
export const scheduleOf = (verdict: Verdict): Schedule => ({
  remindMs: verdict.decision === 'ask' ? verdict.remindMs : null,
  escalateAfterMs: verdict.decision === 'ask' ? (verdict.escalate?.afterMs ?? null) : null,
  escalateTo: verdict.decision === 'ask' ? (verdict.escalate?.to ?? null) : null,
});
