/** What can be done to an incident, each written with its history, its audit event and the work to show it. Runs inside a transaction that locked it. */
import { DomainError } from '../../domain/errors.ts';
import { checkEntry } from '../../domain/audit/check-entry.ts';
import { SYSTEM } from '../../domain/audit/events.ts';
import type { EventData } from '../../domain/audit/events.ts';
import type { Incidents } from '../../domain/policy/types.ts';
import type { Incident, IncidentCloseCause } from '../../domain/incidents/incident.ts';
import type { Person } from '../../domain/principals/person.ts';
import type { IncidentChange } from './incident-ports.ts';
import { notifyHolders } from '../grants/notify-holder.ts';
import { actorOf } from '../record/audit-entry.ts';
import type { Tx } from '../deps.ts';

/** Who did it: a person, or the account that Slack or a tool named. `isTrusted`: they may open incidents. */
export type Doer = { person: Person | null; userId: string | null; isTrusted: boolean };

/** Of what stands in a channel, and nobody is known to have said. */
export const FOUND: Doer = { person: null, userId: null, isTrusted: false };

type ChangeType = IncidentChange['type'];
/** The facts of one change; its incident, its channel and who did it are added to them. */
type Noted = {
  [T in ChangeType]: {
    incident: Pick<Incident, 'id' | 'channelId'>;
    type: T;
    doer: Doer;
    data: Omit<EventData<T>, 'incident' | 'channel' | 'user'>;
  };
}[ChangeType];

export const noteChange = async (tx: Tx, { incident, type, doer, data }: Noted): Promise<void> => {
  const { person, userId } = doer;
  if (person) await tx.principals.upsert(person);
  const named = person || userId === null ? data : { ...data, user: userId };
  await tx.incidents.note(incident.id, { type, byPersonId: person?.id ?? null, data: named });
  const entry = checkEntry({
    type,
    actor: person ? actorOf(person) : SYSTEM,
    requestId: null,
    grantId: null,
    target: null,
    role: null,
    data: { ...named, incident: incident.id, channel: incident.channelId },
  });
  await tx.audit.append(entry);
  await tx.outbox.add('incident', incident.id);
};

export const mustLock = async (tx: Tx, id: string): Promise<Incident> => {
  const incident = await tx.incidents.lock(id);
  if (!incident) throw new DomainError('incident_not_found', { id });
  return incident;
};

type Grading = { incident: Incident; severity: string; doer: Doer; saidAt?: Date | null };

/** Shown in any case, and seen by the rules where a person who may open incidents says it. False when nothing changed. */
export const changeSeverity = async (
  tx: Tx,
  { incident, severity, doer, saidAt = null }: Grading,
): Promise<boolean> => {
  const isConfirmed = doer.isTrusted;
  const isKnown = severity === incident.severity && (!isConfirmed || severity === incident.confirmedSeverity);
  if (isKnown) return false;
  await tx.incidents.setSeverity(incident.id, { severity, isConfirmed, saidAt });
  const data = { before: incident.severity, after: severity, isConfirmed };
  await noteChange(tx, { incident, type: 'incident.severity', doer, data });
  return true;
};

/** Who holds access through it sees another end now. */
export const refreshHeld = async (tx: Tx, { id }: Pick<Incident, 'id'>): Promise<void> => {
  await notifyHolders(tx, await tx.incidents.raiseHeld(id));
};

type Closing = { incident: Incident; doer: Doer; cause: IncidentCloseCause };

export const close = async (tx: Tx, incidents: Incidents, { incident, doer, cause }: Closing): Promise<Incident> => {
  if (doer.person) await tx.principals.upsert(doer.person);
  const endsInMs = incidents.onClose === 'end' ? incidents.warningMs : null;
  await tx.incidents.close(incident.id, { by: doer.person?.id ?? null, cause, endsInMs });
  const closed = await mustLock(tx, incident.id);
  const data = { cause, onClose: incidents.onClose, endsAt: closed.endsAt?.toISOString() ?? null };
  await noteChange(tx, { incident, type: 'incident.closed', doer, data });
  if (closed.endsAt) await refreshHeld(tx, closed);
  return closed;
};
