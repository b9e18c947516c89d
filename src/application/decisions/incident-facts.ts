/**
 * What the rules may believe of an incident. Anyone can make a channel, so nobody's own channel lets them in: it counts when
 * somebody who may open incidents said that it is one, or for those who may say so themselves.
 */
import { isPersonRef } from '../../domain/principals/identity.ts';
import type { DecisionFacts, Policy } from '../../domain/policy/types.ts';
import type { Incident } from '../../domain/incidents/incident.ts';
import type { Person } from '../../domain/principals/person.ts';
import type { Freshness } from '../identity/directory.ts';
import type { Deps } from '../deps.ts';

type Facts = DecisionFacts['incident'];
type Asked = { person: Person; freshness: Freshness };

/** `unknown`: not found in what could be looked up, and some could not. */
type May = 'yes' | 'no' | 'unknown';

const NO_INCIDENT: Facts = { open: false, channel: '', severity: '' };

/** Whether these groups and people of the policy have this person in them. */
export const isOneOf = async (
  deps: Pick<Deps, 'directory'>,
  policy: Policy,
  { person, freshness, refs }: Asked & { refs: readonly string[] },
): Promise<May> => {
  const read = freshness === 'fresh' ? deps.directory.groupsOf : deps.directory.recentGroupsOf;
  const names = refs.filter((ref) => Object.hasOwn(policy.groups, ref));
  const { groups, unknownGroups, email } = await read(person, names);
  if (groups.length > 0) return 'yes';
  const isNamed = refs.some((ref) => !names.includes(ref) && isPersonRef(ref, { ...person, email }));
  if (isNamed) return 'yes';
  return unknownGroups.length > 0 ? 'unknown' : 'no';
};

/** Left out, whoever the policy names: members of its groups, its admins, owners and those who may break glass. */
const openersOf = (policy: Policy): readonly string[] =>
  policy.incidents?.openBy ?? [
    ...Object.keys(policy.groups),
    ...policy.admins,
    ...(policy.breakGlass?.who ?? []),
    ...Object.values(policy.targets).flatMap(({ owners }) => owners),
  ];

export const mayOpen = (deps: Pick<Deps, 'directory'>, policy: Policy, asked: Asked): Promise<May> =>
  isOneOf(deps, policy, { ...asked, refs: [...new Set(openersOf(policy))] });

/** As conditions see it. Whatever is not surely so is no incident. */
export const factsOfIncident = async (
  deps: Pick<Deps, 'directory'>,
  policy: Policy,
  { incident, ...asked }: Asked & { incident: Incident | null },
): Promise<Facts> => {
  if (incident?.state !== 'open' || !policy.incidents) return NO_INCIDENT;
  if (incident.vouchedAt === null && (await mayOpen(deps, policy, asked)) !== 'yes') return NO_INCIDENT;
  // Its name and severity as people who may open incidents said them: what only stands in the channel is nobody's word.
  return { open: true, channel: incident.vouchedName ?? '', severity: incident.confirmedSeverity ?? '' };
};

/** For an ask: the open incident of the channel it comes from; any other channel is none. */
export const openIncidentOf = async (
  deps: Pick<Deps, 'store'>,
  channelId: string | null | undefined,
): Promise<Incident | null> => {
  if (!channelId) return null;
  const incident = await deps.store.read.incidentOfChannel(channelId);
  return incident?.state === 'open' ? incident : null;
};
