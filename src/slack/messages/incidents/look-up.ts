/** Looks up what an incident's messages need besides the incident: whom they reach, and whose answer is waited for. */
import { userIdIn } from '../../../domain/principals/requester.ts';
import { isDomainError } from '../../../domain/errors.ts';
import { sourceOf } from '../../../domain/policy/sources.ts';
import type { Policy } from '../../../domain/policy/types.ts';
import type { Log } from '../../../lib/log.ts';
import type { IncidentBriefing } from '../../../application/incidents/incident-types.ts';
import type { Store } from '../../../application/deps.ts';
import type { Directory } from '../../../application/identity/directory.ts';
import { missingWords } from '../render/incident.ts';
import type { PromptDrawing } from '../render/incident.ts';
import { waitingOf } from '../render/incident-lines.ts';
import { INCIDENT_WAITING_MAX } from '../render/limits.ts';
import { findChannel } from '../channels.ts';
import type { Channels } from '../channels.ts';
import { lookUpFacts } from '../requests/look-up-facts.ts';
import type { FactSources } from '../requests/look-up-facts.ts';
import type { IncidentReach } from './desired.ts';

type Sources = Pick<FactSources, 'access'> & {
  store: { read: FactSources['store']['read'] & Pick<Store['read'], 'incidentHistory'> };
  directory: Directory;
  policy: () => Policy;
  channels: Channels;
  log: Log;
};

const unique = (ids: string[]): string[] => [...new Set(ids)];

export const findIncidentReach = async (sources: Sources, briefing: IncidentBriefing): Promise<IncidentReach> => {
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

const findAdmins = async ({ policy, directory, log }: Sources): Promise<string[]> => {
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
  sources: Sources,
  { incident, openedBy, requests }: IncidentBriefing['view'],
): Promise<string[]> => {
  const { targets } = sources.policy();
  const given = requests.filter(({ grant }) => grant !== null);
  const found = await Promise.all(
    given.map(async ({ request, requester }) => {
      const channel = incident.isPrivate ? null : targets[request.target]?.channel;
      return (channel ? await findChannel(sources, channel) : null) ?? userIdIn(requester);
    }),
  );
  // Whoever opened it and whoever asked hear of it where nobody got in.
  const others = [...(openedBy ? [openedBy] : []), ...requests.map(({ requester }) => requester)];
  const places = found.filter((place) => place !== null);
  return unique(places.length > 0 ? places : others.flatMap((one) => userIdIn(one) ?? []));
};

export const lookUpPrompt = async (
  sources: Sources,
  briefing: IncidentBriefing,
): Promise<Omit<PromptDrawing, 'isOld' | 'detour'>> => {
  const policy = sources.policy();
  const { view } = briefing;
  const waiting = waitingOf(view).slice(0, INCIDENT_WAITING_MAX);
  const missing = new Map<string, string>();
  const askedHere = new Set<string>();
  for (const one of waiting) {
    const { facts } = await lookUpFacts(sources, one);
    if (facts.missing && facts.missing.length > 0) missing.set(one.request.id, missingWords(facts.missing));
    const channel = policy.targets[one.request.target]?.channel;
    if (channel && (await findChannel(sources, channel)) === view.incident.channelId) askedHere.add(one.request.id);
  }
  return { briefing, policy, missing, askedHere };
};
