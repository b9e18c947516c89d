/**
 * What the rules may believe of an incident. Anyone can make a channel, so nobody's own channel lets them in: it counts when
 * somebody who may open incidents said that it is one, or for those who may say so themselves.
 */
import type { Policy } from '../../domain/policy/types.ts';
import type { DecisionFacts } from '../../domain/policy/decision-facts.ts';
import type { Incident } from '../../domain/incidents/incident.ts';
import type { Person } from '../../domain/principals/person.ts';
import type { Freshness } from '../identity/directory.ts';
import { mayBy } from '../identity/named-among.ts';
import type { May } from '../identity/named-among.ts';
import type { Deps } from '../deps.ts';

type Facts = DecisionFacts['incident'];
type OpenerQuery = { person: Person; freshness: Freshness };

const NO_INCIDENT: Facts = { open: false, channel: '', severity: '' };

/** Left out: those whom the policy names: members of its groups, its admins, owners and those who may use break-glass. */
const openersOf = (policy: Policy): readonly string[] =>
  policy.incidents?.openBy ?? [
    ...Object.keys(policy.groups),
    ...policy.admins,
    ...(policy.breakGlass?.who ?? []),
    ...Object.values(policy.targets).flatMap(({ owners }) => owners),
  ];

export const mayOpen = (deps: Pick<Deps, 'directory'>, policy: Policy, query: OpenerQuery): Promise<May> =>
  mayBy(deps, { policy, ...query, refs: openersOf(policy) });

/** As conditions see it. Whatever is not surely so is no incident. */
export const factsOfIncident = async (
  deps: Pick<Deps, 'directory'>,
  policy: Policy,
  { incident, person, freshness }: { incident: Incident | null; person: Person | null; freshness: Freshness },
): Promise<Facts> => {
  if (incident?.state !== 'open' || !policy.incidents) return NO_INCIDENT;
  if (incident.confirmedAt === null) {
    // A client opens no incidents: for it one counts that a person has confirmed.
    if (person === null || (await mayOpen(deps, policy, { person, freshness })) !== 'yes') return NO_INCIDENT;
  }
  // Its name and severity as people who may open incidents said them: what only stands in the channel is nobody's word.
  return { open: true, channel: incident.confirmedName ?? '', severity: incident.confirmedSeverity ?? '' };
};

/** For a request: the open incident of the channel it comes from; any other channel is none. */
export const openIncidentOf = async (
  deps: Pick<Deps, 'store'>,
  channelId: string | null | undefined,
): Promise<Incident | null> => {
  if (!channelId) return null;
  const incident = await deps.store.read.incidentOfChannel(channelId);
  return incident?.state === 'open' ? incident : null;
};
