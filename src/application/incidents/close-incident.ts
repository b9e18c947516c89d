/** Somebody says that an incident is over. What was given for it ends after a warning, as the policy says. */
import { lookupFailed } from '../identity/lookup-failed.ts';
import { DomainError } from '../../domain/errors.ts';
import type { Incident } from '../../domain/incidents/incident.ts';
import type { Person } from '../../domain/principals/person.ts';
import { close } from './incident-changes.ts';
import { mayOpen } from '../decisions/incident-facts.ts';
import type { CloseIncidentInput, CloseIncidentResult } from './incident-types.ts';
import { assertIncidents } from './open-incident.ts';
import type { Deps } from '../deps.ts';
import { refuse } from '../record/record-refusal.ts';

const LIMIT = 200;

export const closeIncident = async (deps: Deps, input: CloseIncidentInput): Promise<CloseIncidentResult> => {
  const incidents = assertIncidents(deps);
  const person = input.caller.person;
  const known = await deps.store.read.incidentOfChannel(input.channelId);
  if (!known) throw new DomainError('incident_not_found', {});
  if (known.state === 'closed') return { outcome: 'already', incident: known };
  const isTrusted = await demandRight(deps, known, person);
  return deps.store.transaction(async (tx) => {
    const incident = await tx.incidents.lockOfChannel(input.channelId);
    if (!incident) throw new DomainError('incident_not_found', {});
    if (incident.state === 'closed') return { outcome: 'already', incident };
    const doer = { person, userId: input.caller.person.userId, isTrusted };
    return { outcome: 'closed', incident: await close(tx, incidents, { incident, doer, cause: 'command' }) };
  });
};

/** The one who opened it, those who may open one, and those who were let in because of it. */
const demandRight = async (deps: Deps, incident: Incident, person: Person): Promise<boolean> => {
  if (incident.openedBy === person.id) return false;
  const may = await mayOpen(deps, deps.policy(), { person, freshness: 'fresh' });
  if (may === 'yes') return true;
  const tied = await deps.store.read.viewsOfIncident(incident.id, LIMIT);
  if (tied.some(({ requester, grant }) => grant !== null && requester.id === person.id)) return false;
  if (may === 'unknown') throw lookupFailed(deps.directory, deps.policy().incidents?.openBy ?? []);
  const refusal = { type: 'incident.refused', person, data: { incident: incident.id, close: true } } as const;
  return refuse(deps, refusal, new DomainError('incident_who', { who: deps.policy().incidents?.openBy ?? [] }));
};
