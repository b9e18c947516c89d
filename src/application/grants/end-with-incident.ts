/** How access ends that was given for an incident and is still to be made. */
import type { Grant } from '../../domain/grants/grant.ts';
import type { Incident } from '../../domain/incidents/incident.ts';
import { isKept } from '../../domain/grants/ending.ts';
import type { Deps } from '../deps.ts';
import { endGrants } from './transitions.ts';

export const INCIDENT_CLOSED = 'incident_closed';

/** Of a grant that is still to be made: true when its incident was closed meanwhile, and then it is ended instead. */
export const isOverWith = async (deps: Deps, { id }: Grant, incident: Incident): Promise<boolean> => {
  if (incident.state === 'open' || incident.endsAt === null) return false;
  return deps.store.transaction(async (tx) => {
    const held = await tx.incidents.hold(incident.id);
    const grant = await tx.grants.lock(id);
    if (held?.state !== 'closed' || held.endsAt === null || grant?.state !== 'activating') return false;
    if (isKept(grant, held) || (await tx.grants.isLeased(id))) return false;
    await endGrants(tx, [grant], { cause: INCIDENT_CLOSED, incidentId: held.id });
    return true;
  });
};
