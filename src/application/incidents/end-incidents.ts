/** Ends what was given for an incident once the warning after its close is over: all of it at once, and nothing of any other incident. */
import { SYSTEM } from '../../domain/audit/events.ts';
import { moveRequest } from '../../domain/lifecycle.ts';
import type { Grant } from '../../domain/grants/grant.ts';
import type { Incident } from '../../domain/incidents/incident.ts';
import { LEASE_MS } from '../record/backoff.ts';
import { granteesOf, revokeAll } from '../grants/revoke-grants.ts';
import type { Item } from '../grants/revoke-grants.ts';
import { noteChange } from './incident-changes.ts';
import type { Doer } from './incident-changes.ts';
import { INCIDENT_CLOSED, recordEnding } from '../grants/end-with-incident.ts';
import type { Deps, Tx } from '../deps.ts';

const LATCHKEY: Doer = { person: null, userId: null, isTrusted: true };

const AT_MOST = 100;
const CANCELLED = 'The incident was closed.';

/** One transaction each: one that cannot be ended holds up no other, and is tried again at the next look. */
export const endIncidents = async (deps: Deps): Promise<{ count: number; work: Promise<void> }> => {
  const items: Item[] = [];
  let count = 0;
  for (const id of await deps.store.read.incidentsToEnd(AT_MOST)) {
    try {
      const ended = await deps.store.transaction((tx) => endOne(tx, id));
      if (ended) count += 1;
      items.push(...(ended ?? []));
    } catch (error) {
      deps.log.error({ err: error, incident: id }, 'what was given for an incident could not be ended; soon again');
    }
  }
  return { count, work: revokeAll(deps, items) };
};

/** What is revoked at once; null when it is not due any more. */
const endOne = async (tx: Tx, id: string): Promise<Item[] | null> => {
  const incident = await tx.incidents.lockToEnd(id);
  if (!incident) return null;
  // First those that wait: a vote in hand is waited for, and the grant it made is seen below.
  const cancelled = await cancelPending(tx, incident);
  const grants = await tx.incidents.lockGrantsToEnd(incident.id);
  await tx.grants.endMany(
    grants.map(({ id }) => id),
    { cause: INCIDENT_CLOSED, leaseMs: LEASE_MS },
  );
  for (const grant of grants) await recordEnding(tx, grant, incident);
  await tx.incidents.setEnded(incident.id);
  const data = { grants: grants.map(({ id }) => id), cancelled };
  await noteChange(tx, { incident, type: 'incident.ended', doer: LATCHKEY, data });
  return itemsOf(tx, grants);
};

/** Nobody should agree to access for what is over; one click asks again. */
const cancelPending = async (tx: Tx, incident: Incident): Promise<string[]> => {
  const pending = await tx.incidents.lockPending(incident.id);
  for (const request of pending) {
    await tx.requests.setState(request.id, moveRequest(request.state, 'cancelled'));
    await tx.requests.noteCancelled(request.id, { by: null, reason: CANCELLED });
    await tx.audit.append({
      type: 'request.cancelled',
      actor: SYSTEM,
      requestId: request.id,
      grantId: null,
      target: request.target,
      role: request.role,
      data: { cause: INCIDENT_CLOSED, incident: incident.id },
    });
    await tx.outbox.add('notify', request.id);
  }
  return pending.map(({ id }) => id);
};

const itemsOf = async (tx: Tx, grants: readonly Grant[]): Promise<Item[]> => {
  const active = grants.filter(({ state }) => state === 'active');
  const grantees = await granteesOf(tx, active);
  return active.flatMap((grant) => {
    const grantee = grantees.get(grant.granteeId);
    return grantee
      ? [{ grant: { ...grant, state: 'ending' as const, endCause: INCIDENT_CLOSED, attempts: 0 }, grantee }]
      : [];
  });
};
