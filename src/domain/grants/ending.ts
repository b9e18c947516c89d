import type { Incident } from '../incidents/incident.ts';
import type { Grant } from './grant.ts';

/** Whether the owner chose to keep it beyond this close. */
export const isKept = (grant: Pick<Grant, 'keptAt'>, incident: Pick<Incident, 'closedAt'>): boolean =>
  grant.keptAt !== null && incident.closedAt !== null && grant.keptAt >= incident.closedAt;

/** When access ends because its incident was closed, while that is before its own end; else null. */
export const endWithIncident = (
  grant: Pick<Grant, 'keptAt' | 'expiresAt'>,
  incident: Pick<Incident, 'state' | 'closedAt' | 'endsAt'> | null,
): Date | null => {
  if (incident?.state !== 'closed' || incident.endsAt === null || isKept(grant, incident)) return null;
  return incident.endsAt < grant.expiresAt ? incident.endsAt : null;
};
