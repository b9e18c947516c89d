/** Looks up what an incident's messages need besides the incident: whom they reach, and whose answer is waited for. */
import { userIdIn } from '../../../domain/principals/requester.ts';
import { isDomainError } from '../../../domain/errors.ts';
import { sourceOf } from '../../../domain/policy/sources.ts';
import type { IncidentBriefing } from '../../incidents/incident-types.ts';
import { waitingOf } from '../incident-parts.ts';
import { lookUpFacts } from '../look-up-facts.ts';
import type { MissingApproval } from '../channel.ts';
import type { SceneDeps } from '../scene.ts';
import type { IncidentReach } from './incident-wanted.ts';

/** Requests that wait, of which a prompt shows whose approval is missing; the others are counted. */
export const INCIDENT_WAITING_MAX = 6;

const unique = (ids: string[]): string[] => [...new Set(ids)];

export const findIncidentReach = async (sources: SceneDeps, briefing: IncidentBriefing): Promise<IncidentReach> => {
  const { view, onCall } = briefing;
  const history = await sources.store.read.incidentHistory(view.incident.id);
  const count = (...types: string[]): number => history.filter(({ type }) => types.includes(type)).length;
  const isOpen = view.incident.state === 'open';
  return {
    openings: Math.max(1, count('incident.opened', 'incident.reopened')),
    closings: Math.max(1, count('incident.closed')),
    onCall: unique(onCall.flatMap(({ people }) => (people ?? []).map(({ userId }) => userId))),
    admins: isOpen ? await findAdmins(sources) : [],
    elsewhere: isOpen ? [] : await findElsewhere(sources, view),
  };
};

const findAdmins = async ({ policy, directory, log }: SceneDeps): Promise<string[]> => {
  const rules = policy();
  try {
    const people = await directory.recentMembers(
      rules.admins.map((name) => sourceOf(rules, name)),
      null,
    );
    return unique(people.map(({ userId }) => userId));
  } catch (error) {
    if (!isDomainError(error)) throw error;
    log.warn({ err: error }, 'admins cannot be looked up for an incident');
    return [];
  }
};

/** Where access was given: its channel hears of the end, and who had it where there is none. What was private stays among holders. */
const findElsewhere = async (
  sources: SceneDeps,
  { incident, openedBy, requests }: IncidentBriefing['view'],
): Promise<string[]> => {
  const { targets } = sources.policy();
  const given = requests.filter(({ grant }) => grant !== null);
  const found = await Promise.all(
    given.map(async ({ request, requester }) => {
      const channel = incident.isPrivate ? null : targets[request.target]?.channel;
      return (channel ? await sources.channel.findChannel(channel) : null) ?? userIdIn(requester);
    }),
  );
  // Those who opened it and who requested hear of it where nobody got in.
  const others = [...(openedBy ? [openedBy] : []), ...requests.map(({ requester }) => requester)];
  const places = found.filter((place) => place !== null);
  return unique(places.length > 0 ? places : others.flatMap((one) => userIdIn(one) ?? []));
};

/** Of the requests that wait: whose approval is missing, and which have their approval message in this very channel. */
export type WaitingFacts = { missing: Map<string, MissingApproval[]>; requestedHere: Set<string> };

export const lookUpWaiting = async (
  sources: SceneDeps,
  { view }: Pick<IncidentBriefing, 'view'>,
): Promise<WaitingFacts> => {
  const { targets } = sources.policy();
  const found: WaitingFacts = { missing: new Map(), requestedHere: new Set() };
  for (const one of waitingOf(view).slice(0, INCIDENT_WAITING_MAX)) {
    const { facts } = await lookUpFacts(sources, one);
    if (facts.missing && facts.missing.length > 0) found.missing.set(one.request.id, facts.missing);
    const channel = targets[one.request.target]?.channel;
    if (channel && (await sources.channel.findChannel(channel)) === view.incident.channelId)
      found.requestedHere.add(one.request.id);
  }
  return found;
};
