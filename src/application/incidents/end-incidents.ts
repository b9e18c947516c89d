/** Ends what was given for an incident once the warning after its close is over: all of it at once, and nothing of any other incident. */
import { SYSTEM } from '../../domain/audit/events.ts';
import type { Grant } from '../../domain/grants/grant.ts';
import type { Incident } from '../../domain/incidents/incident.ts';
import { closeAll } from '../grants/close-grants.ts';
import { withGrantees } from '../grants/revoke-grants.ts';
import type { Item } from '../grants/strokes.ts';
import { noteChange } from './incident-changes.ts';
import type { Doer } from './incident-changes.ts';
import { INCIDENT_CLOSED } from '../grants/end-with-incident.ts';
import type { Deps, Tx } from '../deps.ts';
import { endGrants } from '../grants/transitions.ts';
import { cancelRequest } from '../requests/transitions.ts';

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
  return { count, work: closeAll(deps, items) };
};

/** What is revoked at once; null when it is not due any more. */
const endOne = async (tx: Tx, id: string): Promise<Item[] | null> => {
  const incident = await tx.incidents.lockToEnd(id);
  if (!incident) return null;
  // First those that wait: a vote in hand is waited for, and the grant it made is seen below.
  const cancelled = await cancelPending(tx, incident);
  const grants = await tx.incidents.lockGrantsToEnd(incident.id);
  await endGrants(tx, grants, { cause: INCIDENT_CLOSED, incidentId: incident.id });
  await tx.incidents.setEnded(incident.id);
  const data = { grants: grants.map(({ id }) => id), cancelled };
  await noteChange(tx, { incident, type: 'incident.ended', doer: LATCHKEY, data });
  return itemsOf(tx, grants);
};

/** Nobody should agree to access for what is over; one click requests again. */
const cancelPending = async (tx: Tx, incident: Incident): Promise<string[]> => {
  const pending = await tx.incidents.lockPending(incident.id);
  const note = { by: null, reason: CANCELLED };
  const facts = { cause: INCIDENT_CLOSED, incident: incident.id };
  for (const request of pending) await cancelRequest(tx, request, { actor: SYSTEM, note, facts });
  return pending.map(({ id }) => id);
};

const itemsOf = (tx: Tx, grants: readonly Grant[]): Promise<Item[]> => {
  const active = grants.filter(({ state }) => state === 'active');
  const ending = { state: 'ending', endCause: INCIDENT_CLOSED, attempts: 0 } as const;
  return withGrantees(
    tx,
    active.map((grant) => ({ ...grant, ...ending })),
  );
};
