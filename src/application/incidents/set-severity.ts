/** Somebody says how bad an incident is. Rules may look at it, so it is for those who may open incidents. */
import { lookupFailed } from '../identity/lookup-failed.ts';
import { DomainError } from '../../domain/errors.ts';
import type { Incident } from '../../domain/incidents/incident.ts';
import { changeSeverity, mustLock } from './incident-changes.ts';
import { mayOpen } from '../decisions/incident-facts.ts';
import type { SetSeverityInput } from './incident-types.ts';
import { assertIncidents, assertSeverity } from './open-incident.ts';
import type { Deps } from '../deps.ts';
import { refuse } from '../record/record-refusal.ts';

export const setSeverity = async (deps: Deps, input: SetSeverityInput): Promise<{ incident: Incident }> => {
  const severity = assertSeverity(assertIncidents(deps), input.severity) ?? '';
  const person = input.caller.person;
  const known = await deps.store.read.incidentOfChannel(input.channelId);
  if (!known) throw new DomainError('incident_not_found', {});
  const may = await mayOpen(deps, deps.policy(), { person, freshness: 'fresh' });
  if (may === 'unknown') throw lookupFailed(deps.directory, deps.policy().incidents?.openBy ?? []);
  if (may === 'no') {
    const refusal = { type: 'incident.refused', person, data: { incident: known.id, severity } } as const;
    return refuse(deps, refusal, new DomainError('incident_who', { who: deps.policy().incidents?.openBy ?? [] }));
  }
  return deps.store.transaction(async (tx) => {
    const incident = await tx.incidents.lockOfChannel(input.channelId);
    if (incident?.state !== 'open') throw new DomainError('incident_closed', {});
    await tx.principals.upsert(person);
    await changeSeverity(tx, {
      incident,
      severity,
      doer: { person, userId: input.caller.person.userId, isTrusted: true },
    });
    return { incident: await mustLock(tx, incident.id) };
  });
};
