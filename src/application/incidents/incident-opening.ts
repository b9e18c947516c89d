/** A channel's incident opens, anew or again. Runs inside a transaction that locked the newest of the channel. */
import type { Incidents } from '../../domain/policy/types.ts';
import type { Incident, IncidentOrigin } from '../../domain/incidents/incident.ts';
import { changeSeverity, mustLock, noteChange, refreshHeld } from './incident-changes.ts';
import type { Doer } from './incident-changes.ts';
import { severityFound, applyChannelState, textsOf } from './incident-found.ts';
import type { ChannelState } from './incident-ports.ts';
import type { Ids, Tx } from '../deps.ts';

/** A channel that is an incident's again so soon is the same incident's; later, it is another one. */
const SAME_INCIDENT_MS = 24 * 3_600_000;

/** `name` and `severity`: in the doer's own words; null where they said nothing of it. */
export type Opening = {
  channel: ChannelState;
  how: IncidentOrigin;
  doer: Doer;
  name: string | null;
  severity: string | null;
};

type Opened = { incident: Incident; outcome: 'opened' | 'reopened' };
type Settings = { incidents: Incidents; ids: Ids };

/**
 * `last` is the newest of the channel, locked and closed. Null when another process was first. Access that is about to end with it
 * goes on only by the word of a person who may open incidents: by any other it is another incident, and that access ends as planned.
 */
export const openAgain = async (
  tx: Tx,
  settings: Settings,
  { last, ...opening }: Opening & { last: Incident | null },
): Promise<Opened | null> => {
  const { incidents } = settings;
  const sinceMs = last?.closedAt ? (await tx.now()).getTime() - last.closedAt.getTime() : null;
  const isSoon = sinceMs !== null && sinceMs < SAME_INCIDENT_MS;
  if (last && isSoon && (opening.doer.isTrusted || !isEnding(last)))
    return { incident: await reopen(tx, incidents, { ...opening, incident: last }), outcome: 'reopened' };
  if (last) await applyChannelState(tx, incidents, { incident: last, channel: opening.channel, isArchived: false });
  // Who opens again without the right to open has no say over what others hold in it.
  const openedBy = isSoon && !opening.doer.isTrusted ? null : (opening.doer.person?.id ?? null);
  const incident = await openNew(tx, settings, { ...opening, openedBy });
  return incident && { incident, outcome: isSoon ? 'reopened' : 'opened' };
};

const isEnding = ({ endsAt, endedAt }: Incident): boolean => endsAt !== null && endedAt === null;

/** The name that the rules know it by: the doer's own word for it, where it is its name still. */
const nameConfirmedBy = ({ doer, name, channel }: Opening): string | null =>
  doer.isTrusted && name === textsOf(channel).name ? name : null;

const openNew = async (
  tx: Tx,
  { incidents, ids }: Settings,
  opening: Opening & { openedBy: string | null },
): Promise<Incident | null> => {
  const { channel, how, doer, severity, openedBy } = opening;
  if (doer.person) await tx.principals.upsert(doer.person);
  const texts = textsOf(channel);
  const incident = await tx.incidents.insert({
    id: ids.next(),
    teamId: channel.teamId ?? doer.person?.teamId ?? null,
    channelId: channel.channelId,
    channelName: texts.name,
    topic: texts.topic,
    purpose: texts.purpose,
    isPrivate: channel.isPrivate,
    updatedMs: channel.updatedMs ?? null,
    severity: severity ?? severityFound(incidents, texts),
    confirmedSeverity: doer.isTrusted ? severity : null,
    how,
    openedBy,
    confirmedBy: doer.isTrusted ? (doer.person?.id ?? null) : null,
    confirmedName: nameConfirmedBy(opening),
    isConfirmed: doer.isTrusted,
  });
  if (!incident) return null;
  const { channelName: name, topic, isPrivate } = incident;
  const data = { how, name, topic, isPrivate, severity: incident.severity, isConfirmed: doer.isTrusted };
  await noteChange(tx, { incident, type: 'incident.opened', doer, data });
  return incident;
};

/** No access comes back by itself; what was about to end goes on, by the word of a person who may open incidents. */
const reopen = async (
  tx: Tx,
  incidents: Incidents,
  { incident, ...opening }: Opening & { incident: Incident },
): Promise<Incident> => {
  const { channel, how, doer, severity } = opening;
  if (doer.person) await tx.principals.upsert(doer.person);
  const by = doer.isTrusted ? (doer.person?.id ?? null) : null;
  const isSameName = doer.isTrusted && incident.confirmedName === textsOf(channel).name;
  await tx.incidents.reopen(incident.id, {
    how,
    openedBy: by,
    confirmedBy: by,
    confirmedName: isSameName ? incident.confirmedName : nameConfirmedBy(opening),
    isConfirmed: doer.isTrusted,
  });
  const isSaved = isEnding(incident);
  const data = { how, isConfirmed: doer.isTrusted, isEndCancelled: isSaved };
  await noteChange(tx, { incident, type: 'incident.reopened', doer, data });
  if (isSaved) await refreshHeld(tx, incident);
  await applyChannelState(tx, incidents, { incident: await mustLock(tx, incident.id), channel, isArchived: false });
  if (severity !== null) await changeSeverity(tx, { incident: await mustLock(tx, incident.id), severity, doer });
  return mustLock(tx, incident.id);
};
