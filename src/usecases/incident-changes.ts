/** What can be done to an incident, each written with its history, its audit event and the work to show it. Runs inside a transaction that locked it. */
import { keptName, keptTopic } from '../core/incidents/channel-name.ts';
import { severityIn } from '../core/incidents/severity.ts';
import { DomainError } from '../core/errors.ts';
import { SYSTEM } from '../core/events.ts';
import type { Incidents } from '../core/policy/types.ts';
import type { Incident, IncidentCloseCause, IncidentOrigin, Json, Person } from '../core/types.ts';
import type { ChannelState, IncidentChange } from './ports-incidents.ts';
import { actorOf } from './ports.ts';
import type { Ids, Tx } from './ports.ts';

/** A channel that is an incident's again so soon is the same incident's; later, it is another one. */
const SAME_INCIDENT_MS = 24 * 3_600_000;

/** Who did it: a person, or whoever Slack or a tool named. */
export type Doer = { person: Person | null; userId: string | null; isTrusted: boolean };

type Noted = {
  incident: Pick<Incident, 'id' | 'channelId'>;
  type: IncidentChange['type'];
  doer: Doer;
  data: { [key: string]: Json };
};

export const noteChange = async (tx: Tx, { incident, type, doer, data }: Noted): Promise<void> => {
  const { person, userId } = doer;
  if (person) await tx.people.upsert(person);
  const told = person || userId === null ? data : { ...data, user: userId };
  await tx.incidents.note(incident.id, { type, byPersonId: person?.id ?? null, data: told });
  await tx.audit.append({
    type,
    actor: person ? actorOf(person) : SYSTEM,
    requestId: null,
    grantId: null,
    target: null,
    role: null,
    data: { ...told, incident: incident.id, channel: incident.channelId },
  });
  await tx.outbox.add('incident', incident.id);
};

export type Opening = { channel: ChannelState; how: IncidentOrigin; doer: Doer; severity?: string | null };

type Opened = { incident: Incident; outcome: 'opened' | 'reopened' };

/** Opens anew, or again what closed lately. `last` is the newest of the channel, locked and closed. Null when somebody else was first. */
export const openAgain = async (
  tx: Tx,
  settings: { incidents: Incidents; ids: Ids },
  { last, ...opening }: Opening & { last: Incident | null },
): Promise<Opened | null> => {
  if (last?.closedAt && (await tx.now()).getTime() - last.closedAt.getTime() < SAME_INCIDENT_MS)
    return { incident: await reopen(tx, settings.incidents, { ...opening, incident: last }), outcome: 'reopened' };
  const incident = await openNew(tx, settings, opening);
  return incident && { incident, outcome: 'opened' };
};

const openNew = async (
  tx: Tx,
  { incidents, ids }: { incidents: Incidents; ids: Ids },
  { channel, how, doer, severity }: Opening,
): Promise<Incident | null> => {
  if (doer.person) await tx.people.upsert(doer.person);
  const incident = await tx.incidents.insert({
    id: ids.next(),
    teamId: channel.teamId ?? doer.person?.teamId ?? null,
    channelId: channel.channelId,
    channelName: keptName(channel.name),
    topic: keptTopic(channel.topic),
    isPrivate: channel.isPrivate,
    updatedMs: channel.updatedMs ?? null,
    severity: severity ?? severityOf(incidents, channel),
    how,
    openedBy: doer.person?.id ?? null,
    vouchedBy: doer.isTrusted ? (doer.person?.id ?? null) : null,
    isVouched: doer.isTrusted,
  });
  if (!incident) return null;
  const { channelName: name, topic, isPrivate } = incident;
  const data = { how, name, topic, isPrivate, severity: incident.severity, isVouched: doer.isTrusted };
  await noteChange(tx, { incident, type: 'incident.opened', doer, data });
  return incident;
};

/** Nothing of access comes back by itself; what was about to end goes on. */
const reopen = async (
  tx: Tx,
  incidents: Incidents,
  { incident, channel, how, doer, severity }: Opening & { incident: Incident },
): Promise<Incident> => {
  if (doer.person) await tx.people.upsert(doer.person);
  const by = doer.person?.id ?? null;
  await tx.incidents.reopen(incident.id, {
    how,
    openedBy: by,
    vouchedBy: doer.isTrusted ? by : null,
    isVouched: doer.isTrusted,
  });
  const isSaved = incident.endsAt !== null && incident.endedAt === null;
  const data = { how, isVouched: doer.isTrusted, endsCalledOff: isSaved };
  await noteChange(tx, { incident, type: 'incident.reopened', doer, data });
  if (isSaved) await redrawHeld(tx, incident);
  await takeIn(tx, incidents, { incident, channel, doer, isArchived: false });
  if (severity) await changeSeverity(tx, { incident: await mustLock(tx, incident.id), severity, doer });
  return mustLock(tx, incident.id);
};

export const mustLock = async (tx: Tx, id: string): Promise<Incident> => {
  const incident = await tx.incidents.lock(id);
  if (!incident) throw new DomainError('incident_not_found', { id });
  return incident;
};

const severityOf = (incidents: Incidents, { topic, purpose, name }: ChannelState): string =>
  severityIn(incidents, [topic, purpose, name]);

export const changeSeverity = async (
  tx: Tx,
  { incident, severity, doer }: { incident: Incident; severity: string; doer: Doer },
): Promise<boolean> => {
  if (severity === incident.severity) return false;
  await tx.incidents.setSeverity(incident.id, severity);
  const data = { before: incident.severity, after: severity };
  await noteChange(tx, { incident, type: 'incident.severity', doer, data });
  return true;
};

type TakingIn = { incident: Incident; channel: ChannelState; doer: Doer; isArchived: boolean };

/** Name, topic and severity of the channel as they are now. True when any of them changed. */
export const takeIn = async (
  tx: Tx,
  incidents: Incidents,
  { incident, channel, doer, isArchived }: TakingIn,
): Promise<boolean> => {
  const [name, topic] = [keptName(channel.name), keptTopic(channel.topic)];
  const isRenamed = name !== incident.channelName;
  const isOtherTopic = topic !== incident.topic;
  const isOther =
    isRenamed || isOtherTopic || channel.isPrivate !== incident.isPrivate || isArchived !== incident.isArchived;
  const updatedMs = channel.updatedMs ?? null;
  if (isOther || (updatedMs ?? 0) > incident.channelUpdatedMs)
    await tx.incidents.setChannel(incident.id, {
      channelName: name,
      topic,
      isPrivate: channel.isPrivate,
      isArchived,
      updatedMs,
      isTrusted: doer.isTrusted,
    });
  if (isRenamed)
    await noteChange(tx, {
      incident,
      type: 'incident.renamed',
      doer,
      data: { before: incident.channelName, after: name },
    });
  if (isOtherTopic)
    await noteChange(tx, { incident, type: 'incident.topic', doer, data: { before: incident.topic, after: topic } });
  const severity = isRenamed || isOtherTopic ? severityOf(incidents, channel) : '';
  // The rules look at the severity: once they do, only those who may open incidents change it by a name or a topic.
  const mayChange = severity !== '' && (doer.isTrusted || incident.vouchedAt === null);
  const isOtherSeverity = mayChange && (await changeSeverity(tx, { incident, severity, doer }));
  return isOther || isOtherSeverity;
};

/** Whoever holds access through it sees another end now. */
const redrawHeld = async (tx: Tx, { id }: Pick<Incident, 'id'>): Promise<void> => {
  for (const requestId of await tx.incidents.raiseHeld(id)) await tx.outbox.add('notify', requestId);
};

type Closing = { incident: Incident; doer: Doer; cause: IncidentCloseCause };

export const close = async (tx: Tx, incidents: Incidents, { incident, doer, cause }: Closing): Promise<Incident> => {
  if (doer.person) await tx.people.upsert(doer.person);
  const endsInMs = incidents.onClose === 'end' ? incidents.warningMs : null;
  await tx.incidents.close(incident.id, { by: doer.person?.id ?? null, cause, endsInMs });
  const closed = await mustLock(tx, incident.id);
  const data = { cause, onClose: incidents.onClose, endsAt: closed.endsAt?.toISOString() ?? null };
  await noteChange(tx, { incident, type: 'incident.closed', doer, data });
  if (closed.endsAt) await redrawHeld(tx, closed);
  return closed;
};
