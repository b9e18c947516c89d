/** Ties a request to an incident, so that anyone who closes it sees all of it. */
import { DomainError } from '../../domain/errors.ts';
import type { Incident } from '../../domain/incidents/incident.ts';
import type { Request } from '../../domain/requests/request.ts';
import type { Deps, Tx } from '../deps.ts';

/** Before the request is written: a close waits for it, or it finds the incident closed and is judged anew by being asked again. */
export const holdIncident = async (tx: Tx, incident: Incident | null): Promise<void> => {
  if (!incident) return;
  const held = await tx.incidents.hold(incident.id);
  if (held?.state !== 'open') throw new DomainError('incident_closed', { channel: incident.channelName });
};

/** As it is now. */
export const tiedIncident = async (
  deps: Pick<Deps, 'store'>,
  { incidentId }: Pick<Request, 'incidentId'>,
): Promise<Incident | null> => (incidentId === null ? null : deps.store.read.incident(incidentId));
