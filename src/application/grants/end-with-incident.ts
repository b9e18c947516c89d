/** How access ends that was given for an incident: what is recorded of it, and what becomes of access that is still to be made. */
import type { Grant } from '../../domain/grants/grant.ts';
import type { Incident } from '../../domain/incidents/incident.ts';
import { LEASE_MS } from '../record/backoff.ts';
import { entryOf } from '../record/audit-entry.ts';
import { isKept } from '../../domain/grants/ending.ts';
import type { Deps, Tx } from '../deps.ts';

export const INCIDENT_CLOSED = 'incident_closed';

export const recordEnding = async (tx: Tx, grant: Grant, incident: Incident): Promise<void> => {
  await tx.audit.append({
    ...entryOf(grant),
    type: 'grant.ending',
    data: { cause: INCIDENT_CLOSED, incident: incident.id },
  });
  // One that is being made is let go first by whoever makes it. Nobody is told yet of the others: the end itself is the news.
  if (grant.state === 'active') return;
  await tx.outbox.add('end', grant.id);
  await tx.outbox.add('notify', grant.requestId);
};

/** Of a grant that is still to be made: true when its incident was closed meanwhile, and then it is ended instead. */
export const isOverWith = async (deps: Deps, { id }: Grant, incident: Incident): Promise<boolean> => {
  if (incident.state === 'open' || incident.endsAt === null) return false;
  return deps.store.transaction(async (tx) => {
    const held = await tx.incidents.hold(incident.id);
    const grant = await tx.grants.lock(id);
    if (held?.state !== 'closed' || held.endsAt === null || grant?.state !== 'activating') return false;
    if (isKept(grant, held) || (await tx.grants.isLeased(id))) return false;
    await tx.grants.endMany([id], { cause: INCIDENT_CLOSED, leaseMs: LEASE_MS });
    await recordEnding(tx, grant, held);
    return true;
  });
};
